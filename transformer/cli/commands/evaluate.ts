import { Option } from 'commander';
import { type AddCommand, finish, prepare } from '../command.ts';
import { type EvaluateFlags, evaluate } from '../evaluate.ts';
import { decodingOptions } from '../options/decoding.ts';
import { choiceOption, deviceOptions, numberOption } from '../options/shared.ts';

const MOST_TOGETHER = 10_000;
const MOST_SENTENCES = 1_000_000_000;

export const addEvaluate: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('evaluate'), context, [
    'heddle evaluate --model runs/NAME --test',
    'heddle evaluate --model runs/NAME --data heldout.tsv --beam 4',
    'heddle evaluate --model runs/NAME --data test.en.gz test.de.gz --json > scores.json',
  ])
    .description(say.helpEvaluate)
    .usage('--model <run> --data <file...> [options]')
    .addOption(new Option('--model <run>', say.helpModel))
    .addOption(new Option('--data <file...>', say.helpEvaluateData))
    .addOption(new Option('--test', say.helpTest))
    .addOption(new Option('--output <file>', say.helpOutput))
    .addOption(new Option('--json', say.helpJson))
    .addOption(numberOption('--limit <n>', say.helpLimit, say, 1, MOST_SENTENCES))
    .addOption(numberOption('--batch <n>', say.helpBatch, say, 1, MOST_TOGETHER))
    .addOption(choiceOption('--bleu-tokenize <name>', say.helpBleuTokenize, say, ['13a', 'zh', 'none']))
    .addOption(new Option('--lower-case', say.helpLowerScore))
    .action(async (flags: EvaluateFlags) => done(await evaluate(flags, context)));
  for (const option of decodingOptions(say)) command.addOption(option.helpGroup(say.groupDecoding));
  for (const option of deviceOptions(say)) command.addOption(option.helpGroup(say.groupDevice));
  finish(command, context);
};
