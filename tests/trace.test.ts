import { beforeAll, describe, expect, it } from 'vitest';
import { type Device, manualSeed, scope, tensor, trace } from '../engine/index.ts';
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
});
