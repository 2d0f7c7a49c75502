import type { DType, Shape } from '../../engine/index.ts';

export const SUITES = ['kernels', 'attention', 'training', 'decode', 'overhead', 'memory'] as const;
export type SuiteName = (typeof SUITES)[number];

export type BackendKind = 'wasm' | 'webgpu';

/** How one input is drawn; see inputs.ts. */
export interface InputSpec {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** As in the cases of operations. `positive`: uniform in (0.1, 2.1). `integer`: 0 to high − 1. */
  readonly values?: 'normal' | 'positive' | 'integer' | 'distinct' | readonly number[];
  readonly high?: number;
  readonly scale?: number;
}

/** What a run does, to make a rate of its time: floating-point operations, bytes read and written, tokens. */
export interface Work {
  readonly unit: 'flops' | 'bytes' | 'tokens';
  readonly amount: number;
}

/** The encoder-decoder Transformer of the paper: post-norm, ReLU, sinusoidal positions, an output layer of its own. */
export interface ModelSize {
  readonly dModel: number;
  readonly heads: number;
  /** Layers of each stack. */
  readonly layers: number;
  readonly feedForward: number;
  readonly vocab: number;
}

interface Described {
  readonly suite: SuiteName;
  /** Tells it from every other case: `matmul 512×512×512`. */
  readonly name: string;
  readonly work: Work | null;
  /** The curve that it is a point of, and where: `matmul n×n×n` at 512. */
  readonly curve?: { readonly name: string; readonly size: number };
}

/**
 * One operation by its name in heddle: the output, and with `gradient` also d ⟨dy, output⟩ / d input for each of `gradient`,
 * where `dy` is one more input.
 */
export interface OpCase extends Described {
  readonly kind: 'op';
  readonly op: string;
  readonly inputs: Readonly<Record<string, InputSpec>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly gradient?: readonly string[];
}

/** `steps` steps of Adam on `count` numbers, with the gradient they have: the numbers after them. */
export interface AdamCase extends Described {
  readonly kind: 'adam';
  readonly count: number;
}

/** A whole training step: forward, backward, Adam, with dropout; rows of sentences without padding. */
export interface TrainingCase extends Described {
  readonly kind: 'training';
  readonly model: ModelSize;
  readonly rows: number;
  readonly sourceLength: number;
  readonly targetLength: number;
  readonly dropout: number;
}

/** Greedy decoding of `length` tokens for each row, no end mark allowed. */
export interface DecodeCase extends Described {
  readonly kind: 'decode';
  readonly model: ModelSize;
  readonly rows: number;
  readonly sourceLength: number;
  readonly length: number;
}

/** What one operation on four numbers costs in JavaScript, with or without a tape entry, or all the way back. */
export interface OverheadCase extends Described {
  readonly kind: 'overhead';
  readonly op: 'add' | 'matmul' | 'softmax';
  readonly pass: 'no gradient' | 'taped' | 'forward and backward';
}

/** Bytes at the fullest moment; `measures` says of what. */
export interface MemoryCase extends Described {
  readonly kind: 'memory';
  readonly measures:
    | { readonly what: 'attention'; readonly length: number; readonly composed: boolean }
    | { readonly what: 'training'; readonly training: TrainingCase };
}

export type BenchCase = OpCase | AdamCase | TrainingCase | DecodeCase | OverheadCase | MemoryCase;

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
