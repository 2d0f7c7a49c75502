import type { Device, Tensor } from '../../../engine/index.ts';
import { longest, padded } from './batches.ts';
import { type BatchOptions, LengthBatches } from './epochs.ts';

/** Sequences of token ids, on the host. */
export interface SequenceBatch {
  readonly rows: readonly (readonly number[])[];
  /** Of the longest. */
  readonly length: number;
}

/** A sequence and the number of its class. */
export interface LabelledSequence {
  readonly ids: readonly number[];
  readonly label: number;
}

/** Sequences with the number of the class of each. */
export interface LabelledBatch extends SequenceBatch {
  readonly labels: readonly number[];
}

export const makeSequenceBatch = (rows: readonly (readonly number[])[]): SequenceBatch => ({
  rows,
  length: longest(rows),
});

export const makeLabelledBatch = (examples: readonly LabelledSequence[]): LabelledBatch => ({
  ...makeSequenceBatch(examples.map(({ ids }) => ids)),
  labels: examples.map(({ label }) => label),
});

/** Batches of sequences that are all in memory. */
export class SequenceBatches extends LengthBatches<readonly number[], SequenceBatch> {
  constructor(rows: readonly (readonly number[])[], options: BatchOptions = {}) {
    super(rows, { ...options, length: (ids) => ids.length, collate: makeSequenceBatch });
  }
}

/** Batches of labelled sequences that are all in memory. */
export class LabelledBatches extends LengthBatches<LabelledSequence, LabelledBatch> {
  constructor(examples: readonly LabelledSequence[], options: BatchOptions = {}) {
    super(examples, { ...options, length: ({ ids }) => ids.length, collate: makeLabelledBatch });
  }
}

/** What a language model reads of a batch, all but the last tokens, and what it must predict, all but the first. */
export interface NextTokenTensors {
  /** int32 [batch, L − 1] */
  readonly input: Tensor;
  /** int32 [batch, L − 1] */
  readonly expected: Tensor;
}

export const uploadNextTokens = ({ rows, length }: SequenceBatch, device: Device, padId: number): NextTokenTensors => ({
  input: padded(
    rows.map((ids) => ids.slice(0, -1)),
    length - 1,
    device,
    padId,
  ),
  expected: padded(
    rows.map((ids) => ids.slice(1)),
    length - 1,
    device,
    padId,
  ),
});

/** Tokens that a language model learns to predict in a batch, padding not counted. */
export const nextTokenCount = ({ rows }: SequenceBatch, padId: number): number =>
  rows.reduce((n, ids) => n + ids.slice(1).filter((id) => id !== padId).length, 0);
