import { Adam, noam, type Tensor } from '../../engine/index.ts';
import type { TrainingOptions } from './trainerOptions.ts';

/** The settings of Adam in the paper (Vaswani et al. 2017, section 5.3); the schedule sets the rate of every step. */
export const ADAM = { lr: 1, betas: [0.9, 0.98], eps: 1e-9 } as const;

/** Options of training for the models of this library. */
export interface RecipeOptions extends TrainingOptions {
  /** Where examples are given, not batches: rows × the longest sequence of a batch, padding counted. Default: 2048. */
  readonly batchTokens?: number;
  /** Of the default schedule: steps over which the rate rises. Default: 800. */
  readonly warmup?: number;
}

/** The optimizer and the schedule of the paper (section 5.3) where none are given. */
export const recipe = (
  { optimizer, schedule, warmup = 800 }: RecipeOptions,
  dModel: number,
): Required<Pick<TrainingOptions, 'optimizer' | 'schedule'>> => ({
  optimizer: optimizer ?? ((parameters: readonly Tensor[]) => new Adam(parameters, ADAM)),
  schedule: schedule ?? noam({ dModel, warmup }),
});

export const BATCH_TOKENS = 2048;
