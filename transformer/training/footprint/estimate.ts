import {
  type Device,
  defaultGenerator,
  Generator,
  init,
  MetaDevice,
  type ModuleOptions,
  manualSeed,
  scope,
  unscoped,
} from '../../../engine/index.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { Translator } from '../../model/translate.ts';
import { uploadBatch } from '../../text/data/batches.ts';
import type { BatchSource } from '../../text/data/index.ts';
import { Trainer, type TrainOptions, type TrainSettings, trainingLoss } from '../index.ts';
import { type BatchShape, batchOf } from './shapes.ts';

/** Bytes that training holds at its fullest moment, by what they are for. */
export interface MemoryEstimate {
  readonly parameters: number;
  readonly gradients: number;
  /** Running means of the optimizer, an average of the weights, tables of positions: all else that stays between steps. */
  readonly optimizer: number;
  /** The batch, and what the way forward saves of it for the way back. */
  readonly activations: number;
  /** What the fullest moment holds beside all that, such as gradients of activations. */
  readonly temporary: number;
  /** The sum of these: what `device.memory().peakBytes` comes to. */
  readonly peak: number;
  /** The largest single buffer. */
  readonly largest: number;
  /** The batch that takes the most. */
  readonly batch: BatchShape;
}

/** What will be trained, and how. */
export interface EstimateOptions extends Omit<TrainOptions, 'steps' | 'epochs' | 'resume' | 'validation'> {
  /** Makes the model, on the device that the options name. */
  readonly model: (options: ModuleOptions) => Transformer;
  readonly tokenizers: Pick<Translator, 'source' | 'target'>;
  /** Where it will be trained: its operations decide what is held for a moment. */
  readonly device: Pick<Device, 'name'>;
}

/**
 * The memory that training will take, counted rather than computed by formulas: model, optimizer and steps are the real
 * ones, on a device that holds nothing and computes nothing ({@link MetaDevice}). Whatever changes what is saved is in it
 * (recomputation, kinds of layers, another optimizer), and a model of any size takes a fraction of a second.
 *
 * `shapes`: the batches that may take the most, as `shapesOf` finds them. Validation by translating is not counted.
 */
export async function estimateMemory(
  shapes: readonly BatchShape[],
  { model: make, tokenizers, device: like, ...options }: EstimateOptions,
): Promise<MemoryEstimate> {
  const before = defaultGenerator.state;
  const device = new MetaDevice(like);
  try {
    const model = unscoped(() => init.skipInit(() => make({ device, generator: new Generator(0) })));
    const parameters = device.memory().liveBytes;
    model.flattenParameters();
    const gradients = device.memory().liveBytes - parameters;
    const passes = Math.min(2, options.accumulate ?? 1);
    const dry = { ...options, accumulate: passes, epochs: 1 };
    using trainer = Trainer.create({ model, ...tokenizers }, stepsOn(shapes, passes), dry);
    const peaks: number[] = [];
    for await (const _ of trainer.run()) {
      peaks.push(device.memory().peakBytes);
      device.resetPeak();
    }
    // the first step is there for what is only made when it ends
    const [, ...counted] = peaks;
    const peak = Math.max(...counted);
    const batch = shapes[counted.indexOf(peak)]!;
    const lasting = device.memory().liveBytes;
    const activations = savedBy(model, batch, trainer.settings) - lasting;
    return {
      parameters,
      gradients,
      optimizer: lasting - parameters - gradients,
      activations,
      temporary: peak - lasting - activations,
      peak,
      largest: device.largestBytes,
      batch,
    };
  } finally {
    manualSeed(before.seed).state = before;
  }
}

/** One epoch: a step of one short sentence, then a step of `passes` batches of each shape. */
const stepsOn = (shapes: readonly BatchShape[], passes: number): BatchSource => ({
  async *batches() {
    for (const shape of [{ rows: 1, sourceLength: 2, targetLength: 2 }, ...shapes]) {
      for (let i = 0; i < passes; i++) yield batchOf(shape);
    }
  },
});

/** All that is live when the way forward has been gone. */
function savedBy(model: Transformer, shape: BatchShape, settings: TrainSettings): number {
  using _ = scope();
  model.train();
  trainingLoss(model, uploadBatch(batchOf(shape), model.device, model.config.padId), settings);
  return model.device.memory().liveBytes;
}
