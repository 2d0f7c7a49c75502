import { Option } from 'commander';
import { type AddCommand, finish, prepare } from '../command.ts';
import { type ImportFlags, importRun } from '../import.ts';

export const addImport: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('import'), context, [
    'heddle import runs/NAME/pytorch --out runs/tuned',
    'heddle import model.safetensors --config config.json --tokenizer tokenizer.json --out runs/tuned',
  ])
    .description(say.helpImport)
    .usage('--out <run> [options] <folder>')
    .argument('<folder>', say.helpImportFrom)
    .addOption(new Option('--out <run>', say.helpImportOut))
    .addOption(new Option('--config <file>', say.helpImportConfig))
    .addOption(new Option('--tokenizer <file...>', say.helpImportTokenizer))
    .action(async (from: string, flags: ImportFlags) => done(await importRun(from, flags, context)));
  finish(command, context);
};
