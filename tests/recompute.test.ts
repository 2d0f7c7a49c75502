import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  dropout,
  Generator,
  GradientError,
  gelu,
  manualSeed,
  noGrad,
  randn,
  recompute,
  scope,
  type Tensor,
  tensor,
  trace,
} from '../engine/index.ts';
import { EncoderLayer, Transformer } from '../transformer/index.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const each = async (body: (device: Device) => Promise<void>): Promise<void> => {
  for (const device of backends) {
    using _ = scope();
    await body(device);
  }
};

const numbers = async (t: Tensor | null): Promise<number[]> => Array.from(await t!.data());

describe('recompute', () => {
  it('gives the same bits, values and gradients, dropout included, and leaves the generators where they would be', () =>
    each(async (device) => {
      const run = async (again: boolean): Promise<number[][]> => {
        const generator = manualSeed(5);
        const own = new Generator(9);
        const layer = new EncoderLayer({ dModel: 16, heads: 2, feedForward: 32, dropout: 0.3, device });
        const x = randn([2, 5, 16], { seed: 1, device, requiresGrad: true });
        const body = (t: Tensor): Tensor => dropout(layer.forward(layer.forward(t)), 0.5, { generator: own });
        const y = again ? recompute(body, x.mul(2)) : body(x.mul(2));
        const drawn = generator.state.stream;
        y.mul(y).sum().backward();
        expect(generator.state.stream).toBe(drawn);
        const results = await Promise.all([y, x.grad, ...layer.parameters().map((p) => p.grad)].map(numbers));
        layer.dispose();
        return [...results, [drawn, own.state.stream]];
      };
      expect(await run(true)).toEqual(await run(false));
    }));

  it('holds the inputs of the layers and the inside of one, instead of the inside of all', () =>
    each(async (device) => {
      const layers = Array.from(
        { length: 6 },
        () => new EncoderLayer({ dModel: 32, heads: 2, feedForward: 128, device }),
      );
      const held = (again: boolean): number => {
        using _ = scope();
        const before = device.memory().liveBytes;
        const x = randn([4, 32, 32], { seed: 1, device });
        let y = x;
        for (const layer of layers) y = scope(() => (again ? recompute((t) => layer.forward(t), y) : layer.forward(y)));
        const bytes = device.memory().liveBytes - before;
        y.sum().backward();
        for (const layer of layers) layer.zeroGrad();
        return bytes;
      };
      // input and output of a layer: 16 KB each; its inside: the hidden layer alone has 64 KB
      expect(held(true)).toBeLessThan(held(false) / 5);
      for (const layer of layers) layer.dispose();
    }));

  it('trains a Transformer with the same gradients in less memory', () =>
    each(async (device) => {
      const config = { srcVocab: 11, tgtVocab: 13, dModel: 16, heads: 2, layers: 4, feedForward: 64, dropout: 0.1 };
      const run = async (again: boolean): Promise<{ grads: number[][]; held: number }> => {
        manualSeed(3);
        const model = new Transformer(config, { device }).recompute(again);
        const before = device.memory().liveBytes;
        // a scope that ends before backward(): padding masks must outlive it
        const loss = scope(() => {
          const source = tensor(
            [
              [1, 5, 2, 0],
              [4, 3, 9, 2],
            ],
            { dtype: 'int32', device },
          );
          const target = tensor(
            [
              [1, 5, 12],
              [1, 0, 0],
            ],
            { dtype: 'int32', device },
          );
          return model.forward(source, target).square().mean();
        });
        const held = device.memory().liveBytes - before;
        loss.backward();
        const grads = await Promise.all(model.parameters().map((p) => numbers(p.grad)));
        model.zeroGrad();
        model.dispose();
        return { grads, held };
      };
      const [plain, again] = [await run(false), await run(true)];
      // contributions to the encoder's output are added in another order
      again.grads.forEach((g, i) => void expectClose(g, plain.grads[i]!, { relative: 1e-6, absolute: 1e-7 }));
      expect(again.held).toBeLessThan(plain.held / 3);
    }));

  it('runs within itself, with inputs that need no gradient, and several of them', () =>
    each(async (device) => {
      const a = randn([3, 4], { seed: 1, device, requiresGrad: true });
      const b = randn([3, 4], { seed: 2, device });
      const body = (x: Tensor, y: Tensor): Tensor => recompute((z) => gelu(z.mul(y)).mul(x), x);
      const [plain] = [body(a, b)];
      plain.sum().backward();
      const want = await numbers(a.grad);
      a.grad!.dispose();
      a.grad = null;
      recompute(body, a, b).sum().backward();
      expect(await numbers(a.grad)).toEqual(want);
      expect(b.grad).toBeNull();
      expect(noGrad(() => recompute(body, a, b)).requiresGrad).toBe(false);
    }));

  it('refuses what it would get wrong', () =>
    each(async (device) => {
      const x = randn([3], { seed: 1, device, requiresGrad: true });
      const doubled = x.mul(2);
      expect(() => recompute((t) => t.mul(doubled), x)).toThrow(/result of mul.*Pass it as an input/);
      const y = recompute((t) => t.mul(t), x).sum();
      expect(() => y.backward(undefined, { createGraph: true })).toThrow(GradientError);
      const late = recompute((t) => t.mul(t), x).sum();
      x.copyFrom(new Float32Array(3));
      expect(() => late.backward()).toThrow(/changed in place/);
    }));

  it('shows its inside to a trace', () =>
    each(async (device) => {
      const x = randn([3], { seed: 1, device, requiresGrad: true });
      using recorded = trace();
      recompute((t) => t.mul(t), x)
        .sum()
        .backward();
      const [square] = recorded.find(/mul$/);
      expect(await numbers(square!.grad)).toEqual([1, 1, 1]);
    }));

  it('leaves no memory behind', () =>
    each(async (device) => {
      const before = device.memory().liveBytes;
      {
        using _ = scope();
        const x = randn([64], { seed: 1, device, requiresGrad: true });
        recompute((t) => gelu(t).mul(t), x)
          .sum()
          .backward();
        recompute((t) => gelu(t).mul(t), x);
        x.grad!.dispose();
      }
      expect(device.memory().liveBytes).toBe(before);
    }));
});
