/** Which batches of the data take the most memory. */

import { type Batch, type Example, epochBatches } from '../../text/data/batches.ts';
import { type BatchSource, MemoryBatches } from '../../text/data/index.ts';

/** All that memory depends on in a batch of pairs: its rows, and the tokens of the longest on each side, special tokens included. */
export interface BatchShape {
  readonly rows: number;
  readonly sourceLength: number;
  readonly targetLength: number;
}

/** Positions in the encoder and in the decoder, which reads all but the end token. */
const tokensOf = ({ rows, sourceLength, targetLength }: BatchShape): [source: number, target: number] => [
  rows * sourceLength,
  rows * (targetLength - 1),
];

/** At most this many are tried: neighbours on the front differ little. */
const MOST = 8;

/**
 * Of all batches those that may take the most: no other has at least as many tokens on both sides. Memory grows with
 * both, by amounts that depend on the model.
 */
export function largestShapes(batches: Iterable<BatchShape>): BatchShape[] {
  const sorted = [...batches].sort((a, b) => {
    const [[sa, ta], [sb, tb]] = [tokensOf(a), tokensOf(b)];
    return sb - sa || tb - ta;
  });
  const front: BatchShape[] = [];
  let most = -1;
  for (const shape of sorted) {
    const [, target] = tokensOf(shape);
    if (target <= most) continue;
    most = target;
    front.push(shape);
  }
  if (front.length <= MOST) return front;
  return Array.from({ length: MOST }, (_, i) => front[Math.round((i * (front.length - 1)) / (MOST - 1))]!);
}

export const shapeOf = ({ examples, sourceLength, targetLength }: Batch): BatchShape => ({
  rows: examples.length,
  sourceLength,
  targetLength,
});

/** The shapes of an epoch of examples in memory. Lengths are cut alike in every epoch, but for sentences of equal length. */
export function epochShapes(examples: readonly Example[], batchTokens: number, seed: number): BatchShape[] {
  return epochBatches(examples, batchTokens, seed, 0).map(shapeOf);
}

/** For data that is read as it comes: both sides filled to the budget, by sentences of `length` tokens. */
export const fullBatch = (batchTokens: number, length = 32): BatchShape => {
  const side = Math.max(2, Math.min(length, batchTokens));
  return { rows: Math.max(1, Math.floor(batchTokens / side)), sourceLength: side, targetLength: side };
};

/** The shapes that a source of batches may give. */
export const shapesOf = (source: BatchSource, batchTokens: number): BatchShape[] =>
  source instanceof MemoryBatches
    ? largestShapes(epochShapes(source.examples, source.batchTokens, source.seed))
    : [fullBatch(batchTokens)];

/** A batch of a shape; it does not matter of which tokens. */
export function batchOf({ rows, sourceLength, targetLength }: BatchShape): Batch {
  const example = { source: Array<number>(sourceLength).fill(0), target: Array<number>(targetLength).fill(0) };
  return { examples: Array<Example>(rows).fill(example), sourceLength, targetLength };
}
