import { Option } from 'commander';
import { type AddCommand, finish, prepare } from '../command.ts';
import { decodingOptions } from '../options/decoding.ts';
import { deviceOptions, numberOption } from '../options/shared.ts';
import { type TranslateFlags, translateLines } from '../translate.ts';

const MOST_TRANSLATIONS = 1000;

export const addTranslate: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('translate'), context, [
    'heddle translate --model runs/NAME "The cat sat on the mat"',
    'heddle translate --model runs/NAME --beam 4 --n-best 3 "The cat sat on the mat"',
    'heddle translate --model runs/NAME --json --attention "The cat sat on the mat"',
    'heddle translate --model runs/NAME < sentences.txt > translations.txt',
  ])
    .description(say.helpTranslate)
    .usage('--model <run> [options] [text...]')
    .argument('[text...]', say.helpText)
    .addOption(new Option('--model <run>', say.helpModel))
    .addOption(numberOption('--n-best <n>', say.helpNBest, say, 1, MOST_TRANSLATIONS))
    .addOption(new Option('--json', say.helpJsonLines))
    .addOption(new Option('--attention', say.helpAttention))
    .addOption(new Option('--stream', say.helpStream))
    .action(async (texts: string[], flags: TranslateFlags) => done(await translateLines(texts, flags, context)));
  for (const option of decodingOptions(say)) command.addOption(option.helpGroup(say.groupDecoding));
  for (const option of deviceOptions(say)) command.addOption(option.helpGroup(say.groupDevice));
  finish(command, context);
};
