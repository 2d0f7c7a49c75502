export { Adafactor, type AdafactorOptions } from './adafactor.ts';
export { Adam, type AdamOptions, AdamW } from './adam.ts';
export { clipGradNorm, clipGradValue, type GradNorm, gradNorm } from './clip.ts';
export { type AverageState, ExponentialAverage } from './ema.ts';
export type { Span } from './kernels.ts';
export { Lion, type LionOptions } from './lion.ts';
export { LossScaler, type LossScalerOptions, type LossScalerState } from './lossScaler.ts';
export {
  type GroupOptions,
  Optimizer,
  type OptimizerState,
  type ParamGroup,
  type ParamState,
  type StepOptions,
  type StepRange,
} from './optimizer.ts';
export { type PlateauOptions, type PlateauState, ReduceLROnPlateau } from './plateau.ts';
export { RMSprop, type RMSpropOptions } from './rmsprop.ts';
export {
  constant,
  cosineDecay,
  type DecayOptions,
  exponentialDecay,
  linearDecay,
  multiStepDecay,
  noam,
  type OneCycleOptions,
  oneCycle,
  type Schedule,
  stepDecay,
  warmup,
} from './schedule.ts';
export { SGD, type SGDOptions } from './sgd.ts';
