import { beforeAll, describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../engine/half.ts';
import {
  Adam,
  ArgumentError,
  autocast,
  type Device,
  gelu,
  gradNorm,
  HeddleError,
  LossScaler,
  linear,
  narrow,
  noGrad,
  type Precision,
  permute,
  randn,
  recompute,
  relu,
  reshape,
  scaledDotProductAttention,
  scope,
  silu,
  type Tensor,
  tensor,
  trace,
} from '../engine/index.ts';
import { productReference } from '../engine/ops/product.ts';
import { type NDArray, ndarray } from '../engine/reference.ts';
import { distance, expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const rounded = (values: ArrayLike<number>): number[] => Array.from(values, (v) => fromHalf(toHalf(v)));

const flipped = ({ shape: [rows = 0, cols = 0], data }: NDArray): NDArray => {
  const out = ndarray([cols, rows]);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out.data[j * rows + i] = data[i * cols + j]!;
  return out;
};

describe('autocast', () => {
  it.each([
    { lead: [3], width: 5, out: 4 },
    { lead: [2, 3], width: 7, out: 9 },
    { lead: [33], width: 64, out: 66 },
    { lead: [2, 1, 40], width: 31, out: 48 },
    { lead: [], width: 6, out: 3 },
  ])('linear [$lead, $width] → $out: result and gradients from rounded factors, summed in float32', async (sizes) => {
    const { lead, width, out } = sizes;
    const rows = lead.reduce((n, s) => n * s, 1);
    for (const device of backends) {
      using _ = scope();
      const x = randn([...lead, width], { device, seed: 1, requiresGrad: true });
      // a part of a larger matrix, as the three projections of attention are
      const whole = randn([3 * out, width], { device, seed: 2, requiresGrad: true });
      const bias = randn([out], { device, seed: 3, requiresGrad: true });
      const dy = randn([...lead, out], { device, seed: 4 });
      const y = autocast('float16', () => linear(x, narrow(whole, 0, out, out), bias));
      // outside the block: what was recorded inside stays as it was
      y.backward(dy);

      const X = ndarray([rows, width], rounded(await x.data()));
      const all = rounded(await whole.data());
      const W = ndarray([out, width], all.slice(out * width, 2 * out * width));
      const DY = ndarray([rows, out], rounded(await dy.data()));
      const b = await bias.data();
      const Y = productReference(X, flipped(W)).data.map((v, i) => v + b[i % out]!);
      const close = { relative: 1e-6, absolute: 1e-6 };
      expectClose(await y.data(), Y, { ...close, label: `${device.name}: y` });
      expectClose(await x.grad!.data(), productReference(DY, W).data, { ...close, label: `${device.name}: dx` });
      const dW = new Float64Array(all.length);
      dW.set(productReference(flipped(DY), X).data, out * width);
      expectClose(await whole.grad!.data(), dW, { ...close, label: `${device.name}: dW` });
      const db = new Float64Array(out);
      for (const [i, v] of (await dy.data()).entries()) db[i % out]! += v;
      expectClose(await bias.grad!.data(), db, { ...close, label: `${device.name}: db` });
      expect([y, x.grad!, whole.grad!].map((t) => t.dtype)).toEqual(['float32', 'float32', 'float32']);
    }
  });

  it('ends with its block, whatever happens inside, and takes no asynchronous body', async () => {
    for (const device of backends) {
      using _ = scope();
      const x = tensor([[1 + 2 ** -12]], { device });
      const product = (): Promise<number> => linear(x, x).item();
      const [exact, half] = [Math.fround((1 + 2 ** -12) ** 2), 1];
      expect(await autocast('float16', () => ({ product: product() })).product).toBe(half);
      expect(await product()).toBe(exact);
      expect(() => autocast('float16', () => linear(x, tensor([1], { device })))).toThrow(/linear/);
      expect(await product()).toBe(exact);
      const inner = autocast('float16', () => [linear(x, x), autocast('float32', () => linear(x, x)), linear(x, x)]);
      expect(await Promise.all(inner.map((t) => t.item()))).toEqual([half, exact, half]);
      expect(() => autocast('float16', async () => {})).toThrow(ArgumentError);
      expect(() => autocast('bfloat16' as 'float16', () => {})).toThrow(/Expected 'float32' or 'float16'/);
      expect(await product()).toBe(exact);
    }
  });

  it('converts a tensor once a block, again where it changed, and frees everything at the end', () => {
    for (const device of backends) {
      using _ = scope();
      const w = randn([8, 8], { device, seed: 1, requiresGrad: true });
      const x = randn([4, 8], { device, seed: 2 });
      const casts = (body: () => void): number => {
        using t = trace();
        autocast('float16', body);
        return t.records.filter(({ op }) => op === 'to').length;
      };
      const inside = (body: () => unknown) => () => scope(() => void body());
      expect(casts(inside(() => linear(linear(x, w), w)))).toBe(3);
      expect(casts(inside(() => [linear(x, w), linear(x, w), linear(x, w)]))).toBe(2);
      expect(casts(inside(() => noGrad(() => linear(x, w)).add(linear(x, w))))).toBe(2);
      // with a backward() between: each rounds the gradient of its own
      const step = (): void => linear(x, w).sum().backward();
      expect(casts(inside(() => [step(), step()]))).toBe(2 + 2);
      const change = (): unknown => w.copyFrom(new Float32Array(64));
      expect(casts(inside(() => [linear(x, w), change(), linear(x, w)]))).toBe(3);
      w.grad?.dispose();
      w.grad = null;
      const before = device.memory().liveBytes;
      scope(() => void autocast('float16', () => linear(x, w)));
      expect(device.memory().liveBytes).toBe(before);
    }
  });

  it('keeps the float16 of an input for the gradient, half the bytes', () => {
    for (const device of backends) {
      using _ = scope();
      const w = randn([64, 64], { device, seed: 1, requiresGrad: true });
      const given = randn([128, 64], { device, seed: 2 });
      /** What the tape holds: an input made inside, the weight, the output. */
      const held = (run: (body: () => Tensor) => Tensor): number => {
        const before = device.memory().liveBytes;
        using y = scope(() => run(() => scope(() => linear(given.mul(2), w))));
        return device.memory().liveBytes - before - 4 * y.size;
      };
      expect(held((body) => body())).toBe(4 * 128 * 64);
      // the weight has a float16 copy until backward()
      expect(held((body) => autocast('float16', body))).toBe(2 * 128 * 64 + 2 * 64 * 64);
    }
  });

  it('keeps in float16 what attention and activations need for the gradient', async () => {
    const turned = (x: Tensor): Tensor => permute(reshape(x, [2, 9, 4, 6]), [0, 2, 1, 3]);
    const bodies: Readonly<Record<string, (x: Tensor) => Tensor>> = {
      relu,
      silu,
      gelu: (x) => gelu(x),
      tanhGelu: (x) => gelu(x, { approximate: 'tanh' }),
      attention: (x) => scaledDotProductAttention(turned(x), turned(x.mul(0.5)), turned(x.neg()), { isCausal: true }),
    };
    for (const device of backends) {
      for (const [name, body] of Object.entries(bodies)) {
        using _ = scope();
        const given = randn([2, 9, 24], { device, seed: 6 });
        const dy = randn([2, 9, 24], { device, seed: 7 });
        /** The result, the gradient, and the bytes the tape holds between the two. */
        const run = async (precision: Precision, prepare = (x: Tensor): Tensor => x) => {
          const x = given.detach().requiresGrad_();
          const before = device.memory().liveBytes;
          // what comes in was made inside, so that only the tape keeps it
          const y = autocast(precision, () => scope(() => body(prepare(x.mul(2)))));
          const held = device.memory().liveBytes - before;
          y.backward(dy.reshape(y.shape));
          return { y: await y.data(), dx: await x.grad!.data(), held };
        };
        const [exact, half] = [await run('float32'), await run('float16')];
        const label = `${name} on ${device.name}`;
        // attention is computed from what is kept, so that both ways agree; activations from what they are given
        const rounded = await run('float32', (x) => x.to('float16').to('float32'));
        const attention = name === 'attention';
        expect(half.y, label).toEqual(attention ? rounded.y : exact.y);
        const { error, norm } = distance(rounded.dx, exact.dx);
        // its output is kept rounded too: 7e-4 here, as much as a rounding of the gradient itself
        if (attention) expectClose(half.dx, rounded.dx, { relative: 1e-3, absolute: 0, label });
        else expectClose(half.dx, exact.dx, { relative: (1.5 * error) / norm, absolute: 1e-6, label });
        const size = 4 * given.size;
        // relu is kept by its output, which is there anyway; attention keeps q, k, v, its output and a number for each row
        const rows = 4 * 2 * 4 * 9;
        const [f32, f16] = {
          relu: [size, 1.5 * size],
          attention: [4 * size + rows, size + 2 * size + rows],
        }[name] ?? [2 * size, 1.5 * size];
        expect([exact.held, half.held], label).toEqual([f32, f16]);
      }
      const x = randn([3], { device, seed: 1, requiresGrad: true });
      const y = autocast('float16', () => gelu(x)).sum();
      expect(() => y.backward(undefined, { createGraph: true })).toThrow(/gelu was recorded inside autocast.*float32/);
    }
  });

  it('holds inside recompute(): the same bits as without', async () => {
    for (const device of backends) {
      using _ = scope();
      const w = randn([16, 16], { device, seed: 1, requiresGrad: true });
      const given = randn([8, 16], { device, seed: 2 });
      const run = async (layer: (x: Tensor) => Tensor): Promise<number[][]> => {
        const x = given.detach().requiresGrad_();
        w.grad?.dispose();
        w.grad = null;
        autocast('float16', () => layer(layer(x)).square().sum()).backward();
        return Promise.all([x.grad!, w.grad!].map(async (t) => Array.from(await t.data())));
      };
      const layer = (x: Tensor): Tensor => relu(linear(x, w));
      const plain = await run(layer);
      expect(await run((x) => recompute(layer, x))).toEqual(plain);
      expect(plain.flat().some((v) => v !== 0)).toBe(true);
    }
  });
});

describe('LossScaler', () => {
  it('doubles after so many good steps, halves on overflow, and ends an endless run of overflows', () => {
    const scaler = new LossScaler({ growthInterval: 3 });
    expect([1, 2, 3].map((norm) => scaler.update(norm))).toEqual([true, true, true]);
    expect(scaler.scale).toBe(131072);
    expect([scaler.update(1), scaler.update(Number.POSITIVE_INFINITY), scaler.update(Number.NaN)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(scaler.state()).toEqual({ scale: 32768, goodSteps: 0, skippedSteps: 2 });
    scaler.update(1);
    const other = new LossScaler();
    other.load(scaler.state());
    expect(other.state()).toEqual({ scale: 32768, goodSteps: 1, skippedSteps: 0 });
    const forever = (): void => {
      for (let i = 0; i < 100; i++) scaler.update(Number.NaN);
    };
    expect(forever).toThrow(HeddleError);
    expect(forever).toThrow(/17 steps in a row were left out|not finite \(norm NaN\) at a loss scale of 1/);
    expect(scaler.scale).toBe(1);
    for (const options of [{ scale: 0 }, { scale: Number.NaN }, { backoffFactor: 1 }, { growthFactor: 0.5 }]) {
      expect(() => new LossScaler(options)).toThrow(ArgumentError);
    }
  });

  it('grows to 2^24 and no further', () => {
    const scaler = new LossScaler({ growthInterval: 1 });
    for (let i = 0; i < 50; i++) scaler.update(1);
    expect(scaler.scale).toBe(2 ** 24);
  });

  it('scaled gradients: the same norm, and the same step of the optimizer', async () => {
    for (const device of backends) {
      using _ = scope();
      const step = async (scaler: LossScaler | null): Promise<number[]> => {
        using _ = scope();
        const w = randn([7, 30], { device, seed: 3, requiresGrad: true });
        const optimizer = new Adam([w], { lr: 0.1 });
        const loss = w.square().sum();
        if (scaler === null) loss.backward();
        else scaler.backward(loss);
        const { norm, scale } = gradNorm([w], 2, scaler === null ? {} : { lossScale: scaler.scale });
        optimizer.step({ gradScale: scale });
        const result = [await norm.item(), ...(await w.data())];
        optimizer.dispose();
        return result;
      };
      expectClose(await step(new LossScaler()), await step(null), { relative: 1e-7, label: device.name });
      expect(() => gradNorm([randn([2], { device })], 1, { lossScale: 0 })).toThrow(/lossScale 0/);
    }
  });

  /** A small network that must find a function, in either precision; losses of every step that was taken. */
  async function learn(device: Device, precision: 'float32' | 'float16', scaler: LossScaler, steps: number) {
    using _all = scope();
    const make = (shape: number[], seed: number): Tensor =>
      randn(shape, { device, seed })
        .mul(shape[1]! ** -0.5)
        .detach()
        .requiresGrad_();
    const [w1, w2, w3] = [make([32, 4], 1), make([32, 32], 2), make([1, 32], 3)];
    const x = randn([64, 4], { device, seed: 4 });
    const target = noGrad(() => relu(x.sum(1, { keepdim: true })).sub(0.5));
    const parameters = [w1, w2, w3];
    const optimizer = new Adam(parameters, { lr: 0.01 });
    const losses: number[] = [];
    const skipped: number[] = [];
    for (let step = 0; step < steps; step++) {
      using _ = scope();
      const loss = autocast(precision, () =>
        linear(relu(linear(relu(linear(x, w1)), w2)), w3)
          .sub(target)
          .square()
          .mean(),
      );
      scaler.backward(loss);
      const { norm, scale } = gradNorm(parameters, 1, { lossScale: scaler.scale });
      const before = [Array.from(await w2.data()), await optimizer.stateDict()];
      if (scaler.update(await norm.item())) {
        optimizer.step({ gradScale: scale });
        losses.push(await loss.item());
      } else {
        skipped.push(step);
        expect([Array.from(await w2.data()), await optimizer.stateDict()]).toEqual(before);
      }
      optimizer.zeroGrad();
    }
    optimizer.dispose();
    return { losses, skipped };
  }

  it('training in float16 reaches the loss of float32', async () => {
    for (const device of backends) {
      const exact = await learn(device, 'float32', new LossScaler(), 60);
      const half = await learn(device, 'float16', new LossScaler(), 60);
      expect(half.skipped).toEqual([]);
      expect(exact.losses.at(-1)!).toBeLessThan(0.05 * exact.losses[0]!);
      expect(Math.abs(half.losses.at(-1)! - exact.losses.at(-1)!)).toBeLessThan(0.05 * exact.losses.at(-1)!);
      // it is another computation all the same
      expect(half.losses).not.toEqual(exact.losses);
    }
  });

  it('recovers from a scale far too high: steps are left out, and nothing changes in them', async () => {
    for (const device of backends) {
      const scaler = new LossScaler({ scale: 2 ** 40 });
      const { losses, skipped } = await learn(device, 'float16', scaler, 40);
      expect(skipped.length).toBeGreaterThan(5);
      expect(skipped).toEqual(skipped.map((_, i) => i));
      expect(scaler.scale).toBe(2 ** (40 - skipped.length));
      expect(losses.every(Number.isFinite)).toBe(true);
      expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    }
  });

  it('finds an overflow on the way forward, which no scale heals', async () => {
    for (const device of backends) {
      using _ = scope();
      const w = randn([4, 4], { device, seed: 1, requiresGrad: true });
      const x = tensor([[1e5, 1, 0, -1]], { device });
      const scaler = new LossScaler({ scale: 4 });
      const attempt = async (): Promise<boolean> => {
        using _ = scope();
        w.grad?.dispose();
        w.grad = null;
        // the sign of what overflowed is lost in relu, and the loss is finite
        const loss = autocast('float16', () => relu(linear(x, w)).clamp(0, 1).sum());
        scaler.backward(loss);
        return scaler.update(await gradNorm([w], 1, { lossScale: scaler.scale }).norm.item());
      };
      expect([await attempt(), await attempt()]).toEqual([false, false]);
      await expect(attempt()).rejects.toThrow(/at a loss scale of 1; 3 steps in a row/);
    }
  });
});
