import { logSoftmax, noGrad, scope, topk, unscoped } from '../../../engine/index.ts';
import type { GenerationConfig } from './generationConfig.ts';
import { type GenerationState, type GenerativeModel, generationLengths } from './generativeModel.ts';
import type { MostProbable } from './logitsProcessors.ts';

/** Up to this many tokens per row are selected on the device; for more, all log-probabilities are read and sorted here. */
const MAX_TOPK = 64;

/**
 * A model that generates from a batch of inputs, one token per row at a time. Opens no scope across an `await`, and leaves
 * the model in the mode it was in at each, so that others may use both in between. Dispose it.
 */
export class DecodingSession<Input> implements Disposable {
  readonly #model: GenerativeModel<Input>;
  readonly #state: GenerationState;
  /** The most tokens to generate for each input. */
  readonly maxLengths: readonly number[];

  /** @throws {ArgumentError} for an input that the model cannot generate from, or more tokens than it has positions for */
  constructor(caller: string, model: GenerativeModel<Input>, inputs: readonly Input[], config: GenerationConfig) {
    this.#model = model;
    this.#state = this.#evaluate(() => model.startGeneration(inputs, config));
    try {
      this.maxLengths = generationLengths(caller, config.maxLength, this.#state);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** How many tokens there are to choose from. */
  get vocab(): number {
    return this.#state.vocab;
  }

  /** The token that the first step reads, for each input. */
  get firstTokens(): readonly number[] {
    return this.#state.firstTokens;
  }

  /** The next token of each row → the `k` most probable ones after it. */
  async step(tokens: readonly number[], k: number): Promise<MostProbable> {
    const few = Math.min(k, this.vocab) <= MAX_TOPK && 4 * k <= this.vocab;
    const results = this.#evaluate(() => {
      const logs = logSoftmax(this.#state.step(tokens), -1);
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

  /** Row i continues what is now row `from[i]`; see {@link GenerationState.reorder}. */
  reorder(from: readonly number[]): void {
    this.#evaluate(() => this.#state.reorder(from));
  }

  dispose(): void {
    this.#state.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Runs `body` in evaluation mode, without a tape, in a scope of its own. */
  #evaluate<T>(body: () => T): T {
    const { training } = this.#model;
    if (training) this.#model.train(false);
    try {
      return unscoped(() => scope(() => noGrad(body)));
    } finally {
      if (training) this.#model.train(true);
    }
  }
}

/** Above any token id. */
const IDS = 2 ** 21;

/**
 * Sorts each row by probability. No log-probability is above 0, so the higher one has the lower bits, and its bits followed
 * by the id are a number of 53 bits: sorting those needs no comparison in JavaScript.
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
