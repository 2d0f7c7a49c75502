import { beforeAll, describe, expect, it } from 'vitest';
import {
  cat,
  crossEntropy,
  type Device,
  embedding,
  gather,
  gradients,
  indexSelect,
  mseLoss,
  mul,
  pad,
  type Reduction,
  scatterAdd,
  scope,
  slice,
  stack,
  sum,
  Tensor,
  trace,
} from '../engine/index.ts';
import { Stream } from '../engine/random.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const normal = (n: number, stream: number): Float64Array => {
  const s = new Stream(31, stream);
  return Float64Array.from({ length: n }, () => Math.fround(s.normal()));
};
const float = (device: Device, shape: readonly number[], stream: number): Tensor =>
  Tensor.from(
    device,
    normal(
      shape.reduce((a, b) => a * b, 1),
      stream,
    ),
    shape,
    'float32',
  );
const ints = (device: Device, values: readonly number[], shape: readonly number[]): Tensor =>
  Tensor.from(device, values, shape, 'int32');

/**
 * d ⟨u, dx⟩/dx and the like: the second derivative of f along u, from the tape, against a central difference of the first
 * gradient, which the generated tests hold against the reference.
 */
async function checkSecond(
  device: Device,
  x: Float64Array,
  shape: readonly number[],
  f: (x: Tensor) => Tensor,
): Promise<void> {
  const u = normal(x.length, 97);
  const first = async (values: Float64Array): Promise<Float64Array> => {
    const t = Tensor.from(device, values, shape, 'float32').requiresGrad_();
    return Float64Array.from(await gradients(sum(f(t)), [t])[0]!.data());
  };
  const h = 1e-2;
  const [above, below] = [await first(x.map((v, i) => v + h * u[i]!)), await first(x.map((v, i) => v - h * u[i]!))];
  const want = above.map((v, i) => (v - below[i]!) / (2 * h));
  const t = Tensor.from(device, x, shape, 'float32').requiresGrad_();
  const [g] = gradients(sum(f(t)), [t], { createGraph: true });
  const along = sum(mul(g!, Tensor.from(device, u, shape, 'float32')));
  const second = along.requiresGrad ? gradients(along, [t])[0]! : null;
  const got = second === null ? new Float64Array(x.length) : await second.data();
  expectClose(got, want, { relative: 2e-3, absolute: 1e-3, label: device.name });
}

/** y² of what an operation gives, so that the second derivative is not 0. */
const squared = (f: (x: Tensor) => Tensor) => (x: Tensor) => {
  const y = f(x);
  return mul(mul(y, y), y);
};

describe('second derivatives', () => {
  const index = (d: Device): Tensor => ints(d, [2, 0, 2, -1, 1, 2], [2, 3]);
  const forms: Record<string, (d: Device) => (x: Tensor) => Tensor> = {
    embedding: (d) => (x) => embedding(index(d), x),
    'embedding with padding': (d) => (x) => embedding(index(d), x, { paddingIdx: 2 }),
    gather: (d) => (x) => gather(x, 0, index(d)),
    indexSelect: (d) => (x) => indexSelect(x, 1, ints(d, [3, 1, 1], [3])),
    scatterAdd: (d) => (x) => scatterAdd(x, 0, index(d), slice(x, 0, 0, 2)),
    pad: () => (x) => pad(x, [1, 2, -1, 1], 0.5),
    'cat and stack': () => (x) => stack([cat([x, x], 1), cat([mul(x, x), x], 1)], 1),
    slice: () => (x) => slice(x, 1, 1, null, 2),
  };
  for (const [name, form] of Object.entries(forms)) {
    it(name, async () => {
      for (const device of backends) await checkSecond(device, normal(12, 1), [3, 4], squared(form(device)));
    });
  }

  for (const reduction of ['mean', 'sum', 'none'] as const) {
    it(`crossEntropy, ${reduction}`, async () => {
      for (const device of backends) {
        const target = ints(device, [1, 0, 3], [3]);
        const options = { reduction, labelSmoothing: 0.1, ignoreIndex: 0 };
        await checkSecond(
          device,
          normal(12, 2),
          [3, 4],
          squared((x) => crossEntropy(x, target, options)),
        );
      }
    });
  }
});

describe('crossEntropy', () => {
  it('is the same in one kernel, composed, and with a gradient that is on the tape', async () => {
    for (const device of backends) {
      for (const reduction of ['mean', 'sum', 'none'] as Reduction[]) {
        const logits = float(device, [2, 3, 9], 3).requiresGrad_();
        const target = ints(device, [0, 8, 2, -100, 5, 17], [2, 3]);
        const options = { reduction, labelSmoothing: 0.2, ignoreIndex: 2 };
        const fused = crossEntropy(logits, target, options);
        const dy = float(device, fused.shape, 4);
        const [g] = gradients(fused, [logits], { gradient: dy, retainGraph: true });
        const [onTape] = gradients(fused, [logits], { gradient: dy, createGraph: true });
        using t = trace({ decompose: true });
        const composed = crossEntropy(logits, target, options);
        const [h] = gradients(composed, [logits], { gradient: dy });
        expect(t.find(/logSoftmax/).length).toBeGreaterThan(0);
        expectClose(await composed.data(), await fused.data(), { label: `${reduction} on ${device.name}` });
        expectClose(await h!.data(), await g!.data(), { label: `gradient, ${reduction} on ${device.name}` });
        expectClose(await onTape!.data(), await g!.data(), {
          label: `gradient on the tape, ${reduction} on ${device.name}`,
        });
      }
    }
  });

  it('has a gradient of 0, not NaN, where nothing counts', async () => {
    for (const device of backends) {
      const logits = float(device, [2, 5], 5).requiresGrad_();
      const loss = crossEntropy(logits, ints(device, [0, 0], [2]), { ignoreIndex: 0 });
      loss.backward();
      expect(await loss.item()).toBe(0);
      expect(Array.from(await logits.grad!.data())).toEqual(new Array(10).fill(0));
    }
  });

  it('keeps its digits where all logits are large', async () => {
    for (const device of backends) {
      const values = Array.from(normal(40, 6), (v) => Math.fround(1000 + v));
      const logits = Tensor.from(device, values, [4, 10], 'float32').requiresGrad_();
      const loss = crossEntropy(logits, ints(device, [1, 2, 3, 4], [4]), { labelSmoothing: 0.1 });
      loss.backward();
      const rows = [0, 1, 2, 3].map((r) => values.slice(10 * r, 10 * r + 10));
      const sums = rows.map((x) => x.reduce((a, v) => a + Math.exp(v - 1000), 0));
      const losses = rows.map((x, r) => {
        const logs = x.map((v) => v - 1000 - Math.log(sums[r]!));
        return -0.9 * logs[r + 1]! - 0.01 * logs.reduce((a, v) => a + v, 0);
      });
      expectClose(await loss.data(), [losses.reduce((a, v) => a + v / 4, 0)]);
      const want = rows.flatMap((x, r) =>
        x.map((v, c) => (Math.exp(v - 1000) / sums[r]! - 0.01 - (c === r + 1 ? 0.9 : 0)) / 4),
      );
      expectClose(await logits.grad!.data(), want);
    }
  });
});

describe('shapes that do not fit', () => {
  it('are refused with what came and what was expected', () => {
    const [device] = backends;
    const x = float(device!, [3, 4], 1);
    const list = ints(device!, [0, 1], [2]);
    expect(() => embedding(list, list)).toThrow(/embedding: weight is int32/);
    expect(() => embedding(list, float(device!, [4], 1))).toThrow(/expected \[number of rows/);
    expect(() => embedding(list, x, { paddingIdx: 3 })).toThrow(/paddingIdx 3 of a table of 3 rows/);
    expect(() => gather(x, 0, list)).toThrow(/gather: index \[2\] does not fit \[3, 4\]/);
    expect(() => gather(x, 1, ints(device!, [0, 0, 0, 0], [4, 1]))).toThrow(/gather/);
    expect(() => scatterAdd(x, 0, ints(device!, [0, 1], [1, 2]), float(device!, [1, 1], 2))).toThrow(/must be alike/);
    expect(() => indexSelect(x, 0, ints(device!, [0, 1], [1, 2]))).toThrow(/Expected a list/);
    expect(() => cat([])).toThrow(/no tensors/);
    expect(() => cat([x, float(device!, [3, 5], 1)])).toThrow(/tensor 0 is \[3, 4\] and tensor 1 is \[3, 5\]/);
    expect(() => cat([list, float(device!, [2], 1)])).toThrow(/tensor 0 is int32 and tensor 1 is float32/);
    expect(() => stack([x, list])).toThrow(/stack/);
    expect(() => pad(x, [1])).toThrow(/in pairs/);
    expect(() => pad(x, [-3, -2])).toThrow(/take more than the 4 elements/);
    expect(() => mseLoss(x, float(device!, [4], 1))).toThrow(/mseLoss: x \[3, 4\] and target \[4\]/);
    expect(() => crossEntropy(x, list)).toThrow(/crossEntropy: logits \[3, 4\] with target \[2\]/);
    expect(() => crossEntropy(x, list, { labelSmoothing: 2 })).toThrow(/labelSmoothing 2/);
  });
});

describe('a gradient with repeated rows', () => {
  it('is the same in every run', async () => {
    for (const device of backends) {
      const index = ints(
        device,
        Array.from(normal(3000, 8), (v) => Math.abs(Math.round(3 * v))),
        [3000],
      );
      const dy = float(device, [3000, 8], 9);
      const run = async (): Promise<ArrayLike<number>> => {
        const weight = float(device, [12, 8], 10).requiresGrad_();
        const g = scope(() => gradients(embedding(index, weight), [weight], { gradient: dy })[0]!);
        return g.data();
      };
      const first = await run();
      expect(await run()).toEqual(first);
      expect(await run()).toEqual(first);
    }
  });
});
