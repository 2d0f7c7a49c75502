import {
  ArgumentError,
  indexSelect,
  logSoftmax,
  narrow,
  noGrad,
  reshape,
  scope,
  type Tensor,
  tensor,
  topk,
  unscoped,
} from '../../engine/index.ts';
import type { DecoderState } from '../cache.ts';
import { padded } from '../data/batches.ts';
import type { Transformer } from '../model.ts';
import type { MostProbable } from './limits.ts';

/** Up to this many of each row are found on the device; for more all log-probabilities are read and sorted here. */
const MOST_BY_TOPK = 64;

/**
 * The model at work on a batch of sources, one token of each row after another. Opens no scope across an `await`, and
 * leaves the model in the mode it was in at each, so that others may use both in between. Dispose it.
 */
export class Session implements Disposable {
  readonly model: Transformer;
  #state: DecoderState | Written;

  constructor(caller: string, model: Transformer, sources: readonly (readonly number[])[], cache: boolean) {
    const empty = sources.findIndex((s) => s.length === 0);
    if (empty >= 0) {
      throw new ArgumentError(`${caller}: source ${empty} has no tokens, expected at least the end mark.`);
    }
    this.model = model;
    const width = sources.reduce((n, s) => Math.max(n, s.length), 0);
    this.#state = this.#quietly(() => {
      const tokens = padded(sources, width, model.device, model.config.padId);
      const padding = model.padding(tokens);
      const memory = model.encode(tokens, padding);
      return cache ? model.startDecoding(memory, padding) : new Written(memory, padding);
    });
  }

  /** The next token of each row → the `k` most probable ones after it. */
  async step(tokens: readonly number[], k: number): Promise<MostProbable> {
    const { tgtVocab } = this.model.config;
    const few = Math.min(k, tgtVocab) <= MOST_BY_TOPK && 4 * k <= tgtVocab;
    const results = this.#quietly(() => {
      const state = this.#state;
      const scores = state instanceof Written ? state.step(this.model, tokens) : this.model.decodeStep(tokens, state);
      const logs = logSoftmax(scores, -1);
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

  /** Row i goes on from row `from[i]`; see {@link DecoderState.reorder}. */
  reorder(from: readonly number[]): void {
    this.#quietly(() => this.#state.reorder(from));
  }

  dispose(): void {
    this.#state.dispose();
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

/** Decoding without a cache: remembers the tokens alone, and runs the decoder over all of them each time. */
class Written implements Disposable {
  /** [rows, S, d] and bool [rows, S] */
  #memory: Tensor;
  #padding: Tensor;
  #rows: (readonly number[])[];

  constructor(memory: Tensor, padding: Tensor) {
    this.#memory = unscoped(() => memory.detach());
    this.#padding = unscoped(() => padding.detach());
    this.#rows = new Array<number[]>(memory.shape[0]!).fill([]);
  }

  step(model: Transformer, tokens: readonly number[]): Tensor {
    this.#rows = this.#rows.map((row, i) => [...row, tokens[i]!]);
    const length = this.#rows[0]!.length;
    const all = model.decode(padded(this.#rows, length, model.device), this.#memory, this.#padding);
    return reshape(narrow(all, 1, length - 1, 1), [tokens.length, model.config.tgtVocab]);
  }

  reorder(from: readonly number[]): void {
    if (from.length === this.#rows.length && from.every((row, i) => row === i)) return;
    const index = tensor(Int32Array.from(from), { device: this.#memory.device });
    const before = [this.#memory, this.#padding];
    this.#memory = unscoped(() => indexSelect(before[0]!, 0, index));
    this.#padding = unscoped(() => indexSelect(before[1]!, 0, index));
    for (const t of before) t.dispose();
    this.#rows = from.map((row) => this.#rows[row]!);
  }

  dispose(): void {
    this.#memory.dispose();
    this.#padding.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
