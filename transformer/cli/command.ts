import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { choiceOption } from './options/shared.ts';
import { widthOf } from './terminal/terminal.ts';

/** Takes a command's exit code. */
export type Done = (code: number) => void;

/** Adds one command to the program: its arguments, its options, and what it does. */
export type AddCommand = (program: Command, context: Context, done: Done) => void;

/** What commander would say in English, settings that a command does not take over from its parent, and examples. */
export function prepare(command: Command, { say }: Context, examples: readonly string[]): Command {
  const titles: Readonly<Record<string, string>> = {
    'Usage:': say.usage,
    'Arguments:': say.arguments,
    'Options:': say.options,
    'Commands:': say.commands,
  };
  return command
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
}

/** The options every command has, below its own. */
export function finish(command: Command, { say }: Context): Command {
  return command
    .addOption(choiceOption('--lang <code>', say.helpLang, say, ['en', 'zh']))
    .addOption(new Option('--debug', say.helpDebug));
}
