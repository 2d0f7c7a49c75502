import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, Generator } from '../engine/index.ts';
import {
  averageStateDicts,
  corpusBleu,
  corpusChrf,
  decodeState,
  encodePair,
  encodeState,
  groupReferences,
  makeBatch,
  PAD,
  spread,
  type TrainData,
  Trainer,
  type TrainOptions,
  type TrainStep,
  Transformer,
  type TranslationScores,
  type Translator,
  translate,
  translationTraining,
  uploadBatch,
} from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';
import { PAIRS, parameters, plainDevice, SOURCE, smallTranslator, TARGET, take } from './support/training.ts';

let device: Device;
beforeAll(async () => {
  device = await plainDevice();
});
const translator = (dropout = 0.1): Translator => smallTranslator(device, dropout);

describe('validation', () => {
  const HELD = PAIRS.slice(0, 12);
  const once = async (data: TrainData, options: TrainOptions): Promise<TrainStep<TranslationScores>[]> =>
    take(new Trainer(translationTraining(translator(), data, { warmup: 5, batchTokens: 150, ...options })));

  it('gives the loss of every token, and the scores of greedy translations', async () => {
    const own = translator();
    const referenced = [...HELD.slice(0, 11), { source: HELD[11]!.source, references: [HELD[11]!.target, 'A CAT'] }];
    const validation = { pairs: referenced, every: 10, sentences: 6, metric: 'chrf' as const };
    const steps = await take(
      new Trainer(translationTraining(own, PAIRS, { steps: 25, warmup: 5, batchTokens: 150, validation })),
    );
    expect(steps.filter((s) => s.validation !== null).map((s) => s.step)).toEqual([10, 20, 25]);
    const { loss, bleu, chrf } = steps.at(-1)!.validation!;
    // one sentence at a time, in float64
    own.model.eval();
    let sum = 0;
    let count = 0;
    for (const pair of [...HELD, { source: HELD[11]!.source, target: 'A CAT' }]) {
      const example = encodePair(pair, SOURCE, TARGET);
      const { source, input } = uploadBatch(makeBatch([example]), device, PAD);
      const scores = (await own.model.forward(source, input).data()) as Float32Array;
      example.target.slice(1).forEach((id, row) => {
        const logits = scores.subarray(row * TARGET.size, (row + 1) * TARGET.size);
        sum += Math.log(logits.reduce((a, v) => a + Math.exp(v), 0)) - logits[id]!;
        count++;
      });
    }
    expect(loss).toBeCloseTo(sum / count, 5);
    const chosen = spread(groupReferences(HELD), 6).map(({ source, references }) =>
      source === HELD[11]!.source ? { source, references: [...references, 'A CAT'] } : { source, references },
    );
    const outputs: string[] = [];
    for (const { source } of chosen) outputs.push(await translate(own, source));
    const references = chosen.map((c) => c.references);
    expect(bleu).toBeCloseTo(corpusBleu(outputs, references).score, 10);
    expect(chrf).toBeCloseTo(corpusChrf(outputs, references).score, 10);
    expect(chrf).toBeGreaterThan(0);
  });

  it('changes nothing of the training, to the last bit', async () => {
    const options = { steps: 8, seed: 4, ema: 0.9 };
    const without = await once(PAIRS, options);
    const heard: number[] = [];
    const onProgress = (done: number, total: number) => void heard.push(done / total);
    const validation = { pairs: HELD, every: 2, sentences: 4, onProgress };
    const withIt = await once(PAIRS, { ...options, validation });
    expect(withIt.map(({ loss, gradNorm }) => [loss, gradNorm])).toEqual(
      without.map(({ loss, gradNorm }) => [loss, gradNorm]),
    );
    expect(heard.filter((share) => share === 1)).toHaveLength(4);
  });

  it('ends a run that gets no better, also one that was stopped in between', async () => {
    // learns for two steps, then not at all
    const schedule = (step: number): number => (step <= 2 ? 0.003 : 0);
    const validation = { pairs: HELD, every: 1, sentences: 0, patience: 3 };
    const options = { steps: 50, schedule, batchTokens: 150, validation };
    const own = translator(0);
    const whole = new Trainer(translationTraining(own, PAIRS, options));
    const steps = await take(whole);
    expect(steps.map((s) => s.validation!.best)).toEqual([true, true, false, false, false]);
    expect(steps.map((s) => s.stopped)).toEqual([false, false, false, false, true]);
    expect(steps[4]!.validation).toMatchObject({ bleu: null, chrf: null });
    expect(whole.validation).toEqual({
      metric: 'loss',
      best: { value: steps[1]!.validation!.loss, loss: steps[1]!.validation!.loss, step: 2 },
      since: 3,
    });
    const first = new Trainer(translationTraining(translator(0), PAIRS, options));
    await take(first, 4);
    const second = new Trainer(
      translationTraining({ model: first.model, source: SOURCE, target: TARGET }, PAIRS, options),
    );
    await second.restore(decodeState(encodeState(await first.state())));
    expect((await take(second)).map((s) => [s.step, s.stopped])).toEqual([[5, true]]);
    // one that ended stays so
    const third = new Trainer(
      translationTraining({ model: first.model, source: SOURCE, target: TARGET }, PAIRS, options),
    );
    await third.restore(await second.state());
    expect(await take(third)).toEqual([]);
  });

  it('takes the lower loss as the better one where scores say nothing yet', async () => {
    const validation = { pairs: HELD, every: 1, metric: 'bleu' as const };
    const steps = await take(
      new Trainer(translationTraining(translator(0), PAIRS, { steps: 4, warmup: 400, batchTokens: 150, validation })),
    );
    const found = steps.map((s) => s.validation!);
    expect(found.map(({ bleu }) => bleu)).toEqual([0, 0, 0, 0]);
    const least = found.map(({ loss }, i) => found.slice(0, i).every((before) => loss < before.loss));
    expect(found.map(({ best }) => best)).toEqual(least);
    expect(least.slice(1)).toContain(true);
  });

  it('leaves a run that can be saved where it was broken off', async () => {
    const onProgress = () => {
      throw new Error('enough');
    };
    const own = translator();
    const trainer = new Trainer(
      translationTraining(own, PAIRS, {
        steps: 5,
        ema: 0.5,
        validation: { pairs: HELD, every: 2, onProgress },
      }),
    );
    await expect(take(trainer)).rejects.toThrow('enough');
    expect(await trainer.state()).toMatchObject({ step: 2, validation: { best: null, since: 0 } });
    const weights = await parameters(own);
    expect(await trainer.withAverage(() => parameters(own))).not.toEqual(weights);
  });

  it('refuses what makes no sense', () => {
    const create = (validation: TrainOptions['validation']) =>
      new Trainer(translationTraining(translator(), PAIRS, { steps: 1, ...(validation && { validation }) }));
    expect(() => create({ pairs: HELD, every: 0 })).toThrow(/validation\.every 0, expected a whole number from 1/);
    expect(() => create({ pairs: [], every: 1 })).toThrow(/validation\.pairs is empty/);
    expect(() => create({ pairs: HELD, every: 1, patience: 0 })).toThrow(/validation\.patience 0/);
    expect(() => create({ pairs: HELD, every: 1, sentences: 0, metric: 'bleu' })).toThrow(/with 0 sentences/);
  });
});

describe('averages of weights', () => {
  it('move with the steps, and are there to translate and to save with', async () => {
    const own = translator();
    const trainer = new Trainer(translationTraining(own, PAIRS, { steps: 6, warmup: 3, batchTokens: 150, ema: 0.7 }));
    const seen: number[][] = [];
    for await (const _ of trainer.run()) seen.push(await parameters(own));
    let weights = 0;
    const wanted = seen[0]!.map(() => 0);
    for (const values of seen) {
      weights = 0.7 * weights + 1;
      values.forEach((v, i) => {
        wanted[i] = 0.7 * wanted[i]! + v;
      });
    }
    const averaged = Object.values(await trainer.averaged()).flatMap(({ data }) => Array.from(data as Float32Array));
    expectClose(
      averaged,
      wanted.map((v) => v / weights),
    );
    expect(await trainer.withAverage(() => parameters(own))).toEqual(averaged);
    expect(await parameters(own)).toEqual(seen.at(-1));
    await expect(trainer.withAverage(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await parameters(own)).toEqual(seen.at(-1));
    expect(() => new Trainer(translationTraining(own, PAIRS, { ema: 1 }))).toThrow(/ema 1, expected a decay/);
  });

  it('of several checkpoints are their mean in float64', async () => {
    const states = await Promise.all(
      [1, 2, 3].map((seed) => {
        const { config } = translator().model;
        return new Transformer(config, { device, generator: new Generator(seed) }).stateDict();
      }),
    );
    const mean = averageStateDicts(states);
    for (const [name, { shape, data }] of Object.entries(mean)) {
      expect(shape).toEqual(states[0]![name]!.shape);
      const wanted = Float32Array.from(data, (_, i) => states.reduce((sum, s) => sum + s[name]!.data[i]!, 0) / 3);
      expect(data).toEqual(wanted);
    }
    translator().model.loadStateDict(mean);
    // 2²⁴ + 1 has no float32: adding up in float32 would lose it
    const one = (...data: number[]) => ({
      w: { dtype: 'float32' as const, shape: [1], data: Float32Array.from(data) },
    });
    expect(averageStateDicts([one(2 ** 24), one(1), one(1)])['w']!.data[0]).toBe(Math.fround((2 ** 24 + 2) / 3));
    expect(averageStateDicts([one(5)])).toEqual(one(5));
    expect(() => averageStateDicts([])).toThrow(/no states/);
    expect(() => averageStateDicts([one(1), {}], ['a/1', 'a/2'])).toThrow(/a\/1 has w, a\/2 has not/);
    const two = { w: { dtype: 'float32' as const, shape: [2], data: new Float32Array(2) } };
    expect(() => averageStateDicts([one(1), two])).toThrow(
      /w is float32 \[1\] in state 0 and float32 \[2\] in state 1/,
    );
  });
});

it('comes out the same on WebGPU, averaged weights and validation too, and gives its memory back', async () => {
  const found: { losses: number[]; validated: number[] }[] = [];
  for (const on of await devices()) {
    const own = smallTranslator(on);
    const run = async (): Promise<void> => {
      using trainer = new Trainer(
        translationTraining(own, PAIRS, {
          ...{ steps: 4, accumulate: 2, batchTokens: 150, schedule: () => 0.003, ema: 0.8 },
          validation: { pairs: PAIRS.slice(0, 6), every: 2, sentences: 2 },
        }),
      );
      const seen: number[][] = [];
      const steps: TrainStep<TranslationScores>[] = [];
      for await (const step of trainer.run()) {
        steps.push(step);
        seen.push(await parameters(own));
      }
      const weights = seen.map((_, i) => 0.8 ** (seen.length - 1 - i));
      const sum = weights.reduce((a, b) => a + b, 0);
      const wanted = seen[0]!.map(
        (_, k) => seen.reduce((total, values, i) => total + weights[i]! * values[k]!, 0) / sum,
      );
      expectClose(await trainer.withAverage(() => parameters(own)), wanted, { label: on.name });
      const losses = steps.flatMap(({ loss, gradNorm }) => [loss, gradNorm!]);
      found.push({ losses, validated: steps.flatMap(({ validation }) => validation?.loss ?? []) });
    };
    await run();
    await on.sync();
    const before = on.memory();
    await run();
    await on.sync();
    expect(on.memory()).toMatchObject({ liveBytes: before.liveBytes, liveBuffers: before.liveBuffers });
  }
  const [wasm, , webgpu] = found;
  expect(wasm!.validated).toHaveLength(2);
  expectClose(webgpu!.losses, wasm!.losses, { relative: 1e-4 });
  expectClose(webgpu!.validated, wasm!.validated, { relative: 1e-4 });
});
