import {
  ArgumentError,
  type Device,
  defaultGenerator,
  Generator,
  init,
  MetaDevice,
  type Module,
  type ModuleOptions,
  manualSeed,
  scope,
  unscoped,
} from '../../../engine/index.ts';
import { Trainer, trainingLoss } from '../trainer.ts';
import type { TrainerOptions } from '../trainerOptions.ts';

/** The bytes that training holds at its peak, by purpose. */
export interface MemoryEstimate<Batch = unknown> {
  readonly parameters: number;
  readonly gradients: number;
  /** Running means of the optimizer, an average of the weights, tables of positions: all else that stays between steps. */
  readonly optimizer: number;
  /** The batch, and what the forward pass saves of it for the backward pass. */
  readonly activations: number;
  /** What the peak holds besides, such as gradients of activations. */
  readonly temporary: number;
  /** The sum of these: what `device.memory().peakBytes` comes to. */
  readonly peak: number;
  /** The largest single buffer. */
  readonly largest: number;
  /** The batch that takes the most. */
  readonly batch: Batch;
}

/** What is trained, and how: all that memory depends on. */
export interface EstimateOptions<Batch, Model extends Module> {
  /** Makes the model, on the device that the options name. */
  readonly model: (options: ModuleOptions) => Model;
  /** The options of the trainer, as `new Trainer` takes them. */
  readonly training: (model: Model) => Omit<TrainerOptions<Batch, Model>, 'batches' | 'validation'>;
  /** The batches that may take the most memory, or what makes them where they hold tensors. Only their shapes matter. */
  readonly batches: readonly Batch[] | ((device: Device) => readonly Batch[]);
  /** Where it will be trained: its operations determine what is held temporarily. */
  readonly device: Pick<Device, 'name'>;
}

/**
 * The memory that training will take, counted rather than computed by formulas: model, optimizer and steps are the real
 * ones, on a device that holds nothing and computes nothing ({@link MetaDevice}). Whatever changes what is saved is in it
 * (recomputation, kinds of layers, another optimizer), and a model of any size takes a fraction of a second. Validation is
 * not counted.
 *
 * ```ts
 * const { peak } = await estimateMemory({
 *   model: (options) => new Classifier(options),
 *   training: (model) => ({ model, loss: (m, { pixels, label }) => crossEntropy(m.forward(pixels), label) }),
 *   batches: [largest],
 *   device: await device(),
 * });
 * ```
 *
 * @throws {ArgumentError} for no batches
 */
export async function estimateMemory<Batch, Model extends Module>({
  model: make,
  training,
  batches: given,
  device: like,
}: EstimateOptions<Batch, Model>): Promise<MemoryEstimate<Batch>> {
  const before = defaultGenerator.state;
  const device = new MetaDevice(like);
  try {
    const model = unscoped(() => init.skipInit(() => make({ device, generator: new Generator(0) })));
    const parameters = device.memory().liveBytes;
    model.flattenParameters();
    const gradients = device.memory().liveBytes - parameters;
    const options = training(model);
    const batches = typeof given === 'function' ? unscoped(() => given(device)) : given;
    const [first] = batches;
    if (first === undefined) throw new ArgumentError('estimateMemory: no batches, expected at least one.');
    // a second batch of a step is the first that adds to gradients
    const accumulate = Math.min(2, options.accumulate ?? 1);
    // the first step is there for what is only made when it ends
    const steps = [first, ...batches].flatMap((batch) => Array.from({ length: accumulate }, () => batch));
    const { steps: _, ...rest } = options;
    using trainer = new Trainer<Batch, Model>({ ...rest, accumulate, epochs: 1, batches: steps });
    const peaks: number[] = [];
    for await (const _ of trainer.run()) {
      peaks.push(device.memory().peakBytes);
      device.resetPeak();
    }
    const [, ...counted] = peaks;
    const peak = Math.max(...counted);
    const batch = batches[counted.indexOf(peak)]!;
    const lasting = device.memory().liveBytes;
    const activations = savedBy(options, batch, trainer.settings.precision) - lasting;
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

/** All that is live after the forward pass. */
function savedBy<Batch, Model extends Module>(
  options: Pick<TrainerOptions<Batch, Model>, 'model' | 'loss'>,
  batch: Batch,
  precision: TrainerOptions<Batch>['precision'] & string,
): number {
  using _ = scope();
  const { model } = options;
  model.train();
  trainingLoss(options, batch, precision);
  return model.device.memory().liveBytes;
}
