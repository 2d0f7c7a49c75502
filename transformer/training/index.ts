/** Training: the trainer, what it is told for each kind of model, and what makes its result better. */
export { averageStateDicts } from './average.ts';
export {
  accuracy,
  type ClassificationOptions,
  type ClassificationScores,
  type Classifier,
  classificationTraining,
  type LabelledText,
} from './classification.ts';
export { type LanguageModelOptions, type LanguageModelScores, languageModelTraining } from './languageModel.ts';
export { ADAM, type RecipeOptions } from './recipe.ts';
export type { TrainSettings } from './settings.ts';
export { decodeState, encodeState, type TrainState, type ValidationState } from './state.ts';
export { Trainer } from './trainer.ts';
export type {
  BatchInput,
  LoaderLike,
  TrainerOptions,
  TrainingOptions,
  TrainStep,
} from './trainerOptions.ts';
export {
  batchLoss,
  type TrainData,
  type TrainOptions,
  type TranslationScores,
  type TranslationValidation,
  train,
  translationTraining,
  translationValidation,
  type ValidationMetric,
} from './translation.ts';
export {
  type Scores,
  type Validation,
  type ValidationOptions,
  Validator,
  type ValidatorOptions,
} from './validation.ts';
