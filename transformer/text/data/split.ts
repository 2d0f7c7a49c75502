/** Setting sentences aside for validation so that no translation of them is trained on. */

import { ArgumentError } from '../../../engine/index.ts';
import type { Pair } from './batches.ts';
import type { NumberedPair } from './pairs.ts';

/**
 * What makes two sentences the same for a split: letters, marks and digits in lower case, in Unicode's compatible form,
 * with single spaces. `Hi.`, `hi!` and `Ｈｉ` are one sentence. One without any of these is its own text.
 */
export function sameSentence(sentence: string): string {
  const plain = sentence.normalize('NFKC').toLowerCase();
  return plain.replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ').trim() || plain.trim();
}

const RANGE = 2 ** 53;

/** A number in [0, 2^53) from a text and a seed. Source: bryc, "cyrb53", public domain: two lanes, murmur3's ending. */
function hash(text: string, seed: number): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  const add = (word: number): void => {
    a = Math.imul(a ^ word, 0x9e3779b1);
    b = Math.imul(b ^ word, 0x5f356495);
  };
  // the seed as if it stood before the text
  add(seed >>> 0);
  add(Math.floor(seed / 2 ** 32));
  for (let i = 0; i < text.length; i++) add(text.charCodeAt(i));
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return 2 ** 32 * (b & 0x1fffff) + (a >>> 0);
}

/**
 * Which sentences are set aside: those whose hash lies below a bound. It looks at the source sentence alone, so all
 * translations of it stand on one side, whatever file and order they come in, and data that is added later moves nobody.
 */
export class DataSplit {
  readonly seed: number;
  /** Sentences with a hash below are set aside. */
  readonly bound: number;

  constructor(seed: number, bound: number) {
    if (!(bound >= 0 && bound <= RANGE)) {
      throw new ArgumentError(`DataSplit: bound ${bound}. Expected a number from 0 to 2^53.`);
    }
    this.seed = seed;
    this.bound = bound;
  }

  /** About this share of all different source sentences, without looking at them. */
  static byFraction(fraction: number, seed = 0): DataSplit {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new ArgumentError(`DataSplit.byFraction: ${fraction}. Expected a number from 0 to 1, such as 0.05.`);
    }
    return new DataSplit(seed, Math.floor(fraction * RANGE));
  }

  /**
   * Exactly `count` different source sentences. Reads all pairs once and holds `count` numbers.
   *
   * @throws {ArgumentError} when there are not more sentences than that, so that none would be left to train on
   */
  static async byCount<P extends Pair>(
    pairs: AsyncIterable<P> | Iterable<P>,
    count: number,
    seed = 0,
  ): Promise<DataSplit> {
    const smallest = new Smallest(checkCount('DataSplit.byCount', count) + 1);
    for await (const { source } of pairs) smallest.add(hash(sameSentence(source), seed));
    const bound = smallest.largest;
    if (bound === null) {
      throw new ArgumentError(
        `DataSplit.byCount: ${count} sentences to set aside of ${smallest.size}. Ask for fewer, so that some are left.`,
      );
    }
    return new DataSplit(seed, bound);
  }

  /**
   * The split that {@link setAside} makes of the same pairs, of a stream: reads all pairs once and holds
   * `most` / `fraction` numbers.
   *
   * @throws {ArgumentError} for a fraction or a number out of its range; `most` must be told
   */
  static async byShare<P extends Pair>(
    pairs: AsyncIterable<P> | Iterable<P>,
    { seed, ...share }: SetAsideOptions & { most: number },
  ): Promise<DataSplit> {
    const parts = new SplitByShares([share], seed);
    for await (const { source } of pairs) parts.add(source);
    return parts.splits[0]!;
  }

  /** Whether a source sentence is set aside. */
  holds(source: string): boolean {
    return hash(sameSentence(source), this.seed) < this.bound;
  }

  /** The pairs to train on, as they come. */
  async *training<P extends Pair>(pairs: AsyncIterable<P> | Iterable<P>): AsyncGenerator<P> {
    for await (const pair of pairs) if (!this.holds(pair.source)) yield pair;
  }

  /** The pairs set aside, as they come. */
  async *validation<P extends Pair>(pairs: AsyncIterable<P> | Iterable<P>): AsyncGenerator<P> {
    for await (const pair of pairs) if (this.holds(pair.source)) yield pair;
  }
}

/** How much to set aside: a fraction of the different source sentences, rounded down, but no more than `most`. */
export interface SetAsideOptions {
  /** 0.05 unless told. */
  readonly fraction?: number;
  /** No limit unless told. */
  readonly most?: number;
  readonly seed?: number;
}

/** A part to set aside: a fraction of the different source sentences, rounded down, but no more than `most`. */
export type Share = Pick<SetAsideOptions, 'fraction'> & { readonly most: number };

/**
 * Finds, as source sentences come, what {@link setAside} would set aside: first one share of all, then another of what is
 * left, and so on. Holds the smallest hashes alone, some `most` / `fraction` of them.
 */
export class SplitByShares {
  readonly #shares: readonly Required<Share>[];
  readonly #seed: number;
  readonly #smallest: Smallest;

  /** @throws {ArgumentError} for a fraction or a number out of its range */
  constructor(shares: readonly Share[], seed = 0) {
    this.#shares = shares.map(({ fraction = 0.05, most }) => {
      if (fraction >= 0 && fraction < 1 && most >= 0 && Number.isFinite(most)) return { fraction, most };
      throw new ArgumentError(
        `DataSplit.byShare: fraction ${fraction}, at most ${most}. ` +
          'Expected a fraction from 0 to below 1, and a number from 0, which bounds what is held.',
      );
    });
    this.#seed = seed;
    // where there are more different sentences than this, every `most` decides
    let [held, taken] = [0, 0];
    for (const { fraction, most } of this.#shares) {
      if (fraction > 0) held = Math.max(held, taken + Math.ceil(most / fraction));
      taken += most;
    }
    this.#smallest = new Smallest(held + taken + 1);
  }

  add(source: string): void {
    this.#smallest.add(hash(sameSentence(source), this.#seed));
  }

  /** One for each share, of the sentences so far: each holds its own part and those before it. */
  get splits(): DataSplit[] {
    const hashes = this.#smallest.sorted();
    let taken = 0;
    return this.#shares.map(({ fraction, most }) => {
      taken += Math.floor(Math.min(most, fraction * (hashes.length - taken)));
      return new DataSplit(this.#seed, taken === 0 ? 0 : (hashes[taken] ?? RANGE));
    });
  }
}

/** Splits pairs that are in memory; the order within both parts is that of the pairs. Of a handful, none is set aside. */
export function setAside<P extends Pair>(
  pairs: readonly P[],
  { fraction = 0.05, most = Number.POSITIVE_INFINITY, seed = 0 }: SetAsideOptions = {},
): { train: P[]; validation: P[] } {
  if (!(fraction >= 0 && fraction < 1 && most >= 0)) {
    throw new ArgumentError(
      `setAside: fraction ${fraction}, at most ${most}. Expected a fraction from 0 to below 1, and a number from 0.`,
    );
  }
  const hashes = pairs.map(({ source }) => hash(sameSentence(source), seed));
  const different = Float64Array.from(new Set(hashes)).sort();
  const bound = different[Math.floor(Math.min(most, fraction * different.length))] ?? 0;
  const train: P[] = [];
  const validation: P[] = [];
  for (const [i, pair] of pairs.entries()) (hashes[i]! < bound ? validation : train).push(pair);
  return { train, validation };
}

/** A source sentence and every translation of it: what BLEU calls a segment with several references. */
export interface ReferencedSentence {
  readonly source: string;
  readonly references: readonly string[];
  /** The line on which each reference stands first, where the pairs have lines. */
  readonly lines?: readonly number[];
}

/** Puts translations of one sentence together, in the order in which sentences came; equal translations count once. */
export function groupReferences(pairs: Iterable<Pair | NumberedPair>): ReferencedSentence[] {
  const found = new Map<string, { source: string; references: Map<string, number | null> }>();
  for (const pair of pairs) {
    const { source, target } = pair;
    const key = source.normalize('NFC').trim().replace(/\s+/gu, ' ');
    let sentence = found.get(key);
    if (sentence === undefined) found.set(key, (sentence = { source, references: new Map() }));
    if (!sentence.references.has(target)) sentence.references.set(target, 'line' in pair ? pair.line : null);
  }
  return Array.from(found.values(), ({ source, references }) => {
    const lines = [...references.values()].filter((line) => line !== null);
    const whole = lines.length === references.size;
    return { source, references: [...references.keys()], ...(whole && { lines }) };
  });
}

function checkCount(operation: string, count: number): number {
  if (Number.isInteger(count) && count >= 0) return count;
  throw new ArgumentError(`${operation}: ${count} sentences. Expected a whole number from 0.`);
}

/** The smallest `limit` different numbers of many, in a heap with the largest on top. */
class Smallest {
  readonly #limit: number;
  readonly #heap: number[] = [];
  readonly #held = new Set<number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** All of them, in order. */
  sorted(): Float64Array {
    return Float64Array.from(this.#heap).sort();
  }

  /** The largest of them; null while there are fewer than `limit`. */
  get largest(): number | null {
    return this.#heap.length < this.#limit ? null : this.#heap[0]!;
  }

  add(value: number): void {
    const heap = this.#heap;
    if (this.#held.has(value)) return;
    if (heap.length < this.#limit) {
      this.#held.add(value);
      let i = heap.push(value) - 1;
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (heap[parent]! >= value) break;
        heap[i] = heap[parent]!;
        i = parent;
      }
      heap[i] = value;
    } else if (value < heap[0]!) {
      this.#held.delete(heap[0]!);
      this.#held.add(value);
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && heap[child + 1]! > heap[child]!) child++;
        if (heap[child]! <= value) break;
        heap[i] = heap[child]!;
        i = child;
      }
      heap[i] = value;
    }
  }
}
