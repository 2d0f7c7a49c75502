import { ArgumentError } from '../../../engine/index.ts';
import { BOS, EOS } from '../../text/tokenizer/index.ts';
import { type LogitsProcessor, noRepeatNgrams, repetitionPenalty, suppressTokens } from './logitsProcessors.ts';

/** Options of every decoding method. */
export interface DecodeOptions {
  /**
   * The most tokens to generate, the end token included. Default, per sentence: 2·source + 10, or as many as learned
   * positions leave room for.
   */
  readonly maxLength?: number;
  /** Keep the keys and values of earlier steps. Default: true. Otherwise every step computes all positions anew. */
  readonly cache?: boolean;
  /** θ ≥ 1: multiplies log p of every token that was generated before (Keskar et al. 2019, section 4.1). Default: 1 (off). */
  readonly repetitionPenalty?: number;
  /** n > 0: no n-gram is generated twice. Default: 0 (off). */
  readonly noRepeatNgram?: number;
  /** The id of the start token. Default: 1, as a tokenizer made here has it; `translate` asks the tokenizer. */
  readonly bos?: number;
  /** The id of the end token. Default: 2, likewise. */
  readonly eos?: number;
  /** Tokens that are never generated. Default: padding and the start token, unless it is also the end token. */
  readonly suppress?: readonly number[];
  /** α of the length penalty that scores are divided by. Default: 0.6; 0 is none. */
  readonly lengthPenalty?: number;
  /** Applied after those of the options above, in order. Default: none. */
  readonly logitsProcessors?: readonly LogitsProcessor[];
}

/** The options of decoding with every default filled in. */
export interface GenerationConfig {
  readonly bos: number;
  readonly eos: number;
  readonly maxLength: number | null;
  readonly cache: boolean;
  readonly lengthPenalty: number;
  readonly processors: readonly LogitsProcessor[];
  /** No token adds more than 0 to a score. Not known of the processors of a user, which may raise scores. */
  readonly scoresFall: boolean;
}

/**
 * Fills in the defaults, for a model whose padding is `padId`.
 *
 * @throws {ArgumentError} for a number out of its range; the message begins with `caller`
 */
export function generationConfig(caller: string, options: DecodeOptions, padId: number): GenerationConfig {
  const { maxLength, cache = true, repetitionPenalty: theta = 1, noRepeatNgram = 0, lengthPenalty = 0.6 } = options;
  const { bos = BOS, eos = EOS, suppress = [padId, bos].filter((id) => id !== eos), logitsProcessors = [] } = options;
  const refuse = (what: string): never => {
    throw new ArgumentError(`${caller}: ${what}`);
  };
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength >= 1)) {
    refuse(`maxLength ${maxLength}, expected a whole number of at least 1.`);
  }
  if (!(theta >= 1 && Number.isFinite(theta))) {
    refuse(`repetitionPenalty ${theta}, expected a number of at least 1 (1 is none, 1.2 is usual).`);
  }
  if (!(Number.isInteger(noRepeatNgram) && noRepeatNgram >= 0)) {
    refuse(`noRepeatNgram ${noRepeatNgram}, expected a whole number: 3 forbids repeating a trigram, 0 nothing.`);
  }
  if (!Number.isFinite(lengthPenalty)) refuse(`lengthPenalty ${lengthPenalty}, expected a number (0 is none).`);
  const processors = [
    ...(suppress.length > 0 ? [suppressTokens(suppress)] : []),
    ...(noRepeatNgram > 0 ? [noRepeatNgrams(noRepeatNgram)] : []),
    ...(theta > 1 ? [repetitionPenalty(theta)] : []),
    ...logitsProcessors,
  ];
  return {
    bos,
    eos,
    maxLength: maxLength ?? null,
    cache,
    lengthPenalty,
    processors,
    scoresFall: logitsProcessors.length === 0,
  };
}
