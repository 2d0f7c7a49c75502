import { Option } from 'commander';
import { TARGETS } from '../../export/index.ts';
import { type AddCommand, finish, prepare } from '../command.ts';
import { type ExportFlags, exportRun } from '../export.ts';
import { choiceOption } from '../options/shared.ts';

export const addExport: AddCommand = (program, context, done) => {
  const { say } = context;
  const targets = Object.keys(TARGETS);
  const examples = targets.map((name) => `heddle export --to ${name} runs/NAME`);
  const command = prepare(program.command('export'), context, examples)
    .description(say.helpExport)
    .usage('--to <target> [options] <run>')
    .argument('<run>', say.helpExportRun)
    .addOption(choiceOption('--to <target>', say.helpTo(targets.join(', ')), say, targets))
    .addOption(new Option('--out <dir>', say.helpExportOut))
    .action(async (run: string, flags: ExportFlags) => done(await exportRun(run, flags, context)));
  finish(command, context);
};
