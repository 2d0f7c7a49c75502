/** Training translators: teacher forcing on sentence pairs. */

import { ArgumentError, crossEntropy, type Tensor } from '../../engine/index.ts';
import type { Transformer } from '../model/transformer.ts';
import { type Translator, translateMany } from '../model/translate.ts';
import {
  type Batch,
  type BatchTensors,
  encodePair,
  epochBatches,
  type Pair,
  targetTokens,
  uploadBatch,
} from '../text/data/batches.ts';
import {
  type BatchSource,
  groupReferences,
  MemoryBatches,
  type ReferencedSentence,
  spread,
} from '../text/data/index.ts';
import { bleuTokenizer, corpusBleu, corpusChrf } from '../text/metrics/index.ts';
import { check } from './check.ts';
import { BATCH_TOKENS, type RecipeOptions, recipe } from './recipe.ts';
import { checkSpecialTokens } from './specialTokens.ts';
import type { TrainState } from './state.ts';
import { Trainer } from './trainer.ts';
import type { TrainerOptions, TrainStep } from './trainerOptions.ts';
import type { ValidatorOptions } from './validation.ts';

/** What to learn from: pairs in memory, or batches from any source, such as `StreamBatches` of a large file. */
export type TrainData = readonly Pair[] | BatchSource;

/** How to train a translator. Defaults: the paper's recipe (Vaswani et al. 2017, section 5) but for its size. */
export interface TrainOptions extends RecipeOptions {
  /** ε of the smoothed targets. Default: 0.1. */
  readonly labelSmoothing?: number;
  /** Sentences to measure the model on while it trains, and when to stop. Default: none. */
  readonly validation?: TranslationValidation;
}

/** What to measure a translator on, when, and when to stop. */
export interface TranslationValidation {
  /** Sentences that are not trained on, with one translation or with several; see `setAside` and `DataSplit`. */
  readonly pairs: readonly (Pair | ReferencedSentence)[];
  /** Steps between two measurements. The last step of a run is measured too, where the number of steps is known. */
  readonly every: number;
  /**
   * How many different source sentences to translate for BLEU and chrF, spread evenly over all. Translating takes longer than
   * the loss, which is always that of all pairs. Default: 100; 0 for none.
   */
  readonly sentences?: number;
  /** What tells better from worse. Default: 'loss'. */
  readonly metric?: ValidationMetric;
  /** Ends the run when the metric was no better than its best this many times in a row. Default: never. */
  readonly patience?: number;
  /**
   * Called, and waited for, after every batch: `done` of `total` sentences were measured. What it throws comes out of
   * the run, after a step that is done: `state()` can be saved, and the measurement is left out.
   */
  readonly onProgress?: (done: number, total: number) => void | Promise<void>;
}

/** What validation of a translator decides by: the loss, which should fall, or a score, which should rise. */
export type ValidationMetric = 'loss' | 'bleu' | 'chrf';

/** The scores of a translator. */
export type TranslationScores = {
  /** Corpus BLEU, 0 to 100, of greedy translations: by characters (`zh`) where words are not separated, else `13a`. Null where nothing is translated. */
  readonly bleu: number | null;
  /** Corpus chrF2, 0 to 100, of the same. */
  readonly chrf: number | null;
};

/** The mean cross-entropy of the next token over all positions that are not padding: a tensor of one element. */
export function batchLoss(
  model: Transformer,
  { source, input, expected }: BatchTensors,
  labelSmoothing: number,
): Tensor {
  const scores = model.forward(source, input);
  return crossEntropy(scores, expected, { ignoreIndex: model.config.padId, labelSmoothing });
}

const lossOf =
  (labelSmoothing: number) =>
  (model: Transformer, batch: Batch): Tensor =>
    batchLoss(model, uploadBatch(batch, model.device, model.config.padId), labelSmoothing);

/**
 * The options of a `Trainer` for a translator: `new Trainer(translationTraining(translator, pairs, options))`. The weight of
 * a batch is its number of target tokens.
 *
 * @throws {ArgumentError} for an option out of its range, no pairs, and tokenizers that do not pad as the model does
 */
export function translationTraining(
  translator: Translator,
  data: TrainData,
  options: TrainOptions = {},
): TrainerOptions<Batch, Transformer, TranslationScores> {
  const { source, target, model } = translator;
  const { batchTokens = BATCH_TOKENS, labelSmoothing = 0.1, warmup: _, validation, seed = 0, ...training } = options;
  checkSpecialTokens(translator);
  check('labelSmoothing', labelSmoothing, (e) => e >= 0 && e < 1, 'a number from 0 to below 1');
  return {
    ...training,
    ...recipe(options, model.config.dModel),
    seed,
    model,
    batches:
      'batches' in data
        ? data
        : new MemoryBatches(
            data.map((pair) => encodePair(pair, source, target)),
            { batchTokens, seed },
          ),
    loss: lossOf(labelSmoothing),
    weight: (batch) => targetTokens(batch, model.config.padId),
    ...(validation && { validation: translationValidation(translator, validation, batchTokens) }),
  };
}

/**
 * Trains a translator and yields every step: `for await (const { loss } of train(translator, pairs)) …`. See {@link Trainer}
 * for stopping and for continuing from `resume`, the state of an earlier run.
 */
export async function* train(
  translator: Translator,
  data: TrainData,
  { resume, ...options }: TrainOptions & { readonly resume?: TrainState } = {},
): AsyncGenerator<TrainStep<TranslationScores>, void> {
  using trainer = new Trainer(translationTraining(translator, data, options));
  if (resume !== undefined) await trainer.restore(resume);
  yield* trainer.run();
}

const SENTENCES = 100;

/**
 * Validation of a translator: the loss of all pairs, without label smoothing, and the scores of greedy translations.
 *
 * @throws {ArgumentError} for no pairs, and for options that do not fit
 */
export function translationValidation(
  translator: Translator,
  options: TranslationValidation,
  batchTokens = BATCH_TOKENS,
): ValidatorOptions<Batch, Transformer, TranslationScores> {
  const { pairs, every, sentences = SENTENCES, metric = 'loss', patience, onProgress } = options;
  check('validation.sentences', sentences, (n) => Number.isInteger(n) && n >= 0, 'a whole number from 0');
  check('validation.metric', metric, (m) => ['loss', 'bleu', 'chrf'].includes(m), "'loss', 'bleu' or 'chrf'");
  if (pairs.length === 0) throw new ArgumentError('train: validation.pairs is empty, expected at least one pair.');
  if (metric !== 'loss' && sentences === 0) {
    throw new ArgumentError(`train: validation.metric '${metric}' with 0 sentences to translate. Give some.`);
  }
  const all = pairs.flatMap((pair) =>
    'references' in pair ? pair.references.map((target) => ({ source: pair.source, target })) : [pair],
  );
  const { source, target } = translator;
  const examples = all.map((pair) => encodePair(pair, source, target));
  const batches = epochBatches(examples, batchTokens, 0, 0);
  const translated = spread(groupReferences(all), sentences);
  // sentences that were measured when a batch is done
  const doneAfter = new Map<Batch, number>();
  batches.reduce((done, batch) => {
    doneAfter.set(batch, done + batch.examples.length);
    return done + batch.examples.length;
  }, 0);
  const progress = async (done: number): Promise<void> => onProgress?.(done, examples.length + translated.length);
  return {
    ...{ every, batches, metric },
    ...(patience !== undefined && { patience }),
    loss: lossOf(0),
    weight: (batch) => targetTokens(batch, translator.model.config.padId),
    onBatch: (batch) => progress(doneAfter.get(batch)!),
    measure: () => scoresOf(translator, translated, (done) => progress(examples.length + done)),
  };
}

async function scoresOf(
  translator: Translator,
  sentences: readonly ReferencedSentence[],
  progress: (done: number) => Promise<void>,
): Promise<TranslationScores> {
  if (sentences.length === 0) return { bleu: null, chrf: null };
  const outputs = new Array<string>(sentences.length).fill('');
  const sources = sentences.map(({ source }) => source);
  let done = 0;
  for await (const batch of translateMany(translator, sources)) {
    for (const { place, translation } of batch) outputs[place] = translation.text;
    await progress((done += batch.length));
  }
  const references = sentences.map((s) => s.references);
  const bleu = corpusBleu(outputs, references, { tokenize: bleuTokenizer(references) });
  return { bleu: bleu.score, chrf: corpusChrf(outputs, references).score };
}
