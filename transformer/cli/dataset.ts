import { buildCorpus, showcase } from '../corpus/index.ts';
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

/** What to train on, what to test on, and what to show. */
export interface Dataset {
  /** The files it came from; null for the built-in corpus. */
  readonly files: readonly string[] | null;
  /** What reading the files found; null for the built-in corpus. */
  readonly report: DataReport | null;
  readonly train: readonly Pair[];
  /** No source of these is trained on; each may have several translations that count as right. */
  readonly test: readonly ReferencedSentence[];
  readonly showcase: readonly ReferencedSentence[];
}

/** Of the different sources in a file this share is set aside, up to `MOST_TEST`; none of a handful. */
const TEST_FRACTION = 0.05;
const MOST_TEST = 1000;
const SHOWN = 5;

/** Enough that the default run sees hardly a sentence twice. */
const BUILT_IN_PAIRS = 80_000;

/** The built-in corpus, or the pairs of files with a part set aside; `seed` decides which part. */
export async function loadDataset(files: readonly string[] | null, seed: number): Promise<Dataset> {
  return files === null ? builtIn() : fromFiles(files, seed);
}

function builtIn(): Dataset {
  const { train, test } = buildCorpus({ pairs: BUILT_IN_PAIRS });
  return { files: null, report: null, train, test: groupReferences(test), showcase: groupReferences(showcase) };
}

async function fromFiles(files: readonly string[], seed: number): Promise<Dataset> {
  const { pairs, report } = await loadPairs(files.map(openFile));
  const { train, validation } = setAside(pairs, { fraction: TEST_FRACTION, most: MOST_TEST, seed });
  const test = groupReferences(validation);
  // a file too small to set anything aside still has something to look at
  const shown = test.length > 0 ? test : groupReferences(pairs.slice(0, SHOWN));
  return { files, report, train, test, showcase: spread(shown, SHOWN) };
}
