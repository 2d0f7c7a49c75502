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
  /** No source of these is trained on; each may have several translations that count as right. */
  readonly test: readonly ReferencedSentence[];
  readonly showcase: readonly ReferencedSentence[];
  /** Longer than any in training, where the task has such. */
  readonly longer: readonly ReferencedSentence[];
}

/** Of the different sources in a file this share is set aside, up to `MOST_TEST`; none of a handful. */
const TEST_FRACTION = 0.05;
const MOST_TEST = 1000;
const SHOWN = 5;

/** Inputs to test on that are longer than any in training. */
const LONGER = 200;

/** The pairs that a task makes, or those of files with a part set aside; `seed` decides which. */
export async function loadDataset(task: Task, files: readonly string[] | null, seed: number): Promise<Dataset> {
  return files === null ? ownPairs(task, seed) : fromFiles(task, files, seed);
}

function ownPairs(task: Task, seed: number): Dataset {
  const { train, test } = task.split(seed);
  const longer = groupReferences(task.longer?.pairs(seed, LONGER) ?? []);
  const showcase = groupReferences(task.showcase);
  return { task, files: null, report: null, train, test: groupReferences(test), showcase, longer };
}

async function fromFiles(task: Task, files: readonly string[], seed: number): Promise<Dataset> {
  const { pairs, report } = await loadPairs(files.map(openFile), task.files ?? {});
  const { train, validation } = setAside(pairs, { fraction: TEST_FRACTION, most: MOST_TEST, seed });
  const test = groupReferences(validation);
  // a file too small to set anything aside still has something to look at
  const shown = test.length > 0 ? test : groupReferences(pairs.slice(0, SHOWN));
  return { task, files, report, train, test, showcase: spread(shown, SHOWN), longer: [] };
}
