/** Training: the trainer, where a run is, and what makes its result better. */
export { batchLoss } from './loss.ts';
export type { TrainOptions, TrainSettings, TrainStep } from './options.ts';
export { decodeState, encodeState, type TrainState } from './state.ts';
export { type TrainData, Trainer, train } from './trainer.ts';
