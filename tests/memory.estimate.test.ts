import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Device, defaultGenerator, init, MetaDevice, manualSeed, openDevice } from '../engine/index.ts';
import { Transformer, type TransformerConfig } from '../transformer/model/transformer.ts';
import { encodePair, type Pair } from '../transformer/text/data/batches.ts';
import { MemoryBatches } from '../transformer/text/data/index.ts';
import { Tokenizer } from '../transformer/text/tokenizer/index.ts';
import {
  estimateTranslatorMemory,
  exceeded,
  fullBatch,
  largestBatchTokens,
  largestShapes,
  shapesOf,
} from '../transformer/training/footprint/index.ts';
import { Trainer, type TrainOptions, translationTraining } from '../transformer/training/index.ts';

/** Sentences of all lengths, the target sometimes the longer side. */
const pairs: Pair[] = Array.from({ length: 300 }, (_, i) => {
  const words = (n: number, first: number): string =>
    Array.from({ length: n }, (_, k) => `w${(first + 7 * k) % 60}`).join(' ');
  return { source: words(1 + (i % 23), i), target: words(1 + ((3 * i) % 19), i) };
});
const side = (name: 'source' | 'target'): Tokenizer =>
  Tokenizer.build(
    'words',
    pairs.map((pair) => pair[name]),
  );
const tokenizers = { source: side('source'), target: side('target') };
const examples = pairs.map((pair) => encodePair(pair, tokenizers.source, tokenizers.target));

interface Case {
  readonly model: Omit<TransformerConfig, 'srcVocab' | 'tgtVocab'>;
  readonly options?: TrainOptions;
  readonly recompute?: boolean;
}

const small = { dModel: 32, heads: 4, layers: 2, feedForward: 64, dropout: 0, normFirst: true };

const CASES: Readonly<Record<string, Case>> = {
  'pre-norm': { model: small },
  'post-norm, dropout': { model: { ...small, normFirst: false, dropout: 0.1 } },
  'wide, one layer, large batches': {
    model: { ...small, dModel: 96, feedForward: 384, layers: 1 },
    options: { batchTokens: 1024 },
  },
  'GELU, RMSNorm, rotary positions, dropout': {
    model: { ...small, activation: 'gelu', norm: 'rms', positions: 'rotary', dropout: 0.1 },
  },
  'SwiGLU, learned positions, tied output': {
    model: { ...small, activation: 'swiglu', positions: 'learned', maxLength: 64, tiedOutput: true },
  },
  'recomputed layers': { model: { ...small, dropout: 0.1, layers: 3 }, recompute: true },
  'float16, dropout': { model: { ...small, dropout: 0.1 }, options: { precision: 'float16' } },
  'float16, recomputed layers': { model: { ...small, layers: 3 }, options: { precision: 'float16' }, recompute: true },
  'two batches a step, an average, no clipping': {
    model: small,
    options: { accumulate: 2, ema: 0.99, clipNorm: 0, labelSmoothing: 0 },
  },
};

/** What is estimated of an epoch, and the most that it then takes. */
async function both(device: Device, { model: config, options = {}, recompute = false }: Case, data = examples) {
  const { batchTokens = 256 } = options;
  const batches = new MemoryBatches(data, { batchTokens, seed: 1 });
  const vocabularies = { srcVocab: tokenizers.source.size, tgtVocab: tokenizers.target.size };
  const make = (where: { device?: Device }): Transformer => {
    const model = new Transformer({ ...config, ...vocabularies }, where);
    if (recompute) model.recompute();
    return model;
  };
  const shapes = shapesOf(batches, batchTokens);
  const estimate = await estimateTranslatorMemory(shapes, { ...options, model: make, tokenizers, device });
  const before = device.memory().liveBytes;
  const model = make({ device });
  using trainer = new Trainer(translationTraining({ model, ...tokenizers }, batches, { ...options, epochs: 1 }));
  for await (const _ of trainer.run());
  const real = device.memory().peakBytes - before;
  model.dispose();
  return { estimate, real };
}

describe('a memory estimate', () => {
  it.each(Object.entries(CASES))('%s: is what an epoch on wasm takes', async (_, given) => {
    const device = await openDevice('wasm', { threads: 1 });
    const { estimate, real } = await both(device, given);
    // the issue asks for a tenth; counted buffer by buffer there is hardly a difference
    expect(estimate.peak / real).toBeGreaterThan(0.99);
    expect(estimate.peak / real).toBeLessThan(1.01);
    const { parameters, gradients, optimizer, activations, temporary, peak } = estimate;
    expect(parameters + gradients + optimizer + activations + temporary).toBe(peak);
    for (const part of [parameters, gradients, optimizer, activations, temporary]) expect(part).toBeGreaterThan(0);
    // what the pool has lost between buffers, which `exceeded` allows for
    const { liveBytes, pooledBytes } = device.memory();
    expect((liveBytes + pooledBytes) / real).toBeLessThan(1.25);
    device.destroy();
  });

  it('is what WebGPU takes, which holds other things for a moment', async () => {
    const device = await openDevice('webgpu');
    const few = examples.filter((e) => e.source.length < 9).slice(0, 16);
    const given = { model: { ...small, layers: 1 }, options: { batchTokens: 64 } };
    const { estimate, real } = await both(device, given, few);
    expect(estimate.peak / real).toBeGreaterThan(0.99);
    expect(estimate.peak / real).toBeLessThan(1.01);
    device.destroy();
  });

  it('follows the sizes: twice the batch, twice the activations; and changes nothing', async () => {
    const options = { tokenizers, device: { name: 'wasm' as const } };
    const model = (where: object): Transformer => new Transformer({ ...small, srcVocab: 50, tgtVocab: 50 }, where);
    manualSeed(7).state = { seed: 7, stream: 3 };
    const one = await estimateTranslatorMemory([fullBatch(1024)], { ...options, model });
    const two = await estimateTranslatorMemory([fullBatch(2048)], { ...options, model });
    expect(two.activations / one.activations).toBeGreaterThan(1.9);
    expect(two.activations / one.activations).toBeLessThan(2.1);
    expect(two.parameters).toBe(one.parameters);
    expect(defaultGenerator.state).toEqual({ seed: 7, stream: 3 });
  });

  it('takes a moment for a model that no test could train', async () => {
    const base = { srcVocab: 32_000, tgtVocab: 32_000, dModel: 512, heads: 8, layers: 6, feedForward: 2048 };
    const started = process.cpuUsage();
    const estimate = await estimateTranslatorMemory([fullBatch(4096)], {
      tokenizers,
      device: { name: 'wasm' },
      model: (where) => new Transformer(base, where),
    });
    const { user } = process.cpuUsage(started);
    expect(user / 1e6).toBeLessThan(2);
    // 93.3 million values of four bytes
    expect(estimate.parameters).toBeGreaterThan(370e6);
    expect(estimate.peak).toBeGreaterThan(4 * estimate.parameters);
  });
});

describe('what takes the most', () => {
  const shape = fc.record({
    rows: fc.integer({ min: 1, max: 60 }),
    sourceLength: fc.integer({ min: 2, max: 60 }),
    targetLength: fc.integer({ min: 2, max: 60 }),
  });

  it('is among the shapes kept, whatever a token of each side costs', () => {
    fc.assert(
      fc.property(fc.array(shape, { minLength: 1, maxLength: 40 }), fc.nat(9), fc.nat(9), (shapes, a, b) => {
        const cost = (s: (typeof shapes)[number]): number => s.rows * (a * s.sourceLength + b * (s.targetLength - 1));
        const most = (list: typeof shapes): number => Math.max(...list.map(cost));
        const kept = largestShapes(shapes);
        expect(kept.length).toBeLessThanOrEqual(8);
        // of a front of more than eight, neighbours stand in for one another
        expect(most([...kept])).toBeGreaterThanOrEqual(0.9 * most(shapes));
      }),
    );
  });

  it('is found by its limit', async () => {
    const limits = { limitBytes: 1000, bufferLimitBytes: 500 };
    const sizes = { parameters: 1, gradients: 1, optimizer: 1, activations: 1, temporary: 1, batch: fullBatch(64) };
    expect(exceeded({ ...sizes, peak: 800, largest: 400 }, limits)).toBe(null);
    expect(exceeded({ ...sizes, peak: 801, largest: 400 }, limits)).toEqual({ wanted: 801 * 1.25, there: 1000 });
    expect(exceeded({ ...sizes, peak: 800, largest: 600 }, limits)).toEqual({ wanted: 600, there: 500 });
    expect(exceeded({ ...sizes, peak: 9e9, largest: 400 }, { ...limits, limitBytes: null })).toBe(null);
    const upTo = (most: number) => async (tokens: number) => tokens <= most;
    expect(await largestBatchTokens(4096, upTo(1000))).toBe(960);
    expect(await largestBatchTokens(4096, upTo(1e6))).toBe(4032);
    expect(await largestBatchTokens(4096, upTo(63))).toBe(null);
  });
});

describe('a device without memory', () => {
  it('counts, and finds what is used after it was freed', async () => {
    const device = new MetaDevice({ name: 'wasm' });
    const [a, b] = [device.alloc(1000), device.alloc(24)];
    device.free(a);
    expect(device.memory()).toMatchObject({ liveBytes: 24, liveBuffers: 1, peakBytes: 1024 });
    expect(device.largestBytes).toBe(1000);
    device.resetPeak();
    expect(device.memory().peakBytes).toBe(24);
    expect(new Uint8Array(await device.read(b, 0, 24))).toEqual(new Uint8Array(24));
    expect(() => device.free(a)).toThrow(/free of a buffer of 1000 bytes that was freed/);
    expect(() => new MetaDevice({ name: 'wasm' }).write(b)).toThrow(/of another device/);
  });

  it('models made without first values are 0 where they would be random', async () => {
    const model = init.skipInit(() => new Transformer({ ...small, srcVocab: 9, tgtVocab: 9 }));
    const { 'src_embed.weight': random, 'transformer.encoder.norm.weight': ones } = await model.stateDict();
    expect(new Set(random!.data)).toEqual(new Set([0]));
    expect(new Set(ones!.data)).toEqual(new Set([1]));
    model.dispose();
  });
});
