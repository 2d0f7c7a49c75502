/** Training: the trainer, where a run is, and what makes its result better. */
export { averageStateDicts } from './average.ts';
export { batchLoss, trainingLoss } from './loss.ts';
export { ADAM, type TrainOptions, type TrainSettings, type TrainStep } from './options.ts';
export { decodeState, encodeState, type TrainState, type ValidationMetric, type ValidationState } from './state.ts';
export { type TrainData, Trainer, train } from './trainer.ts';
export { type Validation, type ValidationOptions, Validator } from './validation.ts';
