import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  DataLoader,
  type Device,
  Generator,
  Linear,
  Module,
  type ModuleOptions,
  mseLoss,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../engine/index.ts';
import {
  classificationTraining,
  continueText,
  DecoderOnly,
  decodeCheckpoint,
  EncoderOnly,
  encodeCheckpoint,
  encodeModule,
  estimateMemory,
  languageModelTraining,
  loadModule,
  type Scores,
  Tokenizer,
  Trainer,
  type TrainerOptions,
} from '../transformer/index.ts';
import { plainDevice, take } from './support/training.ts';

const TEXTS = ['the cat sat', 'the dog ran home', 'a cat ran', 'the cat ran home', 'a dog sat', 'a bird sat down'];
const TOKENIZER = Tokenizer.build('words', TEXTS);
const SMALL = { vocab: TOKENIZER.size, dModel: 16, heads: 2, layers: 1, feedForward: 32, dropout: 0.1 };

class Regression extends Module {
  readonly hidden: Linear;
  readonly output: Linear;

  constructor(options: ModuleOptions) {
    super();
    this.hidden = new Linear(2, 16, options);
    this.output = new Linear(16, 1, options);
  }

  forward(x: Tensor): Tensor {
    return this.output.forward(this.hidden.forward(x).tanh()).squeeze(-1);
  }
}

const POINTS = Array.from({ length: 50 }, (_, i) => {
  const x = [((i * 7) % 50) / 25 - 1, ((i * 13) % 50) / 25 - 1];
  return { x, y: x[0]! * x[1]! };
});

const device = await plainDevice();
const seeded = (): ModuleOptions => ({ device, generator: new Generator(3) });

/** What is trained: fresh each time, the same each time. */
interface Trained<Batch, Model extends Module, S extends Scores<S>> {
  readonly model: () => Model;
  readonly options: (model: Model) => TrainerOptions<Batch, Model, S>;
}

const kind = <Batch, Model extends Module, S extends Scores<S>>(of: Trained<Batch, Model, S>) => of;

const regression = kind({
  model: () => new Regression(seeded()),
  options: (model) => ({
    model,
    batches: new DataLoader(POINTS, { batchSize: 8, shuffle: true, seed: 1, device }),
    loss: (m, batch: { x: Tensor; y: Tensor }) => mseLoss(m.forward(batch.x), batch.y),
    weight: ({ y }) => y.size,
    accumulate: 2,
    epochs: 20,
    ema: 0.9,
    schedule: () => 0.02,
  }),
});

const languageModel = kind({
  model: () => new DecoderOnly(SMALL, seeded()),
  options: (model) =>
    languageModelTraining({ model, tokenizer: TOKENIZER }, TEXTS, {
      ...{ steps: 60, batchTokens: 16, schedule: () => 0.01, seed: 4, ema: 0.9 },
      validation: { texts: ['the dog sat'], every: 20 },
    }),
});

const classifier = kind({
  model: () => new EncoderOnly({ ...SMALL, classes: 2 }, seeded()),
  options: (model) =>
    classificationTraining(
      { model, tokenizer: TOKENIZER },
      TEXTS.map((text) => ({ text, label: text.includes('cat') ? 1 : 0 })),
      {
        ...{ steps: 60, batchTokens: 16, schedule: () => 0.01, seed: 4 },
        validation: { examples: [{ text: 'the cat sat home', label: 1 }], every: 20, metric: 'accuracy' },
      },
    ),
});

const weights = async (model: Module): Promise<number[]> =>
  Object.values(await model.stateDict()).flatMap(({ data }) => Array.from(data as Float32Array));

/** Trains to the end at once, and with an interruption from which new objects go on by way of files. */
async function twice<Batch, Model extends Module, S extends Scores<S>>({ model, options }: Trained<Batch, Model, S>) {
  using whole = model();
  using trainer = new Trainer(options(whole));
  const steps = await take(trainer);

  using begun = model();
  using first = new Trainer(options(begun));
  const before = await take(first, 7);
  const files = await encodeModule(begun, await first.state());
  using resumed = model();
  using second = new Trainer(options(resumed));
  await second.restore(loadModule(files, resumed)!);
  const after = await take(second);

  expect([...before, ...after].map(({ loss }) => loss)).toEqual(steps.map(({ loss }) => loss));
  expect(await weights(resumed)).toEqual(await weights(whole));
  expect(await second.averaged()).toEqual(await trainer.averaged());
  return steps;
}

describe('the trainer trains any module, and resumes it to the last bit', () => {
  it('one of its user, from a DataLoader, two batches to a step', async () => {
    const steps = await twice(regression);
    // 7 batches to an epoch: 3 steps of two and one of what is left
    expect(steps).toHaveLength(20 * 4);
    expect(steps.slice(0, 4).map(({ weight }) => weight)).toEqual([16, 16, 16, 2]);
    const mean = (of: typeof steps): number => of.reduce((sum, { loss }) => sum + loss, 0) / of.length;
    expect(mean(steps.slice(-4))).toBeLessThan(mean(steps.slice(0, 4)) / 4);
  });

  it('a language model, measured by its perplexity', async () => {
    const steps = await twice(languageModel);
    const measured = steps.flatMap(({ validation }) => (validation === null ? [] : [validation]));
    expect(measured).toHaveLength(3);
    const { loss, perplexity } = measured.at(-1)!;
    expect(perplexity).toBeCloseTo(Math.exp(loss), 10);
    expect(loss).toBeLessThan(measured[0]!.loss);
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss / 3);
  });

  it('a language model, which then continues a text', async () => {
    const text = 'a bird sat down';
    using model = new DecoderOnly({ ...SMALL, dropout: 0 }, seeded());
    const options = { steps: 60, schedule: () => 0.01 };
    using trainer = new Trainer(languageModelTraining({ model, tokenizer: TOKENIZER }, [text], options));
    await take(trainer);
    expect(await continueText({ model, tokenizer: TOKENIZER }, 'a bird', { maxLength: 5 })).toBe('sat down');
    expect(await continueText({ model, tokenizer: TOKENIZER }, 'a bird', { maxLength: 5, beam: 2 })).toBe('sat down');
  });

  it('a classifier, measured by its accuracy', async () => {
    const steps = await twice(classifier);
    expect(steps.at(-1)!.validation).toMatchObject({ accuracy: 1 });
    expect(steps.at(-1)!.loss).toBeLessThan(0.1);
  });
});

it('a checkpoint says which class it is of', async () => {
  using model = languageModel.model();
  const files = await encodeCheckpoint({ model, source: TOKENIZER, target: TOKENIZER });
  const read = decodeCheckpoint(files, device, DecoderOnly);
  expect(await read.model.stateDict()).toEqual(await model.stateDict());
  read.model.dispose();
  expect(() => decodeCheckpoint(files, device)).toThrow(/DecoderOnly/);
});

/** What is estimated for two steps of a batch, and what they take. */
async function memoryOf<Batch, Model extends Module>(
  model: (options: ModuleOptions) => Model,
  training: (model: Model) => Omit<TrainerOptions<Batch, Model>, 'batches' | 'validation'>,
  batches: (on: Device) => readonly Batch[],
) {
  const on = await plainDevice();
  const estimate = await estimateMemory({ model, training, batches, device: on });
  const real = model({ device: on, generator: new Generator(3) });
  using trainer = new Trainer({ ...training(real), epochs: 2, batches: batches(on) });
  await take(trainer);
  return { estimate, peak: on.memory().peakBytes };
}

describe('the memory of any model is estimated from its own steps', () => {
  it('one of its user', async () => {
    const { estimate, peak } = await memoryOf(
      (options) => new Regression(options),
      (model) => ({ model, loss: (m, { x, y }: { x: Tensor; y: Tensor }) => mseLoss(m.forward(x), y) }),
      (on) => [{ x: zeros([64, 2], { device: on }), y: zeros([64], { device: on }) }],
    );
    expect(peak).toBe(estimate.peak);
  });

  it('a language model', async () => {
    const { estimate, peak } = await memoryOf(
      (options) => new DecoderOnly(SMALL, options),
      (model) => {
        const { batches, validation, ...rest } = languageModelTraining({ model, tokenizer: TOKENIZER }, TEXTS);
        return rest;
      },
      () => [{ rows: Array.from({ length: 8 }, () => [4, 5, 6, 7, 8]), length: 5 }],
    );
    expect(peak).toBe(estimate.peak);
  });
});

it('names what does not fit', async () => {
  using model = new Regression(seeded());
  const batches = [{ x: zeros([3, 2], { device }), y: zeros([3], { device }) }];
  const given = { model, batches, steps: 2 };
  using shapeless = new Trainer({ ...given, loss: (m: Regression, { x }) => m.forward(x) });
  await expect(take(shapeless, 1)).rejects.toThrow(ShapeError);
  using weightless = new Trainer({
    ...given,
    loss: (m: Regression, { x, y }) => mseLoss(m.forward(x), y),
    weight: () => Number.NaN,
  });
  await expect(take(weightless, 1)).rejects.toThrow(/weight NaN/);
  using encoder = new EncoderOnly({ ...SMALL, classes: 2 }, seeded());
  expect(() => classificationTraining({ model: encoder, tokenizer: TOKENIZER }, [{ text: 'a', label: 2 }])).toThrow(
    ArgumentError,
  );
});

it('refuses a source without batches, which would train nothing and not say so', () => {
  const model = new Linear(2, 1, { device });
  const options = { model, loss: (m: Linear) => m.weight.square().mean(), epochs: 2 };
  const none = new DataLoader([[1, 2]], { batchSize: 2, dropLast: true, device });
  for (const batches of [[], none]) {
    expect(() => new Trainer<unknown, Linear>({ ...options, batches })).toThrow(/batches is empty/);
  }
});

describe('what a loader made', () => {
  class Points {
    readonly x: Tensor;

    constructor(x: Tensor) {
      this.x = x;
    }
  }
  const loader = () =>
    new DataLoader<number[], Points>(
      [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
      ],
      {
        collate: (rows) => new Points(tensor(rows, { device })),
        device,
      },
    );

  it('lives until its step is over, also in objects of a class', async () => {
    using model = new Linear(2, 1, seeded());
    const loss = (m: Linear, batch: Points): Tensor => m.forward(batch.x).square().mean();
    using trainer = new Trainer({ model, batches: loader(), loss, accumulate: 2, epochs: 2 });
    const live: number[] = [];
    for await (const _ of trainer.run()) live.push(device.memory().liveBuffers);
    // the first step makes the state of the optimizer
    expect(live).toEqual([live[0], live[0], live[0], live[0]]);
  });

  it('is freed when its weight is refused', async () => {
    using model = new Linear(2, 1, seeded());
    const loss = (m: Linear, batch: Points): Tensor => m.forward(batch.x).square().mean();
    using trainer = new Trainer({ model, batches: loader(), loss, weight: () => -1, epochs: 1 });
    const before = device.memory().liveBuffers;
    await expect(take(trainer)).rejects.toThrow(/weight -1/);
    expect(device.memory().liveBuffers).toBe(before);
  });
});
