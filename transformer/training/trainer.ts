import {
  Adam,
  ArgumentError,
  ExponentialAverage,
  full,
  gradNorm,
  HeddleError,
  type HostTensor,
  LossScaler,
  scope,
  type Tensor,
  unscoped,
} from '../../engine/index.ts';
import type { Translator } from '../model/translate.ts';
import { type Batch, encodePair, type Pair, targetTokens, uploadBatch } from '../text/data/batches.ts';
import { type BatchSource, batchGroups, type DataPosition, MemoryBatches } from '../text/data/index.ts';
import { trainingLoss } from './loss.ts';
import { ADAM, settingsOf, type TrainOptions, type TrainSettings, type TrainStep } from './options.ts';
import { checkSpecialTokens } from './specialTokens.ts';
import type { TrainState, ValidationState } from './state.ts';
import { PassStreams } from './streams.ts';
import { type Validation, Validator } from './validation.ts';

/** What to learn from: pairs in memory, or batches that come from anywhere, such as `StreamBatches` of a large file. */
export type TrainData = readonly Pair[] | BatchSource;

/**
 * Trains step by step: `for await (const s of trainer.run()) console.log(s.loss)`. Stop by leaving the loop; `state()`
 * then gives what `restore` goes on from, with exactly the losses that would have come: which batches a step takes and
 * what dropout leaves out are functions of the data, the seed and the step.
 *
 * A step whose loss or gradient is not finite ends the run with an error that says so; parameters are as before it. In
 * float16 a gradient may overflow: such a step is left out, and the loss scale lowered.
 */
export class Trainer implements Disposable {
  readonly translator: Translator;
  readonly optimizer: Adam;
  readonly settings: TrainSettings;
  readonly #source: BatchSource;
  readonly #streams: PassStreams;
  readonly #average: ExponentialAverage | null;
  readonly #scaler: LossScaler | null;
  readonly #validator: Validator | null;
  #step = 0;
  #position: DataPosition = { epoch: 0, batch: 0 };

  private constructor(
    translator: Translator,
    source: BatchSource,
    settings: TrainSettings,
    scaler: LossScaler | null,
    validator: Validator | null,
  ) {
    this.translator = translator;
    this.#source = source;
    this.settings = settings;
    this.#streams = new PassStreams(translator.model, settings.seed);
    this.#scaler = scaler;
    this.#validator = validator;
    const parameters = translator.model.flattenParameters().parameters();
    this.optimizer = new Adam(parameters, ADAM);
    this.#average = settings.ema === null ? null : new ExponentialAverage(parameters, settings.ema);
  }

  /** @throws {ArgumentError} for an option out of its range, no pairs, and tokenizers that do not pad as the model does */
  static create(translator: Translator, data: TrainData, options: TrainOptions = {}): Trainer {
    const { source, target, model } = translator;
    checkSpecialTokens(translator);
    const given = settingsOf(options, model.config.dModel);
    const batches =
      'batches' in data
        ? data
        : new MemoryBatches(
            data.map((pair) => encodePair(pair, source, target)),
            given,
          );
    const { validation } = options;
    const validator = validation === undefined ? null : new Validator(translator, validation, given.batchTokens);
    const settings = { ...given, ...lengthOf(given, batches.batchesPerEpoch) };
    const scaler = given.precision === 'float16' ? new LossScaler(options.lossScale) : null;
    return new Trainer(translator, batches, settings, scaler, validator);
  }

  /**
   * Goes on from where a state was taken, with the parameters of that moment in the model. A moving average that the
   * state has not begins with the next step; one that was not asked for is left out.
   *
   * @throws {ArgumentError} for the state of another model or another seed
   */
  async restore({ step, position, seed, optimizer, ema, lossScaler, validation }: TrainState): Promise<void> {
    if (seed !== this.settings.seed) {
      throw new ArgumentError(
        `restore: the state of a run with seed ${seed}, expected ${this.settings.seed}, which this trainer was told. ` +
          'Dropout and the order of the data come from it: make the trainer with the seed of the run.',
      );
    }
    this.optimizer.loadStateDict(optimizer);
    if (ema !== null) this.#average?.load(ema);
    if (lossScaler !== null) this.#scaler?.load(lossScaler);
    if (validation !== null) this.#validator?.restore(validation);
    this.#step = step;
    this.#position = position;
  }

  /** Where the run is; with the parameters, all that `restore` needs. Take it between steps. */
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
   * Runs `body` while the model holds the moving average of its weights, and puts its own back: to translate, to measure,
   * to save. No step may be taken meanwhile. Without `ema`, and before the first step, with its own weights.
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

  /** The weights of the moving average under the model's names, read off the device; without `ema`, the model's own. */
  averaged(): Promise<Record<string, HostTensor>> {
    return this.withAverage(() => this.translator.model.stateDict());
  }

  async *run(): AsyncGenerator<TrainStep, void> {
    const { steps, epochs, accumulate } = this.settings;
    let seen = 0;
    let seconds = 0;
    let since = performance.now();
    if (this.#ended) return;
    for await (const { batches, position } of batchGroups(this.#source, accumulate, this.#position)) {
      const { epoch } = position;
      if (epochs !== null && epoch >= epochs) return;
      const result = await this.#update(batches);
      this.#step++;
      this.#position = position;
      seen += result.tokens;
      seconds += (performance.now() - since) / 1000;
      const validation = await this.#validate();
      const stopped = this.#validator?.exhausted ?? false;
      const tokensPerSecond = seen / Math.max(1e-3, seconds);
      since = performance.now();
      yield { ...result, step: this.#step, steps, epoch, tokensPerSecond, validation, stopped };
      if (this.#ended) return;
    }
  }

  get #ended(): boolean {
    const { steps } = this.settings;
    return (steps !== null && this.#step >= steps) || (this.#validator?.exhausted ?? false);
  }

  /** Measures the model where it is time, and after the last step. */
  async #validate(): Promise<Validation | null> {
    const [step, validator] = [this.#step, this.#validator];
    if (validator === null || !(step % validator.every === 0 || step === this.settings.steps)) return null;
    return this.withAverage(() => validator.measure(step));
  }

  /**
   * One step: gradients of all its batches, clipped, then Adam. The device is waited for once, before the parameters
   * change, so that gradients which are not finite never reach them.
   */
  async #update(batches: readonly Batch[]): Promise<StepResult> {
    const { model } = this.translator;
    const { schedule, clipNorm } = this.settings;
    const step = this.#step + 1;
    const lr = schedule(step);
    const counts = batches.map((batch) => targetTokens(batch, model.config.padId));
    const tokens = counts.reduce((a, b) => a + b, 0);
    const weights = counts.map((n) => n / Math.max(1, tokens));
    const losses: Tensor[] = [];
    const read: Tensor[] = [];
    try {
      model.train();
      for (const [i, batch] of batches.entries()) {
        losses.push(this.#accumulate(batch, step, i, weights[i]!));
        await model.device.throttle();
      }
      const largest = clipNorm > 0 ? clipNorm : Number.POSITIVE_INFINITY;
      const lossScale = this.#scaler?.scale ?? null;
      const { norm, scale } = unscoped(() => gradNorm(model.parameters(), largest, { lossScale: lossScale ?? 1 }));
      read.push(norm, scale);
      const [total = Number.NaN, ...values] = await Promise.all([norm, ...losses].map((t) => t.item()));
      const loss = values.reduce((sum, value, i) => sum + weights[i]! * value, 0);
      const done = { loss, lr, tokens, lossScale };
      if (!Number.isFinite(loss)) throw notFinite(step, loss, total);
      if (this.#scaler?.update(total) === false) return { ...done, gradNorm: null, skipped: true };
      if (!Number.isFinite(total)) throw notFinite(step, loss, total);
      this.optimizer.lr = lr;
      this.optimizer.step({ gradScale: scale });
      this.#average?.update();
      return { ...done, gradNorm: total, skipped: false };
    } finally {
      this.optimizer.zeroGrad();
      for (const t of [...losses, ...read]) t.dispose();
    }
  }

  /**
   * Forward and backward of batch `index` of a step: adds weight · d loss / d parameter to the gradients, and gives the
   * loss, which the caller disposes. Draws dropout from streams of its own.
   */
  #accumulate(batch: Batch, step: number, index: number, weight: number): Tensor {
    const { model } = this.translator;
    this.#streams.begin(step * this.settings.accumulate + index);
    return unscoped(() =>
      scope(() => {
        const tensors = uploadBatch(batch, model.device, model.config.padId);
        const loss = trainingLoss(model, tensors, this.settings);
        if (this.#scaler !== null) this.#scaler.backward(loss, weight);
        else loss.backward(full([], weight, { device: model.device }));
        return loss.detach();
      }),
    );
  }

  /** Gives the memory of the optimizer and of the average back. The model stays. */
  dispose(): void {
    this.optimizer.dispose();
    this.#average?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

type StepResult = Pick<TrainStep, 'loss' | 'lr' | 'gradNorm' | 'tokens' | 'skipped' | 'lossScale'>;

const notFinite = (step: number, loss: number, norm: number): HeddleError =>
  new HeddleError(
    `train: loss ${loss}, gradient norm ${norm} at step ${step}. The parameters are those of the step before. ` +
      'Go on from an earlier checkpoint with a lower learning rate or more warm-up.',
  );

/** Epochs as steps, where the batches of one are counted. */
function lengthOf(
  { steps, epochs, accumulate }: TrainSettings,
  batchesPerEpoch: number | undefined,
): Pick<TrainSettings, 'steps' | 'epochs'> {
  if (epochs === null) return { steps, epochs };
  if (batchesPerEpoch === undefined) {
    if (Number.isInteger(epochs)) return { steps, epochs };
    throw new ArgumentError(`train: epochs ${epochs}, expected a whole number for data that is read as it comes.`);
  }
  const all = Math.ceil(epochs * Math.ceil(batchesPerEpoch / accumulate));
  return { steps: Math.min(all, steps ?? all), epochs: null };
}

/** Trains and yields every step; see {@link Trainer} for stopping and going on. */
export async function* train(
  translator: Translator,
  data: TrainData,
  options: TrainOptions = {},
): AsyncGenerator<TrainStep, void> {
  using trainer = Trainer.create(translator, data, options);
  if (options.resume !== undefined) await trainer.restore(options.resume);
  yield* trainer.run();
}
