import { type AddCommand, finish, prepare } from '../command.ts';
import { info } from '../info.ts';

export const addInfo: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('info'), context, ['heddle info', 'heddle info runs/NAME'])
    .description(say.helpInfo)
    .usage('[options] [run]')
    .argument('[run]', say.helpRun)
    .action(async (run: string | undefined) => done(await info(run, context)));
  finish(command, context);
};
