import { TRANSLATION } from '../training/presets.ts';
import { TASKS } from '../training/tasks/index.ts';
import type { Context } from './context.ts';
import { EXIT } from './errors.ts';
import { printLine, printTitle } from './terminal/show.ts';

/** `heddle tasks`: what can be learnt, each with a sample and its command. */
export function listTasks({ language }: Context): number {
  for (const task of TASKS) {
    const { name, describe, sample } = task;
    printTitle(`${name}  ${describe[language]}`);
    printLine(`  ${sample.source} → ${sample.target}`);
    printLine(`  heddle train${task === TRANSLATION ? '' : ` --task ${name}`}`);
  }
  printLine('');
  return EXIT.ok;
}
