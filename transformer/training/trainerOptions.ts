/** What a trainer is told, and what it reports. */

import type { LossScalerOptions, Module, Optimizer, Precision, Tensor } from '../../engine/index.ts';
import type { BatchSource, DataPosition } from '../text/data/index.ts';
import type { Scores, Validation, ValidationOptions } from './validation.ts';

/** Options of training, whatever the model is. */
export interface TrainingOptions {
  /** Steps in all. Where `epochs` is given too, whichever ends first. */
  readonly steps?: number;
  /** Passes through the data. Default: 10 where `steps` is not given. May end within an epoch (2.5) where its batches are counted. */
  readonly epochs?: number;
  /**
   * Batches of one step. Their gradients are added, each weighted by its share of the step's weight, so that the step is
   * that of one batch with all of their examples, in the memory of one. The last step of an epoch takes what is left.
   * Default: 1.
   */
  readonly accumulate?: number;
  /** Makes the optimizer of the parameters. Default: Adam; see also `schedule`. */
  readonly optimizer?: (parameters: readonly Tensor[]) => Optimizer<{ lr: number }>;
  /** The learning rate at a step, counted from 1. Default: the optimizer's own rate at every step. */
  readonly schedule?: (step: number) => number;
  /** The largest gradient norm; 0 for no clipping. Default: 1. */
  readonly clipNorm?: number;
  /** Determines dropout, and the order of the data where the trainer makes the batches. Default: 0. */
  readonly seed?: number;
  /**
   * The decay of an exponential moving average of the weights, such as 0.999 (about the last 1/(1 − d) steps; 0.99 for short
   * runs); see `ExponentialAverage`. The model trains on with its own weights; `trainer.averaged()` and `withAverage()` give
   * those of the average, and validation measures them. Default: none.
   */
  readonly ema?: number;
  /**
   * 'float16': mixed precision with a dynamic loss scale; see `autocast` and `LossScaler`. Weights, optimizer, loss and
   * validation stay float32. Default: 'float32'.
   */
  readonly precision?: Precision;
  /** Of float16: how the loss scale moves. */
  readonly lossScale?: LossScalerOptions;
}

/** Batches in a list, the same in every epoch; or from `DataLoader`; or from any other source. */
export type BatchInput<Batch> = readonly Batch[] | LoaderLike<Batch> | BatchSource<Batch>;

/** What a trainer needs of a `DataLoader`. */
export interface LoaderLike<Batch> extends AsyncIterable<Batch> {
  /** Batches of an epoch. */
  readonly length: number;
  state: DataPosition;
}

/** A model, what it learns from, and how. */
export interface TrainerOptions<Batch, Model extends Module = Module, S extends Scores<S> = object>
  extends TrainingOptions {
  readonly model: Model;
  readonly batches: BatchInput<Batch>;
  /**
   * The loss of a batch: the mean over its tokens, or whatever `weight` counts; one element. It runs in a scope, in training
   * mode and in the `precision` of training, and makes the tensors that it needs on `model.device`.
   */
  loss(model: Model, batch: Batch): Tensor;
  /** What `loss` is a mean over: tokens, examples. Default: 1 for each batch. */
  weight?(batch: Batch): number;
  /** How to measure the model while it trains, and when to stop. Default: not at all. */
  readonly validation?: ValidationOptions<Batch, Model, S>;
}

/** What happened in one step. */
export interface TrainStep<S extends Scores<S> = object> {
  /** From 1. */
  readonly step: number;
  /** Steps in all; null where only epochs are given, of data whose batches are not counted before they are read. */
  readonly steps: number | null;
  /** The epoch of the step's batches, from 0. */
  readonly epoch: number;
  /** The mean over the weight of the step. */
  readonly loss: number;
  readonly lr: number;
  /** Before clipping; null for a step that was skipped. */
  readonly gradNorm: number | null;
  /**
   * True for a step that was skipped because a gradient overflowed float16: the weights are as before, and the loss scale
   * is lower. It counts as a step, and its examples are passed over.
   */
  readonly skipped: boolean;
  /** The factor that the loss of this step was multiplied by; null in float32. */
  readonly lossScale: number | null;
  /** The weight of the step's batches: their target tokens, examples, or what else `weight` counts. */
  readonly weight: number;
  /** Since the start of this call, without the time of validation. */
  readonly weightPerSecond: number;
  /** What was measured after this step; null on steps without validation. */
  readonly validation: Validation<S> | null;
  /** True on a step that ends the run early: the metric of validation got no better `patience` times. */
  readonly stopped: boolean;
}
