import type { Pair } from '../data/batches.ts';
import {
  type DataReport,
  groupReferences,
  loadPairs,
  openFile,
  type ReferencedSentence,
  setAside,
  spread,
} from '../data/index.ts';
import type { Task } from '../tasks/index.ts';

/** What to train on, what to test on, and what to show. */
export interface Dataset {
  readonly task: Task;
  /** The files it came from; null for pairs that the task makes. */
  readonly files: readonly string[] | null;
  /** What reading the files found; null where there are none. */
  readonly report: DataReport | null;
  readonly train: readonly Pair[];
  /** To measure the model on while it trains. */
  readonly validation: readonly ReferencedSentence[];
  /** No source of these is trained or validated on; each may have several translations that count as right. */
  readonly test: readonly ReferencedSentence[];
  readonly showcase: readonly ReferencedSentence[];
  /** Longer than any in training, where the task has such. */
  readonly longer: readonly ReferencedSentence[];
}

/** Of the different sources in a file these shares are set aside, up to so many sentences; none of a handful. */
const TEST = { fraction: 0.05, most: 1000 } as const;
const VALIDATION = { fraction: 0.05, most: 500 } as const;
const SHOWN = 5;

/** Inputs to test on that are longer than any in training. */
const LONGER = 200;

/** The pairs that a task makes, or those of files with a part set aside; `seed` decides which. */
export async function loadDataset(task: Task, files: readonly string[] | null, seed: number): Promise<Dataset> {
  return files === null ? ownPairs(task, seed) : fromFiles(task, files, seed);
}

function ownPairs(task: Task, seed: number): Dataset {
  const { train, validation, test } = task.split(seed);
  return {
    task,
    files: null,
    report: null,
    train,
    validation: groupReferences(validation),
    test: groupReferences(test),
    showcase: groupReferences(task.showcase),
    longer: groupReferences(task.longer?.pairs(seed, LONGER) ?? []),
  };
}

async function fromFiles(task: Task, files: readonly string[], seed: number): Promise<Dataset> {
  const { pairs, report } = await loadPairs(files.map(openFile), task.files ?? {});
  const { train: rest, validation: tested } = setAside(pairs, { ...TEST, seed });
  const { train, validation } = setAside(rest, { ...VALIDATION, seed });
  const test = groupReferences(tested);
  // a file too small to set anything aside still has something to look at
  const shown = test.length > 0 ? test : groupReferences(pairs.slice(0, SHOWN));
  return {
    task,
    files,
    report,
    train,
    validation: groupReferences(validation),
    test,
    showcase: spread(shown, SHOWN),
    longer: [],
  };
}
