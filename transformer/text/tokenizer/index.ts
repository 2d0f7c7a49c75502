/** Text to token ids and back: words, characters, learnt pairs, and any Hugging Face `tokenizer.json`. */
export type { BuildOptions } from './build.ts';
export type { AddedTokenConfig, StepConfig, TokenizerFile } from './format.ts';
export { withMarks } from './marks.ts';
export type { MergeProgress } from './pairTraining.ts';
export type { TokenizerKind } from './recipes.ts';
export { BOS, EOS, PAD, SPECIAL, type SpecialIds, type SpecialRole, UNK } from './special.ts';
export {
  type DecodeTextOptions,
  type EncodeTextOptions,
  type Encoding,
  Tokenizer,
  TokenizerBuilder,
  type TokenizerOptions,
} from './tokenizer.ts';
