import type { AddCommand } from '../command.ts';
import { addEvaluate } from './evaluate.ts';
import { addExport } from './export.ts';
import { addImport } from './import.ts';
import { addInfo } from './info.ts';
import { addTasks } from './tasks.ts';
import { addTrain } from './train.ts';
import { addTranslate } from './translate.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly AddCommand[] = [
  addTrain,
  addEvaluate,
  addTranslate,
  addTasks,
  addInfo,
  addExport,
  addImport,
];
