import { beforeAll, describe, expect, it } from 'vitest';
import {
  Adam,
  type Device,
  decodeTrace,
  encodeTrace,
  FormatError,
  GradientError,
  gradNorm,
  intervene,
  manualSeed,
  scope,
  snapshot,
  tensor,
  trace,
} from '../engine/index.ts';
import { Transformer } from '../transformer/index.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const small = { srcVocab: 7, tgtVocab: 9, dModel: 8, heads: 2, layers: 2, feedForward: 16, dropout: 0 };

describe('a trace', () => {
  it('names every operation of a forward pass by its modules, and gets the gradients of the backward pass', async () => {
    for (const device of backends) {
      using model = new Transformer(small, { device, generator: manualSeed(1) });
      using _ = scope();
      using t = trace({ decompose: true });
      const source = tensor(Int32Array.of(1, 2, 3), { shape: [1, 3], device });
      const target = tensor(Int32Array.of(4, 5), { shape: [1, 2], device });
      const scores = model.forward(source, target);
      const loss = scores.square().mean();
      loss.backward();

      const [softmax] = t.find('decoder.layers.1.crossAttention.scaledDotProductAttention.softmax');
      expect(softmax?.output.shape).toEqual([1, 2, 2, 3]);
      const weights = await softmax!.output.data();
      // each row of three weights sums to one
      for (let row = 0; row < 4; row++) {
        expect(weights[3 * row]! + weights[3 * row + 1]! + weights[3 * row + 2]!).toBeCloseTo(1, 5);
      }
      expect(softmax!.grad?.shape).toEqual([1, 2, 2, 3]);
      expect(softmax!.formula).toContain('exp');

      // an input is known by the record that made it
      const last = t.find('generator.linear').at(-1)!;
      expect(last.output.shape).toEqual([1, 2, 9]);
      const maker = last.inputs.find((i) => i.name === 'x')!.from;
      expect(t.records[maker!]!.path).toMatch(/decoder/);

      // the gradient recorded is the gradient: d mean(s²) / ds = 2s / 18
      const made = t.records.find((r) => r.op === 'square')!;
      const [s, ds] = await Promise.all([
        made.inputs[0]!.tensor.data(),
        t.records[made.inputs[0]!.from!]!.grad!.data(),
      ]);
      for (const [i, v] of s.entries()) expect(ds[i]!).toBeCloseTo((2 * v) / 18, 6);

      const times = await Promise.all(t.records.map((r) => r.time));
      expect(times.every((ms) => ms === null || ms >= 0)).toBe(true);
      if (device.name === 'wasm') expect(times.some((ms) => ms !== null && ms > 0)).toBe(true);
    }
  });

  it('records nothing when it is over, and holds no memory when it is disposed', () => {
    const [device] = backends;
    const before = device!.memory().liveBuffers;
    {
      using _ = scope();
      using t = trace();
      tensor([1, 2], { device: device! }).exp();
      t.stop();
      tensor([1, 2], { device: device! }).exp();
      expect(t.records.map((r) => r.op)).toEqual(['exp']);
    }
    expect(device!.memory().liveBuffers).toBe(before);
  });

  it('pairs each operation with those that compute its gradient, fused or taken apart, with the same numbers', async () => {
    for (const device of backends) {
      using model = new Transformer(small, { device, generator: manualSeed(1) });
      const run = async (decomposeBackward: readonly string[]) => {
        using _ = scope();
        using t = trace({ decompose: ['scaledDotProductAttention'], decomposeBackward, model });
        const source = tensor(Int32Array.of(1, 2, 3), { shape: [1, 3], device });
        model.forward(source, source).square().mean().backward();
        const [softmax] = t.find('decoder.layers.1.crossAttention.scaledDotProductAttention.softmax');
        const parts = t.backwardOf(softmax!);
        expect(parts.every(({ path, phase }) => path === softmax!.path && phase === 'backward')).toBe(true);
        expect(t.find(softmax!.path, 'backward')).toEqual(parts);
        // forward records come first, and every backward one knows whose gradient it computes, or sums what meets at a parameter
        const first = t.records.findIndex(({ phase }) => phase === 'backward');
        expect(t.records.slice(first).every(({ phase }) => phase === 'backward')).toBe(true);
        const names = new Set([...model.namedParameters()].map(([name]) => name));
        for (const { of, path, op } of t.records.slice(first)) {
          if (op !== 'onesLike') expect(of !== null || names.has(path), `${path} ${op}`).toBe(true);
        }
        expect(
          t.records.flatMap(({ inputs }) => inputs).some(({ parameter }) => parameter === 'generator.weight'),
        ).toBe(true);
        const into = t.records.find(
          ({ inputs, phase }) => phase === 'forward' && inputs[0]?.from === softmax!.index - 1,
        );
        expect(into).toBeDefined();
        const result = { ops: parts.map(({ op }) => op), values: await parts.at(-1)!.output.data() };
        model.zeroGrad();
        return result;
      };
      const [fused, apart] = [await run([]), await run(['softmax'])];
      expect(fused.ops).toEqual(['softmaxBackward']);
      expect(apart.ops).toEqual(['mul', 'sum', 'sub', 'mul']);
      for (const [i, v] of fused.values.entries()) expect(apart.values[i]!).toBeCloseTo(v, 6);
    }
  });

  it('shows the step of an optimizer on a parameter: the update worked out by hand is the one that was made', async () => {
    for (const device of backends) {
      using model = new Transformer(small, { device, generator: manualSeed(1) });
      model.flattenParameters();
      const { weight } = model.generator;
      using adam = new Adam(model.parameters(), { lr: 0.01, betas: [0.9, 0.98], eps: 1e-9 });
      using _ = scope();
      using t = trace({ model, updates: [weight] });
      const source = tensor(Int32Array.of(1, 2, 3), { shape: [1, 3], device });
      for (let step = 0; step < 2; step++) {
        model.forward(source, source).square().mean().backward();
        const { scale } = gradNorm(model.parameters(), 0.01);
        adam.step({ gradScale: scale });
        adam.zeroGrad();
      }
      expect(t.updates.map(({ name, step, optimizer }) => [name, step, optimizer])).toEqual([
        ['generator.weight', 1, 'Adam'],
        ['generator.weight', 2, 'Adam'],
      ]);
      const [first, second] = t.updates;
      const read = async (u: typeof first) => ({
        ...{ g: await u!.gradient.data(), c: await u!.clipped.data(), before: await u!.before.data() },
        ...{ after: await u!.after.data(), m: await u!.state['expAvg']!.data(), v: await u!.state['expAvgSq']!.data() },
        ...{ mHat: await u!.corrected['expAvg']!.data(), vHat: await u!.corrected['expAvgSq']!.data() },
      });
      const [one, two] = [await read(first), await read(second)];
      expect(two.before).toEqual(one.after);
      expect(second!.settings).toMatchObject({ lr: 0.01, betas: [0.9, 0.98] });
      for (const i of one.g.keys()) {
        expect(Math.abs(one.c[i]!)).toBeLessThan(Math.abs(one.g[i]!) + 1e-12);
        const m = 0.9 * one.m[i]! + 0.1 * two.c[i]!;
        const v = 0.98 * one.v[i]! + 0.02 * two.c[i]! ** 2;
        expect(two.m[i]!).toBeCloseTo(m, 7);
        expect(two.v[i]!).toBeCloseTo(v, 9);
        expect(two.mHat[i]!).toBeCloseTo(m / (1 - 0.9 ** 2), 6);
        expect(two.vHat[i]!).toBeCloseTo(v / (1 - 0.98 ** 2), 8);
        expect(two.after[i]!).toBeCloseTo(two.before[i]! - (0.01 * two.mHat[i]!) / (Math.sqrt(two.vHat[i]!) + 1e-9), 5);
      }
      // watching is no part of the run
      expect(t.records.some(({ op }) => op === 'clone')).toBe(false);
      await expect(snapshot(t)).rejects.toThrow(GradientError);
    }
  });

  it('goes to files and comes back: the same records, the same numbers, each tensor once', async () => {
    for (const device of backends) {
      using model = new Transformer(small, { device, generator: manualSeed(1) });
      using _ = scope();
      using t = trace({ decompose: true, decomposeBackward: true, model });
      const source = tensor(Int32Array.of(1, 2, 3), { shape: [1, 3], device });
      model.forward(source, source).square().mean().backward();
      const taken = await snapshot(t);
      expect(structuredClone(taken)).toEqual(taken);
      const again = decodeTrace(encodeTrace(taken));
      expect(again).toEqual(
        JSON.parse(JSON.stringify(taken), (key, value) => (key === 'tensors' ? taken.tensors : value)),
      );
      const shown = again.records.find(({ path }) =>
        path.endsWith('crossAttention.scaledDotProductAttention.softmax'),
      )!;
      const live = t.records[shown.index]!;
      expect(again.tensors[shown.output]!.data).toEqual(await live.output.data());
      expect(again.tensors[shown.grad!]!.data).toEqual(await live.grad!.data());
      expect(again.tensors.length).toBeLessThan(again.records.length * 2);

      const half = encodeTrace(taken, { dtype: 'float16' });
      const rounded = decodeTrace(half).tensors[shown.output]!.data;
      for (const [i, v] of (await live.output.data()).entries()) expect(rounded[i]!).toBeCloseTo(v, 3);

      const files = encodeTrace(taken);
      for (const broken of [
        { 'trace.json': files['trace.json']! },
        { ...files, 'trace.json': new TextEncoder().encode('{"version": 9}') },
        { ...files, 'trace.json': files['trace.json']!.slice(0, 99) },
        { ...files, 'trace.safetensors': files['trace.safetensors']!.slice(0, 999) },
      ])
        expect(() => decodeTrace(broken)).toThrow(FormatError);
    }
  });
});

describe('an intervention', () => {
  const softmax = 'encoder.layers.1.selfAttention.scaledDotProductAttention.softmax';

  it('changes what comes after it, and nothing before, forward and backward; then the run is as it was', async () => {
    for (const device of backends) {
      using model = new Transformer(small, { device, generator: manualSeed(1) });
      const source = () => tensor(Int32Array.of(1, 2, 3), { shape: [1, 3], device });
      const run = async () => {
        using _ = scope();
        using t = trace({ decompose: ['scaledDotProductAttention'] });
        model.zeroGrad();
        model.forward(source(), source()).square().mean().backward();
        const { records, tensors } = await snapshot(t);
        // the records of the edit itself are no part of the comparison
        const kept = records.filter(({ path, phase }) => phase === 'forward' && !path.includes('.edit.'));
        return { kept, output: kept.map(({ output }) => tensors[output]!.data), t: records };
      };
      const before = await run();
      using _ = scope();
      const keep = tensor([1, 0], { device }).reshape([1, 2, 1, 1]);
      const off = intervene({ [softmax]: (p) => p.mul(keep) });
      const edited = await run();
      off.dispose();
      expect(off.counts.get(softmax)).toBe(1);
      expect(edited.kept.map(({ path }) => path)).toEqual(before.kept.map(({ path }) => path));
      const at = before.kept.findIndex(({ path }) => path.endsWith(softmax));
      const same = before.output.map((values, i) => values.every((v, k) => Object.is(v, edited.output[i]![k])));
      expect(same.slice(0, at + 1).every(Boolean)).toBe(true);
      expect(same.at(-1)).toBe(false);
      // the next product sees a head of zeros: its second half is zero
      const product = edited.kept.findIndex(({ op }, i) => i > at && op === 'matmul');
      const heads = edited.output[product]!;
      expect(heads.slice(heads.length / 2).every((v) => v === 0)).toBe(true);
      // no gradient comes to the head that was switched off
      const mul = edited.t.find(({ path }) => path.endsWith(`${softmax}.edit.mul`))!;
      expect(mul.phase).toBe('forward');
      expect((await run()).output).toEqual(before.output);
    }
  });

  it('must keep the shape', () => {
    const [device] = backends;
    using _ = scope();
    using off = intervene({ exp: (y) => y.sum() });
    expect(() => tensor([1, 2], { device: device! }).exp()).toThrow(
      /intervene: exp became tensor \[\] float32, expected/,
    );
    expect(off.counts.get('exp')).toBe(0);
  });
});
