/** Training language models: the next token at each position. */

import { crossEntropy, type Tensor } from '../../engine/index.ts';
import type { DecoderOnly } from '../model/decoderOnly.ts';
import type { LanguageModel } from '../model/generateText.ts';
import type { BatchSource } from '../text/data/index.ts';
import { nextTokenCount, type SequenceBatch, SequenceBatches, uploadNextTokens } from '../text/data/sequences.ts';
import type { Tokenizer } from '../text/tokenizer/index.ts';
import { check } from './check.ts';
import { type RecipeOptions, recipe } from './recipe.ts';
import { checkPadding } from './specialTokens.ts';
import type { TrainerOptions } from './trainerOptions.ts';

/** How to train a language model. Defaults: the optimizer and the schedule of the paper (Vaswani et al. 2017, section 5). */
export interface LanguageModelOptions extends RecipeOptions {
  /** ε of the smoothed targets. Default: 0. */
  readonly labelSmoothing?: number;
  /**
   * Where texts are given: the most tokens that the model reads of one. Longer texts are cut, each part beginning with the
   * last token of the part before. Default: the learned positions of the model; without them, texts are not cut.
   */
  readonly blockLength?: number;
  /** Texts to measure the model on while it trains, and when to stop. Default: none. */
  readonly validation?: {
    /** Not trained on. */
    readonly texts: readonly string[];
    /** Steps between two measurements. The last step of a run is measured too, where the number of steps is known. */
    readonly every: number;
    /** Ends the run when the loss was no better than its best this many times in a row. Default: never. */
    readonly patience?: number;
  };
}

/** The score of a language model. */
export type LanguageModelScores = {
  /** e^loss: the inverse of the geometric mean of the probabilities of the right tokens. */
  readonly perplexity: number;
};

/** The ids of a text: start token, text, end token. */
const encodeText = (tokenizer: Tokenizer, text: string): number[] => [
  tokenizer.mark('bos'),
  ...tokenizer.encode(text),
  tokenizer.mark('eos'),
];

/** Cut into parts of which `length` tokens are read and as many predicted. */
function blocks(ids: readonly number[], length: number): (readonly number[])[] {
  if (ids.length <= length + 1) return [ids];
  const count = Math.ceil((ids.length - 1) / length);
  return Array.from({ length: count }, (_, i) => ids.slice(i * length, (i + 1) * length + 1));
}

/**
 * The options of a `Trainer` for a language model:
 * `new Trainer(languageModelTraining({ model, tokenizer }, texts, options))`. Each text is a sequence, from the start to the
 * end token. The weight of a batch is the number of tokens that are predicted.
 *
 * @param data texts in memory, or batches of token ids from any source
 * @throws {ArgumentError} for an option out of its range, no texts, and a tokenizer that does not pad as the model does
 */
export function languageModelTraining(
  { model, tokenizer }: LanguageModel<DecoderOnly>,
  data: readonly string[] | BatchSource<SequenceBatch>,
  options: LanguageModelOptions = {},
): TrainerOptions<SequenceBatch, DecoderOnly, LanguageModelScores> {
  const { padId, dModel, positions, maxLength } = model.config;
  const { batchTokens, labelSmoothing = 0, warmup: _, validation, seed = 0, ...given } = options;
  const { blockLength = positions === 'learned' ? maxLength : Number.POSITIVE_INFINITY, ...training } = given;
  checkPadding('', tokenizer, padId);
  check('labelSmoothing', labelSmoothing, (e) => e >= 0 && e < 1, 'a number from 0 to below 1');
  check('blockLength', blockLength, (n) => n >= 1, 'a number of tokens from 1');
  const batchesOf = (texts: readonly string[]): SequenceBatches =>
    new SequenceBatches(
      texts.flatMap((text) => blocks(encodeText(tokenizer, text), blockLength)),
      { seed, ...(batchTokens !== undefined && { batchTokens }) },
    );
  const lossWith =
    (smoothing: number) =>
    (lm: DecoderOnly, batch: SequenceBatch): Tensor => {
      const { input, expected } = uploadNextTokens(batch, lm.device, padId);
      return crossEntropy(lm.forward(input), expected, { ignoreIndex: padId, labelSmoothing: smoothing });
    };
  return {
    ...training,
    ...recipe(options, dModel),
    seed,
    model,
    batches: 'batches' in data ? data : batchesOf(data),
    loss: lossWith(labelSmoothing),
    weight: (batch) => nextTokenCount(batch, padId),
    ...(validation && {
      validation: {
        every: validation.every,
        ...(validation.patience !== undefined && { patience: validation.patience }),
        batches: batchesOf(validation.texts).all(),
        loss: lossWith(0),
        measure: (_, loss) => ({ perplexity: Math.exp(loss) }),
      },
    }),
  };
}
