import { ArgumentError } from '../../engine/index.ts';
import { buildCorpus, showcase } from '../corpus/index.ts';
import type { Pair } from '../data/batches.ts';
import {
  type DataReport,
  groupReferences,
  loadPairs,
  openFile,
  type ReferencedSentence,
  setAside,
} from '../data/index.ts';
import { Tokenizer, type TokenizerKind, UNK } from '../tokenizer/index.ts';

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

/** A word that occurs once in a large text is seldom worth a row of the embedding. */
const LARGE_TEXT = 5000;

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

/** At most `most` of a list, spread evenly over it. */
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / most)]!);
}

/** Tokenizers for both sides: words, but characters for a language that is written without spaces. */
export function buildTokenizers(pairs: readonly Pair[]): { source: Tokenizer; target: Tokenizer } {
  if (pairs.length === 0) throw new ArgumentError('buildTokenizers: no sentence pairs.');
  const build = (texts: readonly string[]): Tokenizer => {
    const kind: TokenizerKind = isUnspaced(texts) ? 'characters' : 'words';
    const rare = kind === 'words' && texts.length > LARGE_TEXT && distinctWords(texts) > LARGE_TEXT;
    return Tokenizer.build(kind, texts, { minCount: rare ? 2 : 1 });
  };
  return { source: build(pairs.map((p) => p.source)), target: build(pairs.map((p) => p.target)) };
}

const distinctWords = (texts: readonly string[]): number => new Set(texts.flatMap((t) => t.split(/\s+/))).size;

/** Chinese, Japanese and Thai put no spaces between words. */
export function isUnspaced(texts: readonly string[]): boolean {
  let unspaced = 0;
  let letters = 0;
  for (const text of texts.slice(0, 1000)) {
    unspaced += text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0;
    letters += text.match(/\p{L}/gu)?.length ?? 0;
  }
  return unspaced > letters / 2;
}

/**
 * Whether a translation is one of those expected. It is compared with what the tokenizer leaves of a reference (capitals
 * and spaces, where it does not keep them); a reference with unknown tokens cannot be met.
 */
export function isRight(output: string, references: readonly string[], target: Tokenizer): boolean {
  return references.some((reference) => {
    const ids = target.encode(reference);
    return !ids.includes(UNK) && target.decode(ids) === output;
  });
}
