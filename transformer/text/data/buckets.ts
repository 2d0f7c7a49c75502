/** Batches of sentences of like length, filled by a budget of tokens, as sentences come. */

import { ArgumentError, type Stream } from '../../../engine/index.ts';
import { type Batch, type Example, makeBatch } from './batches.ts';

/** Places of a row: the longer side. */
export const exampleLength = ({ source, target }: Example): number => Math.max(source.length, target.length);

/** Examples gathered until they fill a batch. */
class Gathering {
  readonly #budget: number;
  #examples: Example[] = [];
  #width = 0;

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Adds an example; gives the batch that was full before it. */
  add(example: Example): Batch | null {
    const length = exampleLength(example);
    const width = Math.max(this.#width, length);
    const full = this.#examples.length > 0 && width * (this.#examples.length + 1) > this.#budget;
    const batch = full ? this.take() : null;
    this.#examples.push(example);
    this.#width = Math.max(this.#width, length);
    return batch;
  }

  /** What has gathered; null for nothing. */
  take(): Batch | null {
    const examples = this.#examples;
    this.#examples = [];
    this.#width = 0;
    return examples.length === 0 ? null : makeBatch(examples);
  }

  get examples(): readonly Example[] {
    return this.#examples;
  }
}

/** Narrowest bucket, and the multiple that bounds are rounded up to. */
const STEP = 8;
/** Each bucket takes sentences up to this much longer than the one before it. */
const GROWTH = 1.2;

/** The longest sentence of the bucket that a sentence of this length goes to: 8, 16, 24, … 40, 48, 64, 80, … */
export function bucketWidth(length: number): number {
  let width = STEP;
  while (width < length) width = Math.ceil(Math.max(width + STEP, width * GROWTH) / STEP) * STEP;
  return width;
}

/**
 * Length buckets. An example goes to the bucket of its length; when a bucket has as many rows as `batchTokens` allows
 * (rows × the longest side, padding counted), they are a batch. One that is longer than the budget is a batch alone.
 * Holds at most `batchTokens` tokens for each bucket, of which there are few.
 */
export class TokenBuckets {
  readonly batchTokens: number;
  readonly #buckets = new Map<number, Gathering>();

  constructor(batchTokens: number) {
    if (!(batchTokens >= 1)) {
      throw new ArgumentError(`TokenBuckets: a budget of ${batchTokens} tokens. Expected 1 or more.`);
    }
    this.batchTokens = batchTokens;
  }

  /** Adds an example; gives a batch when one became full. */
  add(example: Example): Batch | null {
    const width = bucketWidth(exampleLength(example));
    let bucket = this.#buckets.get(width);
    if (bucket === undefined) this.#buckets.set(width, (bucket = new Gathering(this.batchTokens)));
    return bucket.add(example);
  }

  /** What remains at the end, neighbouring buckets put together where they fit, in a random order; empties the buckets. */
  rest(stream: Stream): Batch[] {
    const left = [...this.#buckets.values()].flatMap((bucket) => bucket.examples);
    this.#buckets.clear();
    left.sort((a, b) => exampleLength(a) - exampleLength(b));
    const last = new Gathering(this.batchTokens);
    const batches: Batch[] = [];
    for (const example of left) {
      const batch = last.add(example);
      if (batch !== null) batches.push(batch);
    }
    const batch = last.take();
    if (batch !== null) batches.push(batch);
    return stream.shuffle(batches);
  }
}
