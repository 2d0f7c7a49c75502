/** The memory of a training run, before it begins. */
export { type EstimateOptions, estimateMemory, type MemoryEstimate } from './estimate.ts';
export { type Excess, exceeded, largestBatchTokens, type MemoryLimits } from './fit.ts';
export { type BatchShape, fullBatch, largestShapes, shapeOf, shapesOf } from './shapes.ts';
export { estimateTranslatorMemory, type TranslatorEstimateOptions } from './translation.ts';
