import { ArgumentError, type Device, Stream, type Tensor, tensor } from '../../../engine/index.ts';
import type { Pair } from '../corpus/index.ts';
import type { Tokenizer } from '../tokenizer/index.ts';

export type { Pair };

/** A pair as token ids: the source with its end mark, the target with both marks. */
export interface Example {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

export const encodePair = (pair: Pair, source: Tokenizer, target: Tokenizer): Example => ({
  source: [...source.encode(pair.source), source.mark('eos')],
  target: [target.mark('bos'), ...target.encode(pair.target), target.mark('eos')],
});

/** Examples padded to the longest, on the host. */
export interface Batch {
  readonly examples: readonly Example[];
  readonly sourceLength: number;
  readonly targetLength: number;
}

/** The length of the longest row. */
export const longest = (rows: readonly (readonly number[])[]): number =>
  rows.reduce((n, r) => Math.max(n, r.length), 0);

export const makeBatch = (examples: readonly Example[]): Batch => ({
  examples,
  sourceLength: longest(examples.map((e) => e.source)),
  targetLength: longest(examples.map((e) => e.target)),
});

/**
 * One epoch in batches of about `batchTokens` tokens (padding counted) of examples of similar length, as the paper batches
 * them (section 5.1), in an order that is a function of `seed` and `epoch`.
 *
 * @throws {ArgumentError} for no examples
 */
export function batchesByLength<T>(
  examples: readonly T[],
  lengthOf: (example: T) => number,
  batchTokens: number,
  seed: number,
  epoch: number,
): T[][] {
  if (examples.length === 0) throw new ArgumentError('batchesByLength: no examples. The data is empty.');
  const stream = new Stream(seed, 1_000_000 + epoch);
  const order = stream.shuffle(examples.map((_, i) => i));
  const length = (i: number): number => lengthOf(examples[i]!);
  // a stable sort keeps the shuffled order among equals
  order.sort((a, b) => length(a) - length(b));
  const batches: T[][] = [];
  let current: T[] = [];
  let width = 0;
  for (const i of order) {
    const next = Math.max(width, length(i));
    if (current.length > 0 && next * (current.length + 1) > batchTokens) {
      batches.push(current);
      current = [];
      width = 0;
    }
    current.push(examples[i]!);
    width = Math.max(width, length(i));
  }
  batches.push(current);
  return stream.shuffle(batches);
}

/** The longer side of an example. */
export const exampleLength = ({ source, target }: Example): number => Math.max(source.length, target.length);

/** One epoch of pairs, batched by the longer side; see {@link batchesByLength}. */
export const epochBatches = (examples: readonly Example[], batchTokens: number, seed: number, epoch: number): Batch[] =>
  batchesByLength(examples, exampleLength, batchTokens, seed, epoch).map(makeBatch);

/** int32 [rows, length], filled up with `padId`. */
export function padded(rows: readonly (readonly number[])[], length: number, device: Device, padId: number): Tensor {
  const values = new Int32Array(rows.length * length).fill(padId);
  for (const [i, row] of rows.entries()) values.set(row.slice(0, length), i * length);
  return tensor(values, { shape: [rows.length, length], device });
}

/** The tensors of a batch: what the encoder reads, what the decoder reads, and what it must predict. */
export interface BatchTensors {
  /** int32 [batch, S] */
  readonly source: Tensor;
  /** int32 [batch, L]: start mark and all but the last token */
  readonly input: Tensor;
  /** int32 [batch, L]: all but the start mark */
  readonly expected: Tensor;
}

export function uploadBatch(
  { examples, sourceLength, targetLength }: Batch,
  device: Device,
  padId: number,
): BatchTensors {
  const [sources, targets] = [examples.map((e) => e.source), examples.map((e) => e.target)];
  const fill = (rows: readonly (readonly number[])[], length: number): Tensor => padded(rows, length, device, padId);
  return {
    source: fill(sources, sourceLength),
    input: fill(
      targets.map((t) => t.slice(0, -1)),
      targetLength - 1,
    ),
    expected: fill(
      targets.map((t) => t.slice(1)),
      targetLength - 1,
    ),
  };
}

/** Tokens the decoder learns to predict in a batch, padding not counted. */
export function targetTokens({ examples }: Batch, padId: number): number {
  let count = 0;
  for (const { target } of examples) for (let i = 1; i < target.length; i++) if (target[i] !== padId) count++;
  return count;
}
