import { createHash } from 'node:crypto';
import type { Pair } from '../../text/data/batches.ts';

/** The pairs to train on: in memory, or read from their files anew each time. */
export interface TrainingPairs {
  readonly count: number;
  /** SHA-256 over both sides of all pairs, in their order. */
  readonly fingerprint: string;
  /** All of them; null where they are read each time. */
  readonly held: readonly Pair[] | null;
  /** All of them in blocks, from the first on. With a `title`, how far it is is shown under it. */
  blocks(title?: string): AsyncIterable<readonly Pair[]>;
}

/** Pairs that are in memory. */
export function heldPairs(pairs: readonly Pair[]): TrainingPairs {
  const fingerprint = new Fingerprint();
  for (const pair of pairs) fingerprint.add(pair);
  return {
    count: pairs.length,
    fingerprint: fingerprint.digest(),
    held: pairs,
    async *blocks() {
      yield pairs;
    },
  };
}

/** Of pairs as they come. */
export class Fingerprint {
  readonly #hash = createHash('sha256');
  /** Pairs so far. */
  count = 0;

  /** U+0000 stands in no sentence. */
  add({ source, target }: Pair): void {
    this.count++;
    this.#hash.update(`${source}\0${target}\0`);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}
