/** Measuring a model on data that it does not learn from, while it trains. */

import { ArgumentError, type Module, noGrad, scope, type Tensor, unscoped } from '../../engine/index.ts';
import { check } from './check.ts';
import type { ValidationState } from './state.ts';

/** Scores by name, such as `{ accuracy }`; null where one was not computed. */
export type Scores<S> = { readonly [Name in keyof S]: number | null };

/** What to measure, when, and when to stop. */
export interface ValidationOptions<Batch, Model extends Module = Module, S extends Scores<S> = object> {
  /** Steps between two measurements. The last step of a run is measured too, where the number of steps is known. */
  readonly every: number;
  /** Batches that are not trained on. The mean of their losses is the `loss` of validation. */
  readonly batches: readonly Batch[];
  /** The loss of a batch, in evaluation mode and in float32. Default: that of training. */
  loss?(model: Model, batch: Batch): Tensor;
  /** What the loss is a mean over. Default: that of training. */
  weight?(batch: Batch): number;
  /** Scores besides the loss, such as accuracy or BLEU. The model is in evaluation mode. Default: none. */
  measure?(model: Model, loss: number): S | Promise<S>;
  /** What tells better from worse: 'loss' or the name of a score. Default: 'loss'. */
  readonly metric?: 'loss' | (keyof S & string);
  /** Whether the metric is better when it falls or when it rises. Default: 'min' for the loss, 'max' for a score. */
  readonly mode?: 'min' | 'max';
  /** Ends the run when the metric was no better than its best this many times in a row. Default: never. */
  readonly patience?: number;
  /**
   * Called, and waited for, after the loss of every batch. What it throws comes out of the run, after a step that is done:
   * `state()` can be saved, and the measurement is left out.
   */
  onBatch?(batch: Batch): void | Promise<void>;
}

/** What was measured: the mean loss, the scores, and whether this is the best so far by the metric. */
export type Validation<S = object> = S & { readonly loss: number; readonly best: boolean };

/** Options of validation without a trainer. */
export type ValidatorOptions<Batch, Model extends Module, S extends Scores<S> = object> = ValidationOptions<
  Batch,
  Model,
  S
> & { loss(model: Model, batch: Batch): Tensor };

/** Measures, and remembers the best. Draws no random numbers and leaves the model in the mode it was in. */
export class Validator<Batch, Model extends Module, S extends Scores<S> = object> {
  readonly #model: Model;
  readonly #options: ValidatorOptions<Batch, Model, S>;
  readonly #metric: string;
  #best: ValidationState['best'] = null;
  #since = 0;

  /** @throws {ArgumentError} for no batches, and for numbers out of their range */
  constructor(model: Model, options: ValidatorOptions<Batch, Model, S>) {
    const { batches, every, metric = 'loss', mode = null, patience = null } = options;
    const whole = (n: number): boolean => Number.isInteger(n) && n >= 1;
    check('validation.every', every, whole, 'a whole number from 1');
    check('validation.patience', patience, whole, 'a whole number from 1');
    check('validation.mode', mode, (m) => m === 'min' || m === 'max', "'min' or 'max'");
    if (batches.length === 0) {
      throw new ArgumentError('train: validation.batches is empty, expected at least one batch.');
    }
    this.#model = model;
    this.#options = options;
    this.#metric = metric;
  }

  /** Steps between two measurements. */
  get every(): number {
    return this.#options.every;
  }

  /** The best so far. */
  get state(): ValidationState {
    return { metric: this.#metric, best: this.#best, since: this.#since };
  }

  /** Continues from a state; with another metric, the search for the best begins again. */
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

  /**
   * Measures the model as it is after `step`.
   *
   * @throws {ArgumentError} where the metric is none of the scores
   */
  async measure(step: number): Promise<Validation<S>> {
    const loss = await this.#loss();
    const scores = await this.#scores(loss);
    const measured: Readonly<Record<string, number | null>> = { ...scores, loss };
    const value = measured[this.#metric];
    if (value === undefined) {
      throw new ArgumentError(
        `train: validation.metric '${this.#metric}', but ${Object.keys(measured).join(', ')} was measured.`,
      );
    }
    const better = this.#isBetter(value ?? Number.NaN, loss);
    if (better) this.#best = { value: value ?? Number.NaN, loss, step };
    this.#since = better ? 0 : this.#since + 1;
    return { loss, ...(scores as S), best: better };
  }

  /** Of equal scores, such as the 0 of a model that has hardly begun, the one with the lower loss is better. */
  #isBetter(value: number, loss: number): boolean {
    if (this.#best === null) return !Number.isNaN(value);
    const { mode = this.#metric === 'loss' ? 'min' : 'max' } = this.#options;
    const gain = mode === 'min' ? this.#best.value - value : value - this.#best.value;
    return gain > 0 || (gain === 0 && loss < this.#best.loss);
  }

  async #scores(loss: number): Promise<S | undefined> {
    const model = this.#model;
    const { training } = model;
    model.eval();
    try {
      return await this.#options.measure?.(model, loss);
    } finally {
      model.train(training);
    }
  }

  /** The mean of the batches' losses, by weight. */
  async #loss(): Promise<number> {
    const options = this.#options;
    const { batches } = options;
    const weights = batches.map((batch) => options.weight?.(batch) ?? 1);
    const losses: Tensor[] = [];
    try {
      for (const batch of batches) {
        losses.push(this.#batchLoss(batch));
        await this.#model.device.throttle();
        await options.onBatch?.(batch);
      }
      const values = await Promise.all(losses.map((t) => t.item()));
      const all = total(weights);
      return total(values.map((value, i) => value * weights[i]!)) / (all > 0 ? all : 1);
    } finally {
      for (const t of losses) t.dispose();
    }
  }

  /** The loss of a batch in evaluation mode, without a tape. The caller disposes it. */
  #batchLoss(batch: Batch): Tensor {
    const model = this.#model;
    const { training } = model;
    model.eval();
    try {
      return unscoped(() => scope(() => noGrad(() => this.#options.loss(model, batch).detach())));
    } finally {
      model.train(training);
    }
  }
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
