import { type AddCommand, finish, prepare } from '../command.ts';
import { listTasks } from '../tasks.ts';

export const addTasks: AddCommand = (program, context, done) => {
  const { say } = context;
  const command = prepare(program.command('tasks'), context, ['heddle tasks', 'heddle train --task reverse'])
    .description(say.helpTasks)
    .usage('[options]')
    .action(() => done(listTasks(context)));
  finish(command, context);
};
