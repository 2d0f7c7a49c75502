import { Command, Option } from 'commander';
import { version } from '../../package.json';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { info } from './info.ts';
import type { TrainFlags } from './job.ts';
import { choiceOption, type DeviceFlags, deviceOptions, numberOption, seedOption } from './options.ts';
import { defaultPreset, PRESETS } from './presets.ts';
import { widthOf } from './terminal.ts';
import { train } from './train.ts';
import { translateLines } from './translate.ts';

/** Largest counts taken for sizes: above them a typing error is more likely than a wish. */
const MOST_STEPS = 100_000_000;
const MOST_BATCH_TOKENS = 1_000_000;

/** The command line, in the language of `context`; each action gives the exit code to `done`. */
export function createProgram(context: Context, done: (code: number) => void): Command {
  const { say } = context;
  const titles: Readonly<Record<string, string>> = {
    'Usage:': say.usage,
    'Arguments:': say.arguments,
    'Options:': say.options,
    'Commands:': say.commands,
  };
  /** Settings that a command does not take over from its parent. */
  const prepare = (command: Command, examples: readonly string[]): Command =>
    command
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .configureHelp({
        styleTitle: (title) => titles[title] ?? title,
        displayWidth: widthOf,
        helpWidth: Math.min(100, process.stdout.columns ?? 100),
      })
      .helpOption('-h, --help', say.helpHelp)
      .helpCommand(false)
      .addHelpText('after', `\n${say.examples}\n${examples.map((line) => `  ${line}\n`).join('')}`);

  /** The options every command has, below its own. */
  const finish = (command: Command): Command =>
    command
      .addOption(choiceOption('--lang <code>', say.helpLang, say, ['en', 'zh']))
      .addOption(new Option('--debug', say.helpDebug));

  const program = prepare(new Command('heddle'), [
    'heddle train',
    'heddle translate --model runs/NAME "The cat sat on the mat"',
    'heddle info',
  ])
    .description(say.about)
    .usage('<command> [options]')
    .version(version, '-V, --version', say.helpVersion)
    .action((_options, command: Command) => {
      const [word] = command.args;
      if (word !== undefined) throw new UsageError(say.unknownCommand(word));
      command.outputHelp();
    })
    .allowExcessArguments();

  const trainCommand = prepare(program.command('train'), [
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
  for (const option of deviceOptions(say)) trainCommand.addOption(option);
  finish(trainCommand);

  const translateCommand = prepare(program.command('translate'), [
    'heddle translate --model runs/NAME "The cat sat on the mat"',
    'heddle translate --model runs/NAME < sentences.txt > translations.txt',
  ])
    .description(say.helpTranslate)
    .usage('--model <run> [options] [text...]')
    .argument('[text...]', say.helpText)
    .addOption(new Option('--model <run>', say.helpModel))
    .action(async (texts: string[], flags: DeviceFlags & { model?: string }) => {
      done(await translateLines(texts, flags, context));
    });
  for (const option of deviceOptions(say)) translateCommand.addOption(option);
  finish(translateCommand);

  const infoCommand = prepare(program.command('info'), ['heddle info', 'heddle info runs/NAME'])
    .description(say.helpInfo)
    .usage('[options] [run]')
    .argument('[run]', say.helpRun)
    .action(async (run: string | undefined) => done(await info(run, context)));
  finish(infoCommand);
  return finish(program);
}
