import { Option } from 'commander';
import { type AddCommand, finish, prepare } from '../command.ts';
import { deviceOptions } from '../options.ts';
import { type TranslateFlags, translateLines } from '../translate.ts';

export const addTranslate: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('translate'), context, [
    'heddle translate --model runs/NAME "The cat sat on the mat"',
    'heddle translate --model runs/NAME < sentences.txt > translations.txt',
  ])
    .description(say.helpTranslate)
    .usage('--model <run> [options] [text...]')
    .argument('[text...]', say.helpText)
    .addOption(new Option('--model <run>', say.helpModel))
    .action(async (texts: string[], flags: TranslateFlags) => done(await translateLines(texts, flags, context)));
  for (const option of deviceOptions(say)) command.addOption(option);
  finish(command, context);
};
