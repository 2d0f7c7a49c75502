import {
  ArgumentError,
  cat,
  indexSelect,
  narrow,
  reshape,
  type Tensor,
  tensor,
  unscoped,
} from '../../../engine/index.ts';
import { padded } from '../../text/data/batches.ts';
import type { WritingState } from '../cache.ts';
import type { DecoderOnly } from '../decoderOnly.ts';
import type { Transformer } from '../transformer.ts';

/**
 * A model that writes one token after another: behind sources that it translates, or behind prompts that it goes on
 * from. What is said of sources goes for prompts, too.
 */
export type Writer = Transformer | DecoderOnly;

/** What decoding must know of a model and its sources before it begins. */
export interface Facts {
  /** Tokens to choose from. */
  readonly vocab: number;
  /** The token each row begins with: the start mark, or the last one of the prompt. */
  readonly first: readonly number[];
  /** Tokens the model can write for each source: without end, but for learned positions. */
  readonly room: readonly number[];
}

/** `bos` is the start mark of a translation. @throws {ArgumentError} for a source without tokens */
export function facts(caller: string, model: Writer, sources: readonly (readonly number[])[], bos: number): Facts {
  const empty = sources.findIndex((s) => s.length === 0);
  if (empty >= 0) {
    const what = 'encode' in model ? 'at least the end mark' : 'at least a start mark';
    throw new ArgumentError(`${caller}: source ${empty} has no tokens, expected ${what}.`);
  }
  const { positions, maxLength } = model.config;
  const most = positions === 'learned' ? maxLength : Number.POSITIVE_INFINITY;
  if ('encode' in model) {
    return { vocab: model.config.tgtVocab, first: sources.map(() => bos), room: sources.map(() => most) };
  }
  return {
    vocab: model.config.vocab,
    first: sources.map((prompt) => prompt.at(-1)!),
    room: sources.map((prompt) => most - prompt.length + 1),
  };
}

/** A model while it writes: what has been read and what of it is kept. */
export interface Running {
  /** The next token of each row → scores of the one after it [rows, vocab]. */
  step(tokens: readonly number[]): Tensor;
  /** Row i goes on from row `from[i]`; see {@link DecoderState.reorder}. */
  reorder(from: readonly number[]): void;
  dispose(): void;
}

/** A model on its sources, before the first token; with `cache`, keys and values of earlier tokens are kept. */
export function start(model: Writer, sources: readonly (readonly number[])[], cache: boolean): Running {
  if (!('encode' in model)) {
    return cache
      ? cached(model.startDecoding(sources), (t, s) => model.decodeStep(t, s))
      : new Continued(model, sources);
  }
  const width = sources.reduce((n, s) => Math.max(n, s.length), 0);
  const tokens = padded(sources, width, model.device, model.config.padId);
  const padding = model.padding(tokens);
  const memory = model.encode(tokens, padding);
  if (!cache) return new Translated(model, memory, padding);
  return cached(model.startDecoding(memory, padding), (t, s) => model.decodeStep(t, s));
}

const cached = <S extends WritingState>(state: S, step: (tokens: readonly number[], state: S) => Tensor): Running => ({
  step: (tokens) => step(tokens, state),
  reorder: (from) => state.reorder(from),
  dispose: () => state.dispose(),
});

/** Decoding without a cache: remembers the tokens alone, and runs the decoder over all of them each time. */
class Translated implements Running {
  readonly #model: Transformer;
  /** [rows, S, d] and bool [rows, S] */
  #memory: Tensor;
  #padding: Tensor;
  #rows: (readonly number[])[];

  constructor(model: Transformer, memory: Tensor, padding: Tensor) {
    this.#model = model;
    this.#memory = unscoped(() => memory.detach());
    this.#padding = unscoped(() => padding.detach());
    this.#rows = new Array<number[]>(memory.shape[0]!).fill([]);
  }

  step(tokens: readonly number[]): Tensor {
    this.#rows = this.#rows.map((row, i) => [...row, tokens[i]!]);
    const length = this.#rows[0]!.length;
    const { device, config } = this.#model;
    const all = this.#model.decode(padded(this.#rows, length, device, config.padId), this.#memory, this.#padding);
    return reshape(narrow(all, 1, length - 1, 1), [tokens.length, config.tgtVocab]);
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
}

/** The same behind prompts, each row as long as it is. */
class Continued implements Running {
  readonly #model: DecoderOnly;
  #rows: (readonly number[])[];

  constructor(model: DecoderOnly, prompts: readonly (readonly number[])[]) {
    this.#model = model;
    this.#rows = prompts.map((prompt) => prompt.slice(0, -1));
  }

  step(tokens: readonly number[]): Tensor {
    this.#rows = this.#rows.map((row, i) => [...row, tokens[i]!]);
    const longest = this.#rows.reduce((n, row) => Math.max(n, row.length), 0);
    const { device, config } = this.#model;
    const all = this.#model.forward(padded(this.#rows, longest, device, config.padId));
    const last = this.#rows.map((row, i) => narrow(narrow(all, 0, i, 1), 1, row.length - 1, 1));
    return reshape(cat(last, 0), [tokens.length, config.vocab]);
  }

  reorder(from: readonly number[]): void {
    this.#rows = from.map((row) => this.#rows[row]!);
  }

  dispose(): void {}
}
