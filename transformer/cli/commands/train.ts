import { Option } from 'commander';
import type { Precision } from '../../../engine/index.ts';
import type { ValidationMetric } from '../../training/index.ts';
import { PRESETS, TRANSLATION } from '../../training/presets.ts';
import { SCHEDULES } from '../../training/schedule.ts';
import { TASKS } from '../../training/tasks/index.ts';
import { type AddCommand, finish, prepare } from '../command.ts';
import type { Messages } from '../messages/index.ts';
import { modelOptions } from '../options/model.ts';
import { choiceOption, decimalOption, deviceOptions, numberOption, seedOption } from '../options/shared.ts';
import { tokenizerOptions } from '../options/tokenizer.ts';
import type { TrainFlags } from '../training/job.ts';
import { train } from '../training/train.ts';

/** Largest counts taken for sizes: above them a typing error is more likely than a wish. */
const MOST_STEPS = 100_000_000;
const MOST_EPOCHS = 1_000_000;
const MOST_BATCH_TOKENS = 1_000_000;
const MOST_ACCUMULATED = 10_000;
const MOST_AVERAGED = 1000;
const MOST_SENTENCES = 1_000_000;
const MOST_KEPT = 1_000_000;

export const addTrain: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('train'), context, [
    'heddle train --preset small --steps 500',
    'heddle train --data pairs.tsv --epochs 10 --out runs/mine',
    'heddle train --data train.en.gz train.de.gz --tokenizer bpe --share-vocabulary',
    'heddle train --task dates',
    'heddle train --resume runs/mine',
  ])
    .description(say.helpTrain)
    .usage('[options]')
    .action(async (flags: TrainFlags) => done(await train(flags, context)));
  const groups: readonly (readonly [heading: string, options: readonly Option[]])[] = [
    [say.groupData, dataOptions(say)],
    [say.groupTokenizers, tokenizerOptions(say)],
    [say.groupModel, [...presetOptions(say), ...modelOptions(say)]],
    [say.groupRecipe, recipeOptions(say)],
    [say.groupValidation, validationOptions(say)],
    [say.groupRun, runOptions(say)],
    [say.groupDevice, deviceOptions(say)],
  ];
  for (const [heading, options] of groups) {
    for (const option of options) command.addOption(option.helpGroup(heading));
  }
  finish(command, context);
};

const taskNames = TASKS.map(({ name }) => name);

const dataOptions = (say: Messages): Option[] => [
  choiceOption('--task <name>', say.helpTask(taskNames.join(', '), TRANSLATION.name), say, taskNames),
  new Option('--data <file...>', say.helpData),
  new Option('--stream', say.helpStreamed),
];

const presetOptions = (say: Messages): Option[] => [
  choiceOption('--preset <name>', say.helpPreset(Object.keys(PRESETS).join(', ')), say, Object.keys(PRESETS)),
];

const recipeOptions = (say: Messages): Option[] => [
  numberOption('--steps <n>', say.helpSteps, say, 1, MOST_STEPS),
  numberOption('--epochs <n>', say.helpEpochs, say, 1, MOST_EPOCHS),
  numberOption('--batch-tokens <n>', say.helpBatchTokens, say, 1, MOST_BATCH_TOKENS),
  numberOption('--accumulate <n>', say.helpAccumulate, say, 1, MOST_ACCUMULATED),
  choiceOption('--schedule <name>', say.helpSchedule(SCHEDULES.join(', ')), say, SCHEDULES),
  numberOption('--warmup <n>', say.helpWarmup, say, 1, MOST_STEPS),
  decimalOption('--lr <x>', say.helpLr, say, { above: 0, most: 100 }),
  decimalOption('--label-smoothing <x>', say.helpLabelSmoothing, say, { least: 0, below: 1 }),
  decimalOption('--clip <x>', say.helpClip, say, { least: 0, most: 1e9 }),
  decimalOption('--ema <x>', say.helpEma, say, { above: 0, below: 1 }),
  choiceOption('--precision <name>', say.helpPrecision(PRECISIONS.join(', ')), say, PRECISIONS),
  numberOption('--average <n>', say.helpAverage, say, 2, MOST_AVERAGED),
  seedOption(say),
];

const PRECISIONS: readonly Precision[] = ['float32', 'float16'];

const METRICS: readonly ValidationMetric[] = ['chrf', 'bleu', 'loss'];

const validationOptions = (say: Messages): Option[] => [
  numberOption('--validate-every <n>', say.helpValidateEvery, say, 0, MOST_STEPS),
  numberOption('--validate-sentences <n>', say.helpValidateSentences, say, 0, MOST_SENTENCES),
  choiceOption('--metric <name>', say.helpMetric(METRICS.join(', ')), say, METRICS),
  numberOption('--patience <n>', say.helpPatience, say, 1, MOST_STEPS),
];

const runOptions = (say: Messages): Option[] => [
  new Option('--out <dir>', say.helpOut),
  new Option('--resume <dir>', say.helpResume),
  numberOption('--checkpoint-every <n>', say.helpCheckpointEvery, say, 1, MOST_STEPS),
  numberOption('--keep <n>', say.helpKeep, say, 1, MOST_KEPT),
];
