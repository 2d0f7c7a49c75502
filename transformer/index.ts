/** heddle/transformer: the Transformer, its data, training and decoding. Everything public is exported here. */
export { type AttentionMask, MultiHeadAttention, type MultiHeadAttentionOptions } from './attention.ts';
export { DecoderState, GrowingKeyValues, KeyValues, type LayerCache, WritingState } from './cache.ts';
export { CHECKPOINT, type CheckpointFiles, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
export type { Activation, ModelConfig, NormKind, Positions } from './config.ts';
export * from './corpus/index.ts';
export {
  type Batch,
  type BatchTensors,
  type Example,
  encodePair,
  epochBatches,
  makeBatch,
  padded,
  uploadBatch,
} from './data/batches.ts';
export * from './data/index.ts';
export {
  type PlacedTranslation,
  type ScoredTranslation,
  type StreamedToken,
  type Translation,
  type Translator,
  translate,
  translateBatch,
  translateMany,
  translateNBest,
  translateStream,
} from './decode.ts';
export { DecoderOnly, type DecoderOnlyConfig } from './decoderOnly.ts';
export * from './decoding/index.ts';
export { InputEmbedding, type InputEmbeddingOptions } from './embedding.ts';
export { EncoderOnly, type EncoderOnlyConfig } from './encoderOnly.ts';
export * from './evaluate/index.ts';
export { type CrossAttention, crossAttention, type InspectedTranslation, inspectTranslation } from './inspect.ts';
export { Decoder, DecoderLayer, type DecoderMask, Encoder, EncoderLayer, type LayerOptions } from './layers.ts';
export * from './memory/index.ts';
export { Transformer, type TransformerConfig } from './model.ts';
export { PositionTable, rotaryTable, rotaryTurns, sinusoidalPositions, sinusoidTable } from './positions.ts';
export { SimpleTransformer, type SimpleTransformerOptions } from './simple.ts';
export * from './tasks/index.ts';
export * from './tokenizer/index.ts';
export * from './training/index.ts';
