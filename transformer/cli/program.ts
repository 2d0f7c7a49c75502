import { Command } from 'commander';
import { version } from '../../package.json';
import { type Done, finish, prepare } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';

/** The command line, in the language of `context`; each action gives the exit code to `done`. */
export function createProgram(context: Context, done: Done): Command {
  const { say } = context;
  const program = prepare(new Command('heddle'), context, [
    'heddle train',
    'heddle translate --model runs/NAME "The cat sat on the mat"',
    'heddle info',
  ])
    .description(say.about)
    .usage('<command> [options]')
    .version(version, '-V, --version', say.helpVersion)
    .action((_options, command: Command) => {
      const [word] = command.args;
      if (word !== undefined) throw new UsageError(say.unknownCommand(word, names(program)));
      command.outputHelp();
    })
    .allowExcessArguments();
  for (const add of COMMANDS) add(program, context, done);
  return finish(program, context);
}

/** `train, translate, info` */
const names = (program: Command): string => program.commands.map((command) => command.name()).join(', ');
