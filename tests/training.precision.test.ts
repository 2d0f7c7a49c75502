import { describe, expect, it } from 'vitest';
import { type Device, openDevice } from '../engine/index.ts';
import {
  encodePair,
  makeBatch,
  Trainer,
  type TrainOptions,
  Transformer,
  translationTraining,
} from '../transformer/index.ts';
import { PAIRS, parameters, plainDevice, SOURCE, smallTranslator, TARGET, take } from './support/training.ts';

/** A model of so many layers that what they keep for the gradient is most of the memory. */
const deep = (device: Device): Transformer => {
  const sizes = { dModel: 32, heads: 4, layers: 6, feedForward: 128, dropout: 0.1 };
  return new Transformer({ srcVocab: SOURCE.size, tgtVocab: TARGET.size, ...sizes }, { device });
};

describe('training in float16', () => {
  it('reaches the losses of float32', async () => {
    const device = await plainDevice();
    const options: TrainOptions = { steps: 60, schedule: () => 0.005, batchTokens: 200, seed: 2 };
    const run = async (precision: TrainOptions['precision'] & string): Promise<number[]> => {
      const steps = await take(
        new Trainer(translationTraining(smallTranslator(device), PAIRS, { ...options, precision })),
      );
      expect(steps.every(({ skipped }) => !skipped)).toBe(true);
      expect(new Set(steps.map((s) => s.lossScale))).toEqual(new Set([precision === 'float16' ? 65536 : null]));
      return steps.map(({ loss }) => loss);
    };
    const [exact, half] = [await run('float32'), await run('float16')];
    const last = (losses: number[]): number => losses.slice(-10).reduce((a, b) => a + b) / 10;
    expect(last(exact)).toBeLessThan(0.75 * exact[0]!);
    expect(Math.abs(last(half) - last(exact))).toBeLessThan(0.005 * last(exact));
    expect(half).not.toEqual(exact);
  });

  it('leaves out a step whose gradient overflows: nothing but the loss scale changes', async () => {
    const device = await plainDevice();
    const translator = smallTranslator(device);
    const lossScale = { scale: 2 ** 40 };
    const options: TrainOptions = { steps: 40, warmup: 5, seed: 2, precision: 'float16', ema: 0.9, lossScale };
    const trainer = new Trainer(translationTraining(translator, PAIRS, options));
    const before = [await parameters(translator), (await trainer.state()).optimizer, (await trainer.state()).ema];
    const [first] = await take(trainer, 1);
    expect(first).toMatchObject({ step: 1, skipped: true, gradNorm: null, lossScale: 2 ** 40 });
    expect(Number.isFinite(first!.loss)).toBe(true);
    const state = await trainer.state();
    expect([await parameters(translator), state.optimizer, state.ema]).toEqual(before);
    expect(state.lossScaler).toEqual({ scale: 2 ** 39, goodSteps: 0, skippedSteps: 1 });

    const rest = await take(trainer);
    const taken = rest.filter(({ skipped }) => !skipped);
    expect(taken.length).toBeGreaterThan(15);
    // all of them at the beginning, but for a few where the scale is just too high
    expect(rest.slice(0, 8).every(({ skipped }) => skipped)).toBe(true);
    expect(taken.at(-1)!.loss).toBeLessThan(first!.loss);
  });

  it('holds less memory than float32', async () => {
    const peak = async (precision: TrainOptions['precision'] & string): Promise<number> => {
      const device = await openDevice('wasm', { threads: 1 });
      const model = deep(device);
      const own = device.memory().liveBytes;
      const batch = makeBatch([...PAIRS, ...PAIRS].map((pair) => encodePair(pair, SOURCE, TARGET)));
      const source = {
        async *batches() {
          yield batch;
        },
      };
      const steps = { steps: 1, precision };
      await take(new Trainer(translationTraining({ model, source: SOURCE, target: TARGET }, source, steps)));
      const { peakBytes } = device.memory();
      device.destroy();
      return peakBytes - own;
    };
    const [exact, half] = [await peak('float32'), await peak('float16')];
    expect(half).toBeLessThan(0.8 * exact);
  });

  it('refuses another precision', async () => {
    const device = await plainDevice();
    const create = () =>
      new Trainer(translationTraining(smallTranslator(device), PAIRS, { precision: 'bfloat16' as 'float16' }));
    expect(create).toThrow(/precision bfloat16, expected float32 or float16/);
  });
});
