/** Measuring a model on sentences it does not learn from, while it trains. */

import { ArgumentError, noGrad, scope, type Tensor, unscoped } from '../../engine/index.ts';
import { type Translator, translateMany } from '../model/translate.ts';
import { type Batch, encodePair, epochBatches, type Pair, targetTokens, uploadBatch } from '../text/data/batches.ts';
import { groupReferences, type ReferencedSentence, spread } from '../text/data/index.ts';
import { bleuTokenizer, corpusBleu, corpusChrf } from '../text/metrics/index.ts';
import { batchLoss } from './loss.ts';
import type { ValidationMetric, ValidationState } from './state.ts';

/** What to measure on, when, and when to stop. */
export interface ValidationOptions {
  /** Sentences that are not trained on, with a translation or with several; see `setAside` and `DataSplit`. */
  readonly pairs: readonly (Pair | ReferencedSentence)[];
  /** Steps between two measurements. The last step of a run is measured too, where the number of steps is known. */
  readonly every: number;
  /**
   * How many different source sentences to translate for BLEU and chrF, spread evenly over all: translating takes longer
   * than the loss, which is always that of all pairs. 0 for none. 100 unless told.
   */
  readonly sentences?: number;
  /** What tells better from worse: 'loss' (default), 'bleu' or 'chrf'. */
  readonly metric?: ValidationMetric;
  /** Ends the run when the metric was no better than its best this many times in a row. Default: never. */
  readonly patience?: number;
  /**
   * Called, and waited for, after every batch: `done` of `total` sentences were measured. What it throws comes out of
   * the run, behind a step that is done: `state()` can be saved, and the measurement is left out.
   */
  readonly onProgress?: (done: number, total: number) => void | Promise<void>;
}

/** What a model is worth. */
export interface Validation {
  /** Mean cross-entropy of the tokens of all pairs, without label smoothing and dropout; e^loss is the perplexity. */
  readonly loss: number;
  /** Corpus BLEU, 0 to 100, of greedy translations: by characters (`zh`) where words are not separated, else `13a`. Null where nothing is translated. */
  readonly bleu: number | null;
  /** Corpus chrF2, 0 to 100, of the same. */
  readonly chrf: number | null;
  /** Whether this is the best so far, by the metric. */
  readonly best: boolean;
}

const SENTENCES = 100;

/** Measures, and remembers the best. Draws no random numbers and leaves the model in the mode it was in. */
export class Validator {
  readonly every: number;
  readonly #translator: Translator;
  readonly #options: ValidationOptions;
  readonly #metric: ValidationMetric;
  readonly #batches: readonly Batch[];
  /** To translate. */
  readonly #sentences: readonly ReferencedSentence[];
  #best: ValidationState['best'] = null;
  #since = 0;

  /** @throws {ArgumentError} for no pairs, and for numbers out of their range */
  constructor(translator: Translator, options: ValidationOptions, batchTokens: number) {
    const { pairs, every, sentences = SENTENCES, metric = 'loss', patience } = options;
    const check = (name: string, value: number | undefined, least: number): void => {
      if (value === undefined || (Number.isInteger(value) && value >= least)) return;
      throw new ArgumentError(`train: validation.${name} ${value}, expected a whole number from ${least}.`);
    };
    check('every', every, 1);
    check('sentences', sentences, 0);
    check('patience', patience, 1);
    if (!['loss', 'bleu', 'chrf'].includes(metric)) {
      throw new ArgumentError(`train: validation.metric '${metric}', expected 'loss', 'bleu' or 'chrf'.`);
    }
    if (pairs.length === 0) throw new ArgumentError('train: validation.pairs is empty, expected at least one pair.');
    if (metric !== 'loss' && sentences === 0) {
      throw new ArgumentError(`train: validation.metric '${metric}' with 0 sentences to translate. Give some.`);
    }
    const all = pairs.flatMap((pair) =>
      'references' in pair ? pair.references.map((target) => ({ source: pair.source, target })) : [pair],
    );
    this.every = every;
    this.#translator = translator;
    this.#options = options;
    this.#metric = metric;
    const { source, target } = translator;
    const examples = all.map((pair) => encodePair(pair, source, target));
    this.#batches = epochBatches(examples, batchTokens, 0, 0);
    this.#sentences = spread(groupReferences(all), sentences);
  }

  /** The best so far. */
  get state(): ValidationState {
    return { metric: this.#metric, best: this.#best, since: this.#since };
  }

  /** Goes on from a state; by another metric, the best is looked for anew. */
  restore({ metric, best, since }: ValidationState): void {
    if (metric !== this.#metric) return;
    this.#best = best;
    this.#since = since;
  }

  /** Whether patience has run out. */
  get exhausted(): boolean {
    const { patience } = this.#options;
    return patience !== undefined && this.#since >= patience;
  }

  /** Measures the model as it stands after `step`. */
  async measure(step: number): Promise<Validation> {
    const all = total(this.#batches.map(({ examples }) => examples.length)) + this.#sentences.length;
    let done = 0;
    const advance = async (by: number): Promise<void> => this.#options.onProgress?.((done += by), all);
    const loss = await this.#loss(advance);
    const scores = await this.#scores(advance);
    const value = { loss, ...scores }[this.#metric] ?? Number.NaN;
    const better = this.#isBetter(value, loss);
    if (better) this.#best = { value, loss, step };
    this.#since = better ? 0 : this.#since + 1;
    return { loss, ...scores, best: better };
  }

  /** Of equal scores, as the 0 of a model that has hardly begun, the lower loss is the better one. */
  #isBetter(value: number, loss: number): boolean {
    if (this.#best === null) return !Number.isNaN(value);
    const gain = this.#metric === 'loss' ? this.#best.value - value : value - this.#best.value;
    return gain > 0 || (gain === 0 && loss < this.#best.loss);
  }

  async #loss(advance: Advance): Promise<number> {
    const { model } = this.#translator;
    const counts = this.#batches.map((batch) => targetTokens(batch, model.config.padId));
    const losses: Tensor[] = [];
    try {
      for (const batch of this.#batches) {
        losses.push(this.#batchLoss(batch));
        await model.device.throttle();
        await advance(batch.examples.length);
      }
      const values = await Promise.all(losses.map((t) => t.item()));
      return total(values.map((value, i) => value * counts[i]!)) / Math.max(1, total(counts));
    } finally {
      for (const t of losses) t.dispose();
    }
  }

  /** Mean loss of a batch, in evaluation mode and without a tape. The caller disposes it. */
  #batchLoss(batch: Batch): Tensor {
    const { model } = this.#translator;
    const { training } = model;
    model.eval();
    try {
      return unscoped(() =>
        scope(() => noGrad(() => batchLoss(model, uploadBatch(batch, model.device, model.config.padId), 0).detach())),
      );
    } finally {
      model.train(training);
    }
  }

  async #scores(advance: Advance): Promise<Pick<Validation, 'bleu' | 'chrf'>> {
    const sentences = this.#sentences;
    if (sentences.length === 0) return { bleu: null, chrf: null };
    const outputs = new Array<string>(sentences.length).fill('');
    const sources = sentences.map(({ source }) => source);
    for await (const batch of translateMany(this.#translator, sources)) {
      for (const { place, translation } of batch) outputs[place] = translation.text;
      await advance(batch.length);
    }
    const references = sentences.map((s) => s.references);
    const bleu = corpusBleu(outputs, references, { tokenize: bleuTokenizer(references) });
    return { bleu: bleu.score, chrf: corpusChrf(outputs, references).score };
  }
}

type Advance = (sentences: number) => Promise<void>;

const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
