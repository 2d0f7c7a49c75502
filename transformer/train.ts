import {
  Adam,
  ArgumentError,
  crossEntropy,
  gradNorm,
  HeddleError,
  manualSeed,
  noam,
  scope,
  type Tensor,
} from '../engine/index.ts';
import {
  type Batch,
  type BatchTensors,
  type Example,
  encodePair,
  epochBatches,
  type Pair,
  targetTokens,
  uploadBatch,
} from './data/batches.ts';
import type { Translator } from './decode.ts';
import type { Transformer } from './model.ts';
import { PAD } from './tokenizer/index.ts';

/** More than any model has dropouts in one step. */
const STREAMS_PER_STEP = 4096;

/** How to train. Defaults: the paper's recipe (section 5) but for its size. */
export interface TrainOptions {
  /** Steps in all; or give `epochs`. */
  readonly steps?: number;
  readonly epochs?: number;
  /** Target tokens in a batch, padding counted. */
  readonly batchTokens?: number;
  /** Learning rate at a step, counted from 1. Default: Noam with `warmup`. */
  readonly schedule?: (step: number) => number;
  readonly warmup?: number;
  readonly labelSmoothing?: number;
  /** Largest gradient norm; 0 for no clipping. */
  readonly clipNorm?: number;
  readonly seed?: number;
  /** The state of an earlier run to go on from. */
  readonly resume?: TrainState;
}

/** What happened in one step. */
export interface TrainStep {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly loss: number;
  readonly lr: number;
  readonly gradNorm: number;
  /** Target tokens of this step, padding not counted. */
  readonly tokens: number;
  /** Since the start of this call. */
  readonly tokensPerSecond: number;
}

/** Where a run is; with the parameters, all it takes to go on. */
export interface TrainState {
  readonly step: number;
  readonly optimizer: Awaited<ReturnType<Adam['stateDict']>>;
}

/** Mean cross-entropy of the next token over the places that are not padding. */
export function batchLoss(
  model: Transformer,
  { source, input, expected }: BatchTensors,
  labelSmoothing: number,
): Tensor {
  const scores = model.forward(source, input);
  return crossEntropy(scores, expected, { ignoreIndex: PAD, labelSmoothing });
}

/**
 * Trains step by step: `for await (const s of train(…)) console.log(s.loss)`. Stop by leaving the loop; `state()` of
 * the trainer then gives what `resume` takes. A loss that is not finite ends the run with an error that says so.
 * Every step draws its dropout from streams of its own, so a resumed run continues exactly.
 */
export class Trainer {
  readonly translator: Translator;
  readonly optimizer: Adam;
  readonly options: Required<Omit<TrainOptions, 'resume' | 'epochs' | 'schedule'>> & {
    readonly schedule: (step: number) => number;
  };
  readonly #examples: readonly Example[];
  #step = 0;

  private constructor(translator: Translator, examples: readonly Example[], options: Trainer['options']) {
    this.translator = translator;
    this.#examples = examples;
    this.options = options;
    this.optimizer = new Adam(translator.model.flattenParameters().parameters(), {
      lr: 1,
      betas: [0.9, 0.98],
      eps: 1e-9,
    });
  }

  static create(translator: Translator, pairs: readonly Pair[], options: TrainOptions = {}): Trainer {
    const { dModel } = translator.model.config;
    const examples = pairs.map((p) => encodePair(p, translator.source, translator.target));
    const { batchTokens = 2048, warmup = 800, seed = 0, labelSmoothing = 0.1, clipNorm = 1 } = options;
    const perEpoch = epochBatches(examples, batchTokens, seed, 0).length;
    const steps = options.steps ?? Math.ceil((options.epochs ?? 10) * perEpoch);
    if (!(Number.isInteger(steps) && steps > 0))
      throw new ArgumentError(`train: ${steps} steps, expected a whole number above 0.`);
    const schedule = options.schedule ?? noam({ dModel, warmup });
    return new Trainer(translator, examples, { steps, batchTokens, warmup, seed, labelSmoothing, clipNorm, schedule });
  }

  /** Goes on from where a state was taken. */
  async restore(state: TrainState): Promise<void> {
    this.#step = state.step;
    this.optimizer.loadStateDict(state.optimizer);
  }

  async state(): Promise<TrainState> {
    return { step: this.#step, optimizer: await this.optimizer.stateDict() };
  }

  get step(): number {
    return this.#step;
  }

  async *run(): AsyncGenerator<TrainStep, void> {
    const { steps, seed, batchTokens } = this.options;
    const started = performance.now();
    let seen = 0;
    let first = 0;
    for (let epoch = 0; this.#step < steps; epoch++) {
      const batches = epochBatches(this.#examples, batchTokens, seed, epoch);
      // a resumed run skips what it had seen
      const from = Math.max(0, this.#step - first);
      first += batches.length;
      for (const batch of batches.slice(from)) {
        if (this.#step >= steps) return;
        const result = await this.#update(batch);
        const tokens = targetTokens(batch);
        seen += tokens;
        const tokensPerSecond = (1000 * seen) / Math.max(1, performance.now() - started);
        yield { ...result, step: this.#step, steps, epoch, tokens, tokensPerSecond };
      }
    }
  }

  /** Forward, backward, clip, update; the loss and the gradient norm are read when all of it is under way. */
  async #update(batch: Batch): Promise<Pick<TrainStep, 'loss' | 'lr' | 'gradNorm'>> {
    const { model } = this.translator;
    const { schedule, labelSmoothing, clipNorm, seed } = this.options;
    const step = this.#step + 1;
    const lr = schedule(step);
    manualSeed(seed).state = { seed, stream: step * STREAMS_PER_STEP };
    model.train();
    using results = scope();
    const [loss, norm] = scope(() => {
      const tensors = uploadBatch(batch, model.device);
      const value = batchLoss(model, tensors, labelSmoothing);
      value.backward();
      const { norm: total, scale } = gradNorm(model.parameters(), clipNorm > 0 ? clipNorm : Number.POSITIVE_INFINITY);
      this.optimizer.lr = lr;
      this.optimizer.step({ gradScale: scale });
      this.optimizer.zeroGrad();
      return [value.detach(), total] as const;
    });
    await model.device.throttle();
    const [lossValue, normValue] = await Promise.all([loss.item(), norm.item()]);
    results.dispose();
    if (!Number.isFinite(lossValue) || !Number.isFinite(normValue)) {
      throw new HeddleError(
        `train: loss ${lossValue}, gradient norm ${normValue} at step ${step}. ` +
          'Go back to an earlier checkpoint with a lower learning rate or more warm-up.',
      );
    }
    this.#step = step;
    return { loss: lossValue, lr, gradNorm: normValue };
  }
}

/** Trains and yields every step; see {@link Trainer} for stopping and going on. */
export async function* train(
  translator: Translator,
  pairs: readonly Pair[],
  options: TrainOptions = {},
): AsyncGenerator<TrainStep, void> {
  const trainer = Trainer.create(translator, pairs, options);
  if (options.resume !== undefined) await trainer.restore(options.resume);
  yield* trainer.run();
}
