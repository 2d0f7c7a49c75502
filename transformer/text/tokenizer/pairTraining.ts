import { ArgumentError } from '../../../engine/index.ts';
import { Heap } from './heap.ts';

/** How far training is. */
export interface MergeProgress {
  /** Tokens in the vocabulary so far. */
  readonly done: number;
  /** Tokens wanted. */
  readonly total: number;
}

export interface PairTrainingOptions {
  /** Tokens of the vocabulary, special ones and alphabet included. */
  readonly size: number;
  /** A pair seen less often is not merged. */
  readonly minCount: number;
  /** Tokens that come first, and are no text. */
  readonly special: readonly string[];
  /** Characters that are in the vocabulary whether seen or not. */
  readonly alphabet?: Iterable<string>;
}

/** The vocabulary by id, and the pairs in the order they were merged. */
export interface Pairs {
  readonly vocabulary: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/** A pair and how often it was seen when it was queued. */
interface Candidate {
  readonly pair: number;
  readonly count: number;
}

/** Merges between two reports. */
const REPORT = 100;

/**
 * Byte-pair encoding learnt from words and their counts: beginning with characters, the most frequent pair of neighbours
 * becomes a token, again and again. Among equals the pair of earlier tokens wins, so the same words give the same
 * vocabulary, whatever their order. Counts are kept up to date: a merge only visits the words it changes. Yields now and
 * then, so that the caller can show how far it is, do other things in between, or leave off.
 *
 * Source: Sennrich, Haddow & Birch 2016, "Neural Machine Translation of Rare Words with Subword Units", section 3.2.
 */
export function* pairTraining(
  words: ReadonlyMap<string, number>,
  options: PairTrainingOptions,
): Generator<MergeProgress, Pairs, void> {
  const { size, minCount, special } = options;
  const least = Math.max(1, minCount);
  const vocabulary = [...special, ...alphabetOf(words, options)];
  if (!Number.isInteger(size) || size < vocabulary.length) {
    throw new ArgumentError(
      `trainPairs: a vocabulary of ${size} tokens, but ${vocabulary.length} are there before any pair. Ask for more.`,
    );
  }
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const merges: [string, string][] = [];
  const table = new PairTable(words, ids, size);
  while (vocabulary.length < size) {
    const pair = table.best();
    if (pair === null || pair.count < least) break;
    const [left, right] = [vocabulary[pair.left]!, vocabulary[pair.right]!];
    const token = left + right;
    merges.push([left, right]);
    // two ways to one token: a new merge, no new token
    let id = ids.get(token);
    if (id === undefined) {
      id = vocabulary.length;
      vocabulary.push(token);
      ids.set(token, id);
    }
    table.merge(pair.left, pair.right, id);
    if (merges.length % REPORT === 0) yield { done: vocabulary.length, total: size };
  }
  yield { done: vocabulary.length, total: size };
  return { vocabulary, merges };
}

/** The characters of the words, in the order of code points; the most frequent where not all fit. */
function alphabetOf(
  words: ReadonlyMap<string, number>,
  { size, special, alphabet = [] }: PairTrainingOptions,
): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words) for (const c of word) counts.set(c, (counts.get(c) ?? 0) + count);
  const always = new Set(alphabet);
  for (const c of always) counts.delete(c);
  const byPoint = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)!;
  const seen = [...counts].sort(([a, n], [b, m]) => m - n || byPoint(a, b)).map(([c]) => c);
  const room = Math.max(0, size - special.length - always.size);
  return [...always, ...seen.slice(0, room)].sort(byPoint);
}

/** Words as ids, the counts of their pairs, and where each pair is. */
class PairTable {
  readonly #words: number[][] = [];
  readonly #counts: number[] = [];
  readonly #base: number;
  readonly #pairs = new Map<number, number>();
  /** Words a pair was seen in; it may have been merged away since. */
  readonly #places = new Map<number, number[]>();
  readonly #queue = new Heap<Candidate>((a, b) => a.count > b.count || (a.count === b.count && a.pair < b.pair));

  constructor(words: ReadonlyMap<string, number>, ids: ReadonlyMap<string, number>, base: number) {
    // a pair is one number, in the order of its ids
    this.#base = base;
    for (const [word, count] of words) {
      // a character without a token parts its neighbours
      const symbols = Array.from(word, (c) => ids.get(c) ?? -1);
      const place = this.#words.length;
      this.#words.push(symbols);
      this.#counts.push(count);
      this.#eachPair(symbols, (pair) => this.#add(pair, count, place));
    }
    for (const [pair, count] of this.#pairs) this.#queue.push({ pair, count });
  }

  /** Takes the most frequent pair out; null when there is none. */
  best(): { left: number; right: number; count: number } | null {
    for (let top = this.#queue.pop(); top !== undefined; top = this.#queue.pop()) {
      const { pair } = top;
      const count = this.#pairs.get(pair) ?? 0;
      if (count === top.count && count > 0) {
        return { left: Math.floor(pair / this.#base), right: pair % this.#base, count };
      }
      // seen less often by now: back in its place
      if (count > 0) this.#queue.push({ pair, count });
    }
    return null;
  }

  /** Puts `id` in the place of every `left`, `right`. */
  merge(left: number, right: number, id: number): void {
    const merged = left * this.#base + right;
    const places = this.#places.get(merged) ?? [];
    this.#places.delete(merged);
    const fresh = new Set<number>();
    for (const place of places) {
      const symbols = this.#words[place]!;
      const count = this.#counts[place]!;
      const result: number[] = [];
      for (let i = 0; i < symbols.length; i++) {
        const found = symbols[i] === left && symbols[i + 1] === right;
        result.push(found ? id : symbols[i]!);
        if (found) i++;
      }
      // visited before: a word with the pair twice is listed twice
      if (result.length === symbols.length) continue;
      this.#eachPair(symbols, (pair) => this.#pairs.set(pair, this.#pairs.get(pair)! - count));
      this.#eachPair(
        result,
        (pair, isNew) => {
          if (isNew) fresh.add(pair);
          this.#add(pair, count, isNew ? place : null);
        },
        id,
      );
      this.#words[place] = result;
    }
    this.#pairs.delete(merged);
    for (const pair of fresh) this.#queue.push({ pair, count: this.#pairs.get(pair)! });
  }

  #add(pair: number, count: number, place: number | null): void {
    this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + count);
    if (place === null) return;
    const places = this.#places.get(pair);
    if (places === undefined) this.#places.set(pair, [place]);
    else if (places.at(-1) !== place) places.push(place);
  }

  /** `visit` with every pair, and whether the token `id` is part of it. */
  #eachPair(symbols: readonly number[], visit: (pair: number, isNew: boolean) => void, id = -1): void {
    for (let i = 0; i + 1 < symbols.length; i++) {
      const [a, b] = [symbols[i]!, symbols[i + 1]!];
      if (a >= 0 && b >= 0) visit(a * this.#base + b, a === id || b === id);
    }
  }
}
