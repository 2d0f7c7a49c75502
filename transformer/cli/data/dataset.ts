import type { Pair } from '../../text/data/batches.ts';
import {
  DataReport,
  groupReferences,
  loadPairs,
  openFile,
  type ReferencedSentence,
  SplitByShares,
  setAside,
  spread,
} from '../../text/data/index.ts';
import type { Task } from '../../training/tasks/index.ts';
import type { Context } from '../context.ts';
import { Fingerprint, heldPairs, type TrainingPairs } from './pairs.ts';
import { readFiles } from './reading.ts';

/** What to train on, what to test on, and what to show. */
export interface Dataset {
  readonly task: Task;
  /** The files it came from; null for pairs that the task makes. */
  readonly files: readonly string[] | null;
  /** What reading the files found; null where there are none. */
  readonly report: DataReport | null;
  readonly train: TrainingPairs;
  /** Whether a part is set aside to validate on. */
  readonly validated: boolean;
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

/** Where pairs come from. */
export interface DataChoice {
  /** Null for pairs that the task makes. */
  readonly files: readonly string[] | null;
  /** Whether files are read anew each time they are needed, instead of being held in memory. */
  readonly stream: boolean;
  /** Whether a part of the files is set aside to validate on, beside the one to test on. */
  readonly validated: boolean;
}

/**
 * The pairs that a task makes, or those of files with a part set aside; `seed` decides which. It is the same part whether
 * files are held or streamed.
 */
export async function loadDataset(task: Task, choice: DataChoice, seed: number, context: Context): Promise<Dataset> {
  const { files, stream, validated } = choice;
  if (files === null) return ownPairs(task, seed);
  return stream ? streamed(task, { files, validated }, seed, context) : held(task, { files, validated }, seed);
}

function ownPairs(task: Task, seed: number): Dataset {
  const { train, validation, test } = task.split(seed);
  return {
    task,
    files: null,
    report: null,
    train: heldPairs(train),
    validated: true,
    validation: groupReferences(validation),
    test: groupReferences(test),
    showcase: groupReferences(task.showcase),
    longer: groupReferences(task.longer?.pairs(seed, LONGER) ?? []),
  };
}

/** Files, and whether a part of them is set aside to validate on. */
type Files = { readonly files: readonly string[]; readonly validated: boolean };

async function held(task: Task, { files, validated }: Files, seed: number): Promise<Dataset> {
  const { pairs, report } = await loadPairs(files.map(openFile), task.files ?? {});
  const { train: rest, validation: test } = setAside(pairs, { ...TEST, seed });
  const { train, validation } = validated ? setAside(rest, { ...VALIDATION, seed }) : { train: rest, validation: [] };
  return fromFiles(
    { task, files, validated, report, train: heldPairs(train) },
    { validation, test, first: pairs.slice(0, SHOWN) },
  );
}

/** Reads the files twice: to find which sentences are set aside, and to gather them. */
async function streamed(task: Task, { files, validated }: Files, seed: number, context: Context): Promise<Dataset> {
  const { say } = context;
  const options = task.files ?? {};
  const report = new DataReport();
  const parts = new SplitByShares(validated ? [TEST, VALIDATION] : [TEST], seed);
  for await (const block of readFiles(files, { options, report, title: say.readingPairs }, context)) {
    for (const { source } of block) parts.add(source);
  }
  const [tested, aside = tested] = parts.splits;
  const isAside = ({ source }: Pair): boolean => aside!.holds(source);
  const [validation, test, first]: [Pair[], Pair[], Pair[]] = [[], [], []];
  const fingerprint = new Fingerprint();
  for await (const block of readFiles(files, { options, title: say.settingAside }, context)) {
    for (const pair of block) {
      if (first.length < SHOWN) first.push(pair);
      if (!isAside(pair)) fingerprint.add(pair);
      else (tested!.holds(pair.source) ? test : validation).push(pair);
    }
  }
  const train: TrainingPairs = {
    count: fingerprint.count,
    fingerprint: fingerprint.digest(),
    held: null,
    async *blocks(title) {
      for await (const block of readFiles(files, { options, title }, context)) {
        yield block.filter((pair) => !isAside(pair));
      }
    },
  };
  return fromFiles({ task, files, validated, report, train }, { validation, test, first });
}

function fromFiles(
  dataset: Pick<Dataset, 'task' | 'files' | 'validated' | 'report' | 'train'>,
  { validation, test, first }: Readonly<Record<'validation' | 'test' | 'first', readonly Pair[]>>,
): Dataset {
  const tested = groupReferences(test);
  // a file too small to set anything aside still has something to look at
  const shown = tested.length > 0 ? tested : groupReferences(first);
  return {
    ...dataset,
    validation: groupReferences(validation),
    test: tested,
    showcase: spread(shown, SHOWN),
    longer: [],
  };
}
