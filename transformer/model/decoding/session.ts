import { logSoftmax, noGrad, scope, topk, unscoped } from '../../../engine/index.ts';
import { type Limits, longest, type MostProbable } from './limits.ts';
import { facts, type Running, start, type Writer } from './running.ts';

/** Up to this many of each row are found on the device; for more all log-probabilities are read and sorted here. */
const MOST_BY_TOPK = 64;

/**
 * The model at work on a batch of sources, one token of each row after another. Opens no scope across an `await`, and
 * leaves the model in the mode it was in at each, so that others may use both in between. Dispose it.
 */
export class Session implements Disposable {
  readonly model: Writer;
  /** Number of tokens to choose from. */
  readonly vocab: number;
  /** The token each row begins with, by source. */
  readonly first: readonly number[];
  /** Most tokens to write for each source. */
  readonly longest: readonly number[];
  readonly #running: Running;

  /** @throws {ArgumentError} for a source without tokens, or a limit beyond the positions that a model has learned */
  constructor(caller: string, model: Writer, sources: readonly (readonly number[])[], limits: Limits) {
    this.model = model;
    const { vocab, first, room } = facts(caller, model, sources, limits.bos);
    this.vocab = vocab;
    this.first = first;
    this.longest = sources.map(({ length }, i) => longest(caller, limits, length, room[i]!));
    this.#running = this.#quietly(() => start(model, sources, limits.cache));
  }

  /** The next token of each row → the `k` most probable ones after it. */
  async step(tokens: readonly number[], k: number): Promise<MostProbable> {
    const few = Math.min(k, this.vocab) <= MOST_BY_TOPK && 4 * k <= this.vocab;
    const results = this.#quietly(() => {
      const logs = logSoftmax(this.#running.step(tokens), -1);
      if (!few) return [unscoped(() => logs.detach())];
      const best = topk(logs, k);
      return [unscoped(() => best.values.detach()), unscoped(() => best.indices.detach())];
    });
    try {
      const [logs, ids] = await Promise.all(results.map((t) => t.data()));
      return ids === undefined ? sorted(logs as Float32Array, tokens.length) : { k, ids, logs: logs! };
    } finally {
      for (const t of results) t.dispose();
    }
  }

  /** Row i goes on from row `from[i]`; see {@link Running.reorder}. */
  reorder(from: readonly number[]): void {
    this.#quietly(() => this.#running.reorder(from));
  }

  dispose(): void {
    this.#running.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** In evaluation mode, without a tape, with a scope of its own that keeps nothing. */
  #quietly<T>(body: () => T): T {
    const { training } = this.model;
    if (training) this.model.eval();
    try {
      return unscoped(() => scope(() => noGrad(body)));
    } finally {
      if (training) this.model.train();
    }
  }
}

/** Above any token id. */
const IDS = 2 ** 21;

/**
 * All of each row, by probability. No log-probability is above 0, so the higher one has the lower bits, and bits with
 * the id behind them are a number of 53 bits: sorting those needs no comparison in JavaScript.
 */
function sorted(logs: Float32Array, rows: number): MostProbable {
  const k = logs.length / rows;
  const bits = new Uint32Array(logs.buffer, logs.byteOffset, logs.length);
  const ids = new Int32Array(logs.length);
  const values = new Float32Array(logs.length);
  const keys = new Float64Array(k);
  for (let at = 0; at < logs.length; at += k) {
    for (let id = 0; id < k; id++) keys[id] = (bits[at + id]! & 0x7fffffff) * IDS + id;
    keys.sort();
    for (let i = 0; i < k; i++) {
      const id = keys[i]! % IDS;
      ids[at + i] = id;
      values[at + i] = logs[at + id]!;
    }
  }
  return { k, ids, logs: values };
}
