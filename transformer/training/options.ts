/** What training is told, and what it tells. */

import { ArgumentError, type LossScalerOptions, noam, type Precision } from '../../engine/index.ts';
import type { TrainState } from './state.ts';
import type { Validation, ValidationOptions } from './validation.ts';

/** How to train. Defaults: the paper's recipe (Vaswani et al. 2017, section 5) but for its size. */
export interface TrainOptions {
  /** Steps in all. Where `epochs` is given too, whichever ends first. */
  readonly steps?: number;
  /** Times through the data: 10 where neither is given. May end within an epoch (2.5) where pairs are given. */
  readonly epochs?: number;
  /** Where pairs are given: rows × the longest side of a batch, padding counted. 2048 unless told. */
  readonly batchTokens?: number;
  /**
   * Batches of one step: their gradients are added up, each weighted by its tokens, so that the step is that of one
   * batch with all of their sentences, in the memory of one. The last step of an epoch takes what is left. Default 1.
   */
  readonly accumulate?: number;
  /** Learning rate at a step, counted from 1. Default: Noam with `warmup`. */
  readonly schedule?: (step: number) => number;
  /** Of the default schedule: steps over which the rate rises. 800 unless told. */
  readonly warmup?: number;
  /** ε of the smoothed targets. 0.1 unless told. */
  readonly labelSmoothing?: number;
  /** Largest gradient norm; 0 for no clipping. 1 unless told. */
  readonly clipNorm?: number;
  /** Decides dropout, and the order where pairs are given. 0 unless told. */
  readonly seed?: number;
  /**
   * d of an exponential moving average of the weights, such as 0.999 (about the last 1/(1 − d) steps; 0.99 for short
   * runs); see `ExponentialAverage`. The model trains on with its own weights; `trainer.averaged()` and `withAverage()`
   * give those of the average, and validation measures them. Default: none.
   */
  readonly ema?: number;
  /**
   * 'float16': mixed precision with a dynamic loss scale; see `autocast` and `LossScaler`. Weights, optimizer, loss and
   * validation stay float32. 'float32' unless told.
   */
  readonly precision?: Precision;
  /** Of float16: how the loss scale moves. */
  readonly lossScale?: LossScalerOptions;
  /** Sentences to measure the model on while it trains, and when to stop. Default: none. */
  readonly validation?: ValidationOptions;
  /** For {@link train}: the state of an earlier run to go on from. */
  readonly resume?: TrainState;
}

/** The optimizer of the paper (section 5.3); the schedule sets the rate of every step. */
export const ADAM = { lr: 1, betas: [0.9, 0.98], eps: 1e-9 } as const;

/** What happened in one step. */
export interface TrainStep {
  /** From 1. */
  readonly step: number;
  /** Steps in all; null where only epochs are given, of data whose batches are not counted before they are read. */
  readonly steps: number | null;
  /** The epoch the step's batches are of, from 0. */
  readonly epoch: number;
  /** Mean over the tokens of the step, of the smoothed targets. */
  readonly loss: number;
  readonly lr: number;
  /** Before clipping; null for a step that was left out. */
  readonly gradNorm: number | null;
  /**
   * True for a step that was left out, since a gradient overflowed float16: the weights are as before, and the loss scale
   * is lower. It counts as a step, and its sentences are passed over.
   */
  readonly skipped: boolean;
  /** What the loss of this step was multiplied by; null in float32. */
  readonly lossScale: number | null;
  /** Target tokens of this step, padding not counted. */
  readonly tokens: number;
  /** Since the start of this call, validation not counted. */
  readonly tokensPerSecond: number;
  /** What the model was worth after this step; null on steps without validation. */
  readonly validation: Validation | null;
  /** True on a step that ends the run before its time: the metric of validation got no better `patience` times. */
  readonly stopped: boolean;
}

/** Options with every default filled in. */
export interface TrainSettings {
  readonly steps: number | null;
  readonly epochs: number | null;
  readonly batchTokens: number;
  readonly accumulate: number;
  readonly schedule: (step: number) => number;
  readonly labelSmoothing: number;
  readonly clipNorm: number;
  readonly seed: number;
  /** Null for no average. */
  readonly ema: number | null;
  readonly precision: Precision;
}

const EPOCHS = 10;

/** @throws {ArgumentError} for a number out of its range */
export function settingsOf(options: TrainOptions, dModel: number): TrainSettings {
  const { batchTokens = 2048, accumulate = 1, warmup = 800, labelSmoothing = 0.1, clipNorm = 1, seed = 0 } = options;
  const { precision = 'float32', ema = null, steps = null, epochs = steps === null ? EPOCHS : null } = options;
  const check = (name: string, value: number | string, fits: boolean, expected: string): void => {
    if (!fits) throw new ArgumentError(`train: ${name} ${value}, expected ${expected}.`);
  };
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (steps !== null) check('steps', steps, whole(steps), 'a whole number from 1');
  if (epochs !== null) check('epochs', epochs, epochs > 0 && Number.isFinite(epochs), 'a number above 0');
  check('accumulate', accumulate, whole(accumulate), 'a whole number from 1');
  check('labelSmoothing', labelSmoothing, labelSmoothing >= 0 && labelSmoothing < 1, 'a number from 0 to below 1');
  check('clipNorm', clipNorm, clipNorm >= 0, 'a number from 0, which is no clipping');
  check('seed', seed, Number.isSafeInteger(seed) && seed >= 0, 'a whole number from 0');
  if (ema !== null) check('ema', ema, ema >= 0 && ema < 1, 'a decay from 0 to below 1, such as 0.999');
  check('precision', precision, ['float32', 'float16'].includes(precision), 'float32 or float16');
  const schedule = options.schedule ?? noam({ dModel, warmup });
  return { steps, epochs, batchTokens, accumulate, schedule, labelSmoothing, clipNorm, seed, ema, precision };
}
