import {
  Adam,
  ArgumentError,
  autocast,
  ExponentialAverage,
  full,
  gradNorm,
  HeddleError,
  type HostTensor,
  LossScaler,
  type Module,
  type Optimizer,
  type Precision,
  ShapeError,
  scope,
  type Tensor,
  unscoped,
} from '../../engine/index.ts';
import { type BatchSource, batchGroups, type DataPosition } from '../text/data/index.ts';
import { batchSource } from './batches.ts';
import { settingsOf, type TrainSettings } from './settings.ts';
import type { TrainState, ValidationState } from './state.ts';
import { PassStreams } from './streams.ts';
import type { TrainerOptions, TrainStep } from './trainerOptions.ts';
import { type Scores, type Validation, Validator } from './validation.ts';

/**
 * Trains any module, step by step:
 *
 * ```ts
 * const trainer = new Trainer({
 *   model,
 *   batches: new DataLoader(examples, { batchSize: 32, shuffle: true, dtypes: { label: 'int32' } }),
 *   loss: (model, { pixels, label }) => crossEntropy(model.forward(pixels), label),
 *   weight: ({ label }) => label.size,
 *   epochs: 5,
 * });
 * for await (const { step, loss } of trainer.run()) console.log(step, loss);
 * ```
 *
 * For the models of this library `translationTraining`, `languageModelTraining` and `classificationTraining` give the
 * options. Leave the loop to stop; `state()` and the parameters are then all that it takes to continue with exactly the
 * losses that would have followed: which batches a step takes and what dropout leaves out are functions of the data, the seed
 * and the step.
 *
 * A step whose loss or gradient is not finite ends the run with an error; the parameters are those of the step before. In
 * float16 a gradient may overflow: such a step is skipped, and the loss scale lowered.
 */
export class Trainer<Batch = unknown, Model extends Module = Module, S extends Scores<S> = object>
  implements Disposable
{
  readonly model: Model;
  readonly optimizer: Optimizer<{ lr: number }>;
  readonly settings: TrainSettings;
  readonly #options: Pick<TrainerOptions<Batch, Model>, 'model' | 'loss' | 'weight' | 'schedule'>;
  readonly #source: BatchSource<Batch>;
  readonly #streams: PassStreams;
  readonly #average: ExponentialAverage | null;
  readonly #scaler: LossScaler | null;
  readonly #validator: Pick<Validator<Batch, Model, S>, 'every' | 'state' | 'exhausted' | 'restore' | 'measure'> | null;
  #step = 0;
  #position: DataPosition = { epoch: 0, batch: 0 };

  /**
   * Moves the parameters into one buffer (`flattenParameters`), and makes the optimizer.
   *
   * @throws {ArgumentError} for an option out of its range
   */
  constructor(options: TrainerOptions<Batch, Model, S>) {
    const { model, validation, optimizer = (parameters) => new Adam(parameters) } = options;
    this.model = model;
    this.#options = options;
    this.#source = batchSource(options.batches);
    this.settings = settingsOf(options, this.#source.batchesPerEpoch);
    const { seed, ema, precision } = this.settings;
    this.#validator =
      validation === undefined ? null : new Validator(model, { ...lossAndWeight(options), ...validation });
    this.#scaler = precision === 'float16' ? new LossScaler(options.lossScale) : null;
    this.#streams = new PassStreams(model, seed);
    const parameters = model.flattenParameters().parameters();
    this.optimizer = optimizer(parameters);
    this.#average = ema === null ? null : new ExponentialAverage(parameters, ema);
  }

  /**
   * Continues from where a state was taken, with the parameters of that moment in the model. A moving average that the state
   * lacks begins with the next step; one that was not asked for is ignored.
   *
   * @throws {ArgumentError} for the state of another model or another seed
   */
  async restore({ step, position, seed, optimizer, ema, lossScaler, validation }: TrainState): Promise<void> {
    if (seed !== this.settings.seed) {
      throw new ArgumentError(
        `restore: the state of a run with seed ${seed}, but this trainer has seed ${this.settings.seed}. ` +
          'Dropout and the order of the data depend on it: make the trainer with the seed of the run.',
      );
    }
    this.optimizer.loadStateDict(optimizer);
    if (ema !== null) this.#average?.load(ema);
    if (lossScaler !== null) this.#scaler?.load(lossScaler);
    if (validation !== null) this.#validator?.restore(validation);
    this.#step = step;
    this.#position = position;
  }

  /** The state of training between two steps. With the parameters it is all that `restore` needs. */
  async state(): Promise<TrainState> {
    const [step, position, { seed }] = [this.#step, this.#position, this.settings];
    const [lossScaler, validation] = [this.#scaler?.state() ?? null, this.#validator?.state ?? null];
    const [optimizer, ema] = await Promise.all([this.optimizer.stateDict(), this.#average?.state() ?? null]);
    return { step, position, seed, optimizer, ema, lossScaler, validation };
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Batches done. */
  get position(): DataPosition {
    return this.#position;
  }

  /** The best validation so far, and how many came since; null without validation. */
  get validation(): ValidationState | null {
    return this.#validator?.state ?? null;
  }

  /**
   * Runs `body` while the model holds the moving average of its weights, and then puts its own back: to evaluate it, or to
   * save it. No step may be taken meanwhile. Without `ema`, and before the first step, the model keeps its own weights.
   */
  async withAverage<T>(body: () => Promise<T>): Promise<T> {
    const average = this.#average;
    if (average === null || average.steps === 0 || average.swapped) return body();
    average.swap();
    try {
      return await body();
    } finally {
      average.swap();
    }
  }

  /** The weights of the moving average by the model's names, read off the device; without `ema`, the model's own. */
  averaged(): Promise<Record<string, HostTensor>> {
    return this.withAverage(() => this.model.stateDict());
  }

  /** Trains, and yields after every step. */
  async *run(): AsyncGenerator<TrainStep<S>, void> {
    const { steps, epochs, accumulate } = this.settings;
    let weight = 0;
    let seconds = 0;
    let since = performance.now();
    if (this.#ended) return;
    for await (const { batches, position } of batchGroups(this.#source, accumulate, this.#position)) {
      const { epoch } = position;
      if (epochs !== null && epoch >= epochs) return this.#release(batches);
      const result = await this.#update(batches);
      this.#step++;
      this.#position = position;
      weight += result.weight;
      seconds += (performance.now() - since) / 1000;
      const validation = await this.#validate();
      const stopped = this.#validator?.exhausted ?? false;
      const weightPerSecond = weight / Math.max(1e-3, seconds);
      since = performance.now();
      yield { ...result, step: this.#step, steps, epoch, weightPerSecond, validation, stopped };
      if (this.#ended) return;
    }
  }

  get #ended(): boolean {
    const { steps } = this.settings;
    return (steps !== null && this.#step >= steps) || (this.#validator?.exhausted ?? false);
  }

  /** Measures the model every `every` steps, and after the last one. */
  async #validate(): Promise<Validation<S> | null> {
    const [step, validator] = [this.#step, this.#validator];
    if (validator === null || !(step % validator.every === 0 || step === this.settings.steps)) return null;
    return this.withAverage(() => validator.measure(step));
  }

  /**
   * One step: the gradients of all its batches, clipped, then the optimizer. The device is waited for once, before the
   * parameters change, so that gradients that are not finite never reach them.
   */
  async #update(batches: readonly Batch[]): Promise<StepResult> {
    const { model, optimizer } = this;
    const { clipNorm } = this.settings;
    const options = this.#options;
    const { schedule } = options;
    const step = this.#step + 1;
    const lr = schedule?.(step) ?? optimizer.lr;
    const losses: Tensor[] = [];
    const read: Tensor[] = [];
    try {
      const all = batches.map((batch) => checkWeight(options.weight?.(batch) ?? 1));
      const weight = all.reduce((a, b) => a + b, 0);
      const shares = all.map((w) => w / (weight > 0 ? weight : 1));
      model.train();
      for (const [i, batch] of batches.entries()) {
        losses.push(this.#accumulate(batch, step, i, shares[i]!));
        await model.device.throttle();
      }
      const largest = clipNorm > 0 ? clipNorm : Number.POSITIVE_INFINITY;
      const lossScale = this.#scaler?.scale ?? null;
      const { norm, scale } = unscoped(() => gradNorm(model.parameters(), largest, { lossScale: lossScale ?? 1 }));
      read.push(norm, scale);
      const [total = Number.NaN, ...values] = await Promise.all([norm, ...losses].map((t) => t.item()));
      const loss = values.reduce((sum, value, i) => sum + shares[i]! * value, 0);
      const done = { loss, lr, weight, lossScale };
      if (!Number.isFinite(loss)) throw notFinite(step, loss, total);
      if (this.#scaler?.update(total) === false) return { ...done, gradNorm: null, skipped: true };
      if (!Number.isFinite(total)) throw notFinite(step, loss, total);
      if (schedule !== undefined) optimizer.lr = lr;
      optimizer.step({ gradScale: scale });
      this.#average?.update();
      return { ...done, gradNorm: total, skipped: false };
    } finally {
      optimizer.zeroGrad();
      for (const t of [...losses, ...read]) t.dispose();
      this.#release(batches);
    }
  }

  /**
   * Forward and backward of batch `index` of a step: adds share · d loss / d parameter to the gradients, and returns the
   * loss, which the caller disposes. Dropout has random streams of its own.
   */
  #accumulate(batch: Batch, step: number, index: number, share: number): Tensor {
    const { model } = this;
    this.#streams.begin(step * this.settings.accumulate + index);
    return unscoped(() =>
      scope(() => {
        const loss = trainingLoss(this.#options, batch, this.settings.precision);
        if (this.#scaler !== null) this.#scaler.backward(loss, share);
        else loss.backward(full([], share, { device: model.device }));
        return loss.detach();
      }),
    );
  }

  #release(batches: readonly Batch[]): void {
    for (const batch of batches) this.#source.release?.(batch);
  }

  /** Frees the memory of the optimizer and of the average. The model stays. */
  dispose(): void {
    this.optimizer.dispose();
    this.#average?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

type StepResult = Pick<TrainStep, 'loss' | 'lr' | 'gradNorm' | 'weight' | 'skipped' | 'lossScale'>;

/**
 * The loss of a batch in the precision of training. Of the forward pass only what the gradient needs is kept.
 *
 * @throws {ShapeError} for more than one element
 */
export const trainingLoss = <Batch, Model extends Module>(
  options: Pick<TrainerOptions<Batch, Model>, 'model' | 'loss'>,
  batch: Batch,
  precision: Precision,
): Tensor =>
  autocast(precision, () =>
    scope(() => {
      const value = options.loss(options.model, batch);
      if (value.size === 1) return value.ndim === 0 ? value : value.reshape([]);
      throw new ShapeError(
        `train: the loss is [${value.shape.join(', ')}], expected one element. Return the mean over the batch.`,
      );
    }),
  );

/** The defaults of validation. */
const lossAndWeight = <Batch, Model extends Module>(
  options: Pick<TrainerOptions<Batch, Model>, 'loss' | 'weight'>,
): Required<Pick<TrainerOptions<Batch, Model>, 'loss' | 'weight'>> => ({
  loss: (model, batch) => options.loss(model, batch),
  weight: (batch) => options.weight?.(batch) ?? 1,
});

function checkWeight(weight: number): number {
  if (Number.isFinite(weight) && weight >= 0) return weight;
  throw new ArgumentError(`train: a batch of weight ${weight}, expected a number from 0, such as its tokens.`);
}

const notFinite = (step: number, loss: number, norm: number): HeddleError =>
  new HeddleError(
    `train: loss ${loss}, gradient norm ${norm} at step ${step}. The parameters are those of the step before. ` +
      'Continue from an earlier checkpoint with a lower learning rate or more warm-up.',
  );
