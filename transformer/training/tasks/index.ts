/** Things to learn: each makes its pairs, says how to train on them and what counts as right. */
import { ArgumentError } from '../../../engine/index.ts';
import { copy } from './copy.ts';
import { dates } from './dates.ts';
import { reverse } from './reverse.ts';
import { sort } from './sort.ts';
import type { Task } from './task.ts';
import { text } from './text.ts';
import { translation } from './translation.ts';

export type { LongerTest, Recipe, SplitSizes, Task, TaskSplit } from './task.ts';
export { textInput, textPair } from './textForm.ts';

/** Every task, the default first. */
export const TASKS: readonly Task[] = [translation, copy, reverse, sort, dates, text];

/** @throws {ArgumentError} naming the tasks there are */
export function taskNamed(name: string): Task {
  const found = TASKS.find((task) => task.name === name);
  if (found) return found;
  throw new ArgumentError(`taskNamed: '${name}'. Expected one of ${TASKS.map((task) => task.name).join(', ')}.`);
}
