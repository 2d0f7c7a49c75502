/** heddle/transformer: the Transformer, its data, training and decoding. Everything public is exported here. */
export { MultiHeadAttention, type AttentionMask } from './attention.ts';
export { CHECKPOINT, decodeCheckpoint, encodeCheckpoint, type CheckpointFiles } from './checkpoint.ts';
export * from './corpus/index.ts';
export { encodePair, epochBatches, makeBatch, padded, uploadBatch, type Batch, type BatchTensors, type Example } from './data.ts';
export { greedyDecode, translate, translateBatch, type DecodeOptions, type Translation, type Translator } from './decode.ts';
export * from './evaluate/index.ts';
export { inspectTranslation, type InspectedTranslation } from './inspect.ts';
export { Decoder, DecoderLayer, Encoder, EncoderLayer, type DecoderMask, type LayerOptions } from './layers.ts';
export { Transformer, type TransformerConfig } from './model.ts';
export { sinusoidalPositions } from './positions.ts';
export { SimpleTransformer, type SimpleTransformerOptions } from './simple.ts';
export { BOS, EOS, PAD, SPECIAL, Tokenizer, UNK, type TokenizerKind } from './tokenizer.ts';
export { batchLoss, train, Trainer, type TrainOptions, type TrainState, type TrainStep } from './train.ts';
