/** Reading corpora: files of sentence pairs, reports of what was wrong with them, splits, batches. */
export { bucketWidth, TokenBuckets } from './buckets.ts';
export { type EncodeOptions, encodePairs, encoder, type TextEncoding } from './encode.ts';
export {
  type BatchGroup,
  type BatchOptions,
  type BatchSource,
  batchesFrom,
  batchGroups,
  type DataPosition,
  LengthBatches,
  type LengthBatchOptions,
  MemoryBatches,
  StreamBatches,
  type StreamOptions,
} from './epochs.ts';
export type { BadLines, BadReason, FormatName, ReportFacts, UnknownPiece } from './facts.ts';
export type { Column, Keys, LineFormat, ObjectForm } from './formats.ts';
export { loadPairs, type NumberedPair, type PairFiles, type ReadOptions, readPairBlocks, readPairs } from './pairs.ts';
export { DataReport } from './report.ts';
export {
  type LabelledBatch,
  LabelledBatches,
  type LabelledSequence,
  type SequenceBatch,
  SequenceBatches,
} from './sequences.ts';
export { reservoir, shuffleBuffer } from './shuffle.ts';
export { type ByteInput, openFile, openUrl, type TextSource, textSource } from './source.ts';
export {
  DataSplit,
  groupReferences,
  type ReferencedSentence,
  type SetAsideOptions,
  type Share,
  SplitByShares,
  sameSentence,
  setAside,
} from './split.ts';
export { spread } from './spread.ts';
