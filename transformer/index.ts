/**
 * heddle/transformer: the Transformer, its data, training and decoding. Everything public is exported here.
 *
 * @module heddle/transformer
 */

export {
  type CrossAttention,
  crossAttention,
  type InspectedTranslation,
  inspectTranslation,
} from './interpret/crossAttention.ts';
export type { Both, Language } from './language/language.ts';
export { type AttentionMask, MultiHeadAttention, type MultiHeadAttentionOptions } from './model/attention.ts';
export {
  DecodingState,
  EncoderDecoderState,
  GrowingKeyValueCache,
  KeyValueCache,
  type LayerCache,
} from './model/cache.ts';
export type { Activation, ModelConfig, NormKind, Positions } from './model/config.ts';
export { DecoderOnly, type DecoderOnlyConfig } from './model/decoderOnly.ts';
export * from './model/decoding/index.ts';
export { type EmbeddingConfig, InputEmbedding, type InputEmbeddingOptions } from './model/embedding.ts';
export { EncoderOnly, type EncoderOnlyConfig } from './model/encoderOnly.ts';
export { continueText, type LanguageModel, type StreamedToken } from './model/generateText.ts';
export { Decoder, DecoderLayer, type DecoderMask, Encoder, EncoderLayer, type LayerOptions } from './model/layers.ts';
export { PositionTable, rotaryCosSin, rotaryTable, sinusoidalPositions, sinusoidTable } from './model/positions.ts';
export { SimpleTransformer, type SimpleTransformerOptions } from './model/simple.ts';
export { type Stacks, Transformer, type TransformerConfig } from './model/transformer.ts';
export {
  type PlacedTranslation,
  type ScoredTranslation,
  type Translation,
  type Translator,
  translate,
  translateBatch,
  translateMany,
  translateNBest,
  translateStream,
} from './model/translate.ts';
export * from './text/corpus/index.ts';
export {
  type Batch,
  type BatchTensors,
  type Example,
  encodePair,
  epochBatches,
  makeBatch,
  padded,
  uploadBatch,
} from './text/data/batches.ts';
export * from './text/data/index.ts';
export * from './text/metrics/index.ts';
export * from './text/tokenizer/index.ts';
export {
  CHECKPOINT,
  type Checkpoint,
  type CheckpointFiles,
  decodeCheckpoint,
  encodeCheckpoint,
  encodeModule,
  loadModule,
  type ModelWithTokenizers,
  type SavedModel,
} from './training/checkpoint.ts';
export * from './training/footprint/index.ts';
export * from './training/index.ts';
export * from './training/tasks/index.ts';
