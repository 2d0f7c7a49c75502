import type { Outputs } from '../check/compare.ts';
import type { BackendKind, BenchCase } from '../suite/case.ts';

export const ENGINES = ['heddle', 'tensorflow', 'onnxruntime', 'jax', 'pytorch'] as const;
export type EngineName = (typeof ENGINES)[number];
export const PEERS = ENGINES.filter((name) => name !== 'heddle');

/** As their makers write them. */
export const TITLES: Readonly<Record<EngineName, string>> = {
  heddle: 'heddle',
  tensorflow: 'TensorFlow.js',
  onnxruntime: 'ONNX Runtime Web',
  jax: 'jax-js',
  pytorch: 'PyTorch',
};

export interface EngineOptions {
  readonly backend: BackendKind;
  readonly threads: number;
  /** Where the peers are installed: bench/peers, or its address in a page. */
  readonly peers: string;
}

export interface EngineFacts {
  readonly version: string;
  /** What it computes on, in its own words. */
  readonly device: string;
  /** True where that is a software adapter. */
  readonly software: boolean;
  /** Threads it computes on, as far as it can be told. */
  readonly threads: number;
  /** How its own documentation says that it is fastest, and what was done of that here. */
  readonly how: string;
}

/** Kernel calls, submissions and bind groups of one run in the steady state, and bytes at the fullest moment. */
export interface Counts {
  readonly dispatches?: number;
  readonly submits?: number;
  readonly bindGroups?: number;
  readonly buffers?: number;
  readonly peakBytes?: number;
  /** What was predicted of the peak. */
  readonly estimatedBytes?: number;
}

/** A case made ready in an engine. */
export interface Task {
  /** Runs it `times` over, and waits until the last run is done. */
  run(times: number): void | Promise<void>;
  /** What a run gives, read back: see the checks of each kind of case. */
  outputs(): Promise<Outputs>;
  counts?(): Promise<Counts>;
  dispose(): void;
}

/** A library under test. */
export interface Engine {
  readonly facts: EngineFacts;
  /** The case made ready, or why this engine cannot do it. */
  prepare(c: BenchCase): Promise<Task | string>;
  close(): Promise<void>;
}

/** An engine as the runner sees it, in this process or another. One case at a time. */
export interface Bench {
  readonly name: EngineName;
  readonly facts: EngineFacts;
  /** Null when it is ready, else why it cannot do the case. */
  prepare(c: BenchCase): Promise<string | null>;
  outputs(): Promise<Outputs>;
  /** Milliseconds of a run, a few times over. */
  sample(options: SampleOptions): Promise<number[]>;
  counts(): Promise<Counts>;
  /** Lets go of the case. */
  release(): Promise<void>;
  close(): Promise<void>;
}

export interface SampleOptions {
  /** Samples of one round. */
  readonly samples: number;
  /** Least seconds of a sample; short runs are repeated. */
  readonly seconds: number;
}
