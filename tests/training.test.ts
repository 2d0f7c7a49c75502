import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, openDevice } from '../engine/index.ts';
import {
  type Batch,
  type BatchSource,
  decodeState,
  encodePair,
  encodeState,
  makeBatch,
  type TrainData,
  Trainer,
  type TrainOptions,
  type TrainStep,
  Transformer,
  type Translator,
  train,
  translationTraining,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { PAIRS, parameters, plainDevice, SOURCE, smallTranslator, streamed, TARGET, take } from './support/training.ts';

let device: Device;
beforeAll(async () => {
  device = await plainDevice();
});
const translator = (dropout = 0.1): Translator => smallTranslator(device, dropout);

/** Everything but the speed. */
const numbers = (steps: readonly TrainStep[]) => steps.map(({ weightPerSecond: _, ...step }) => step);

describe('a run that was stopped', () => {
  const ways: [string, () => TrainData, TrainOptions][] = [
    ['pairs in memory', () => PAIRS, { batchTokens: 150 }],
    ['a stream', streamed, {}],
    [
      'a stream, three batches a step, averaged and validated',
      streamed,
      { accumulate: 3, ema: 0.9, validation: { pairs: PAIRS.slice(0, 9), every: 4, sentences: 3 } },
    ],
    [
      'float16, with steps left out',
      streamed,
      { precision: 'float16', accumulate: 2, ema: 0.9, lossScale: { scale: 2 ** 26, growthInterval: 2 } },
    ],
  ];
  for (const [name, data, options] of ways) {
    it(`goes on to the last bit: ${name}`, async () => {
      const settings = { steps: 14, seed: 9, warmup: 5, ...options };
      const whole = translator();
      const trainer = new Trainer(translationTraining(whole, data(), settings));
      const straight = await take(trainer);
      expect(straight).toHaveLength(14);
      expect(new Set(straight.map((s) => s.skipped)).size).toBe(options.precision === 'float16' ? 2 : 1);
      expect(straight.at(-1)!.epoch).toBeGreaterThan(0);
      for (const stop of [1, 6, straight.findIndex(({ epoch }) => epoch === 1)]) {
        const before = translator();
        const first = new Trainer(translationTraining(before, data(), settings));
        const begun = await take(first, stop);
        const file = encodeState(await first.state());
        // nothing but files goes over
        const after = translator();
        after.model.loadStateDict(await before.model.stateDict());
        const second = new Trainer(translationTraining(after, data(), settings));
        await second.restore(decodeState(file));
        expect(second.position).toEqual(first.position);
        expect(numbers([...begun, ...(await take(second))])).toEqual(numbers(straight));
        expect(await parameters(after)).toEqual(await parameters(whole));
        expect(await second.averaged()).toEqual(await trainer.averaged());
        expect(second.validation).toEqual(trainer.validation);
      }
    });
  }

  it('is refused with another seed, and where the file is another', async () => {
    const trainer = new Trainer(translationTraining(translator(), PAIRS, { steps: 2, seed: 1 }));
    const state = await trainer.state();
    await expect(
      new Trainer(translationTraining(translator(), PAIRS, { steps: 2, seed: 2 })).restore(state),
    ).rejects.toThrow(/state of a run with seed 1, but this trainer has seed 2/);
    expect(() => decodeState(encodeState(state).slice(0, 40), 'x.safetensors')).toThrow(/x\.safetensors: not a whole/);
  });
});

describe('how long a run is', () => {
  const length = async (data: TrainData, options: TrainOptions): Promise<[number, number | null, number]> => {
    const steps = await take(new Trainer(translationTraining(translator(0), data, options)));
    return [steps.length, steps[0]!.steps, steps.at(-1)!.epoch];
  };
  /** Two epochs of five batches, one sentence each. */
  const five = (known: boolean): BatchSource => ({
    ...(known ? { batchesPerEpoch: 5 } : {}),
    async *batches(_, from = 0) {
      for (let i = from; i < 5; i++) yield makeBatch([encodePair(PAIRS[i]!, SOURCE, TARGET)]);
    },
  });

  it('steps or epochs, whichever end first; the last step of an epoch takes what is left', async () => {
    expect(await length(five(true), { epochs: 2 })).toEqual([10, 10, 1]);
    expect(await length(five(true), { epochs: 1.5, accumulate: 2 })).toEqual([5, 5, 1]);
    expect(await length(five(true), { epochs: 3, steps: 7 })).toEqual([7, 7, 1]);
    expect(await length(five(false), { epochs: 2 })).toEqual([10, null, 1]);
    expect(await length(five(false), { epochs: 2, accumulate: 3 })).toEqual([4, null, 1]);
    expect(await length(five(false), { epochs: 3, steps: 7 })).toEqual([7, 7, 1]);
  });

  it('refuses what makes no sense', () => {
    const create = (options: TrainOptions, data: TrainData = PAIRS) =>
      new Trainer(translationTraining(translator(), data, options));
    expect(() => create({ steps: 0 })).toThrow(/steps 0, expected a whole number from 1/);
    expect(() => create({ epochs: -1 })).toThrow(/epochs -1/);
    expect(() => create({ epochs: 1.5 }, five(false))).toThrow(/epochs 1\.5, expected a whole number for data that/);
    expect(() => create({ accumulate: 1.5 })).toThrow(/accumulate 1\.5/);
    expect(() => create({ labelSmoothing: 1 })).toThrow(/labelSmoothing 1/);
    expect(() => create({}, [])).toThrow(/no examples/);
  });
});

describe('accumulation', () => {
  /** The same sentences in one batch, or in batches of 1, 5, 2 and 4 sentences with 2 to 38 tokens each. */
  const examples = PAIRS.slice(3, 15).map((pair) => encodePair(pair, SOURCE, TARGET));
  const parts = [examples.slice(0, 1), examples.slice(1, 6), examples.slice(6, 8), examples.slice(8)];
  const fixed = (batches: Batch[]): BatchSource => ({
    async *batches(_, from = 0) {
      yield* batches.slice(from);
    },
  });

  it('steps as one batch of all tokens does', async () => {
    const options = { steps: 3, clipNorm: 0, warmup: 4 };
    const whole = new Trainer(translationTraining(translator(0), fixed([makeBatch(examples)]), options));
    const many = new Trainer(
      translationTraining(translator(0), fixed(parts.map(makeBatch)), { ...options, accumulate: 4 }),
    );
    const [one] = await take(whole, 1);
    const [four] = await take(many, 1);
    expect(four!.weight).toBe(one!.weight);
    expect(four!.loss).toBeCloseTo(one!.loss, 5);
    expect(four!.gradNorm).toBeCloseTo(one!.gradNorm!, 5);
    // after one step the running mean is a tenth of the gradient
    const gradient = async ({ optimizer }: Trainer) =>
      Object.values((await optimizer.stateDict()).state).map(({ values }) => values['expAvg']!);
    const wanted = await gradient(whole);
    for (const [i, got] of (await gradient(many)).entries()) {
      expectClose(got, wanted[i]!, { relative: 2e-5, absolute: 1e-7, label: `parameter ${i}` });
    }
    const [a, b] = [await take(whole), await take(many)];
    for (const [i, { loss }] of a.entries()) expect(b[i]!.loss).toBeCloseTo(loss, 4);
  });

  it('keeps no more memory than the largest of its batches', async () => {
    const peak = async (batches: Batch[], accumulate: number): Promise<number> => {
      const own = await openDevice('wasm', { threads: 1 });
      const config = { srcVocab: SOURCE.size, tgtVocab: TARGET.size, dModel: 16, heads: 2, layers: 2, feedForward: 64 };
      const model = new Transformer(config, { device: own });
      await take(
        new Trainer(
          translationTraining({ model, source: SOURCE, target: TARGET }, fixed(batches), { steps: 2, accumulate }),
        ),
      );
      const { peakBytes } = own.memory();
      own.destroy();
      return peakBytes;
    };
    const large = makeBatch(examples);
    const [once, thrice] = [await peak([large], 1), await peak([large, large, large], 3)];
    expect(thrice).toBeLessThan(once * 1.02);
  });
});

it('a step that is not finite leaves the parameters alone, and says what to do', async () => {
  const broken = translator(0);
  const trainer = new Trainer(translationTraining(broken, PAIRS, { steps: 5, warmup: 1 }));
  await take(trainer, 2);
  const { bias } = broken.model.generator;
  const values = await bias!.data();
  bias!.copyFrom(values.map((v, i) => (i === 5 ? Number.NaN : v)));
  const before = await parameters(broken);
  await expect(take(trainer)).rejects.toThrow(/loss NaN, gradient norm NaN at step 3\. .*lower learning rate/);
  expect(await parameters(broken)).toEqual(before);
  expect(trainer.step).toBe(2);
});

it('train() gives all memory back but the model’s', async () => {
  const model = translator();
  const options = { steps: 2, accumulate: 2, batchTokens: 100 };
  for await (const _ of train(model, PAIRS, options));
  await device.sync();
  const before = device.memory();
  for await (const _ of train(model, PAIRS, options));
  await device.sync();
  expect(device.memory().liveBytes).toBe(before.liveBytes);
  expect(device.memory().liveBuffers).toBe(before.liveBuffers);
});
