/**
 * An English–Chinese parallel corpus made by a grammar of our own, so that training needs no download and every
 * translation is right by construction.
 *
 * The test split measures composition rather than memory. Pairs of related words (a verb and its object, a subject
 * and its verb, an adjective and its noun, a thing and its place) are divided by a hash; a sentence with a held-out
 * pair may only be tested on. Its words are all known from training, their combination is not.
 */

import { Draw, isHeldOut } from './draw.ts';
import { type Line, utter } from './grammar.ts';

/** A sentence and its translation. */
export interface Pair {
  readonly source: string;
  readonly target: string;
}

/** The corpus: what to train on, and two sets of unseen combinations drawn alike. */
export interface Corpus {
  readonly train: Pair[];
  readonly valid: Pair[];
  readonly test: Pair[];
}

/** How much to draw, and from which seed. */
export interface CorpusOptions {
  /** Training pairs, all different even without case and punctuation; 24,000 unless told. */
  readonly pairs?: number;
  /** Validation pairs; 400 unless told. */
  readonly valid?: number;
  /** Test pairs; 1,000 unless told. */
  readonly test?: number;
  /** Any integer; the same seed gives the same corpus. */
  readonly seed?: number;
}

/** The most training pairs one corpus may ask for. The grammar holds far more; words would only repeat. */
export const maximumPairs = 300_000;

/** Share of the sentences that go without their English end mark, as people type them. */
const UNMARKED = 0.15;

/**
 * Sentences to show: the form in which a user types them, and the translation expected. None of them is part of any
 * corpus, though all their words and patterns are.
 */
export const showcase: readonly Pair[] = [
  { source: 'The cat sat on the mat', target: '猫坐在垫子上。' },
  { source: 'Is the girl reading my book?', target: '女孩正在看我的书吗？' },
  { source: 'My younger brother does not want to drink milk', target: '我弟弟不想喝牛奶。' },
  { source: "Teacher Wang's bicycle is behind the house", target: '王老师的自行车在房子后面。' },
  { source: 'My grandfather gave the girl a red umbrella', target: '我爷爷给了那个女孩一把红色的雨伞。' },
];

/** A sentence without what the tokenizer would not notice: case, end mark and commas. */
export function normalize(source: string): string {
  return source
    .toLowerCase()
    .replace(/[.?!,]/g, '')
    .trim();
}

/** The three parts of a corpus. */
export type Split = keyof Corpus;

/**
 * Draws a corpus. Deterministic in its options; well under a second for the default size.
 *
 * @throws RangeError if a size is not a whole number in range, or the grammar runs dry before reaching it.
 */
export function buildCorpus(options: CorpusOptions = {}): Corpus {
  const { train, valid, test } = drawLines(options);
  const pair = ({ source, target }: Line): Pair => ({ source, target });
  return { train: train.map(pair), valid: valid.map(pair), test: test.map(pair) };
}

/** What `buildCorpus` does, with the pattern and the word relations of every sentence still attached. */
export function drawLines(options: CorpusOptions = {}): Record<Split, Line[]> {
  const wanted: Record<Split, number> = {
    train: count('pairs', options.pairs ?? 24_000, maximumPairs),
    valid: count('valid', options.valid ?? 400, 5_000),
    test: count('test', options.test ?? 1_000, 10_000),
  };
  const d = new Draw(options.seed ?? 1);
  const drawn: Record<Split, Line[]> = { train: [], valid: [], test: [] };
  const lacks = (split: Split) => drawn[split].length < wanted[split];
  const seen = new Set(showcase.map((pair) => normalize(pair.source)));
  let fruitless = 0;
  while (lacks('train') || lacks('valid') || lacks('test')) {
    // A grammar that repeats itself this long has nothing new to say.
    if (++fruitless > 20_000) {
      const got = `${drawn.train.length} train, ${drawn.valid.length} valid and ${drawn.test.length} test pairs`;
      throw new RangeError(`buildCorpus: the grammar ran dry after ${got}; ask for fewer`);
    }
    const line = utter(d);
    if (line === undefined) continue;
    const unseen = line.relations.some(isHeldOut);
    const split = !unseen ? 'train' : lacks('test') ? 'test' : 'valid';
    const key = normalize(line.source);
    if (!lacks(split) || seen.has(key)) continue;
    fruitless = 0;
    seen.add(key);
    drawn[split].push(d.chance(UNMARKED) ? { ...line, source: line.source.slice(0, -1) } : line);
  }
  return drawn;
}

function count(name: string, value: number, most: number): number {
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`buildCorpus: ${name} must be a whole number from 0 to ${most}, got ${value}`);
  }
  return value;
}
