import { Option } from 'commander';
import { type AddCommand, finish, prepare } from '../command.ts';
import type { TrainFlags } from '../job.ts';
import { choiceOption, deviceOptions, numberOption, seedOption } from '../options.ts';
import { defaultPreset, PRESETS } from '../presets.ts';
import { train } from '../train.ts';

/** Largest counts taken for sizes: above them a typing error is more likely than a wish. */
const MOST_STEPS = 100_000_000;
const MOST_BATCH_TOKENS = 1_000_000;

export const addTrain: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('train'), context, [
    'heddle train --preset small --steps 500',
    'heddle train --data pairs.tsv --out runs/mine',
    'heddle train --data train.en.gz train.de.gz --backend webgpu',
    'heddle train --resume runs/mine',
  ])
    .description(say.helpTrain)
    .usage('[options]')
    .addOption(new Option('--data <file...>', say.helpData))
    .addOption(
      choiceOption(
        '--preset <name>',
        say.helpPreset(Object.keys(PRESETS).join(', '), defaultPreset(false), defaultPreset(true)),
        say,
        Object.keys(PRESETS),
      ),
    )
    .addOption(numberOption('--steps <n>', say.helpSteps, say, 1, MOST_STEPS))
    .addOption(numberOption('--batch-tokens <n>', say.helpBatchTokens, say, 1, MOST_BATCH_TOKENS))
    .addOption(seedOption(say))
    .addOption(new Option('--out <dir>', say.helpOut))
    .addOption(new Option('--resume <dir>', say.helpResume))
    .action(async (flags: TrainFlags) => done(await train(flags, context)));
  for (const option of deviceOptions(say)) command.addOption(option);
  finish(command, context);
};
