import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  enableGrad,
  GradientError,
  gradcheck,
  gradients,
  isGradEnabled,
  noGrad,
  randn,
  scope,
  tensor,
} from '../engine/index.ts';
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

describe('backward', () => {
  it('adds up the gradients of a leaf used several times, and over several calls', () =>
    each(async (device) => {
      const x = tensor([1, 2, 3], { device, requiresGrad: true });
      x.mul(x).add(x).sum().backward();
      expect(Array.from(await x.grad!.data())).toEqual([3, 5, 7]);
      x.mul(2).sum().backward();
      expect(Array.from(await x.grad!.data())).toEqual([5, 7, 9]);
    }));

  it('keeps the graph when asked, and says so when it is gone', () =>
    each(async (device) => {
      const x = tensor([2], { device, requiresGrad: true });
      const y = x.mul(x).sum();
      y.backward(undefined, { retainGraph: true });
      y.backward();
      expect(await x.grad!.item()).toBe(8);
      expect(() => y.backward()).toThrow(/retainGraph/);
    }));

  it('flows through views into the right elements', () =>
    each(async (device) => {
      const x = tensor(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { device, requiresGrad: true },
      );
      x.transpose(0, 1)
        .slice(0, 1, 3)
        .mul(
          tensor(
            [
              [1, 10],
              [100, 1000],
            ],
            { device },
          ),
        )
        .sum()
        .backward();
      expect(await x.grad!.tolist()).toEqual([
        [0, 1, 100],
        [0, 10, 1000],
      ]);
    }));

  it('gives second derivatives: of x³ it is 6x, of a softmax what differences say', () =>
    each(async (device) => {
      const x = tensor([1, -2, 3], { device, requiresGrad: true });
      const [first] = gradients(x.pow(3).sum(), [x], { createGraph: true });
      expect(Array.from(await first!.data())).toEqual([3, 12, 27]);
      const [second] = gradients(first!.sum(), [x]);
      expect(Array.from(await second!.data())).toEqual([6, -12, 18]);
      const z = randn([2, 4], { device, seed: 3 }).requiresGrad_();
      const w = randn([2, 4], { device, seed: 4 });
      const slope = (v: typeof z): typeof z =>
        enableGrad(() => {
          const leaf = v.requiresGrad ? v : v.detach().requiresGrad_();
          return gradients(leaf.softmax(-1).mul(w).sum(), [leaf], { createGraph: true })[0]!;
        });
      expect(await gradcheck(slope, [z])).toBe(true);
    }));

  it('frees an intermediate without breaking the gradient that needs it', () =>
    each(async (device) => {
      const x = tensor([3], { device, requiresGrad: true });
      const loss = scope(() => x.mul(x).mul(x).sum());
      loss.backward();
      expect(await x.grad!.item()).toBe(27);
    }));

  it('does not overflow the stack on a very long graph', () =>
    each(async (device) => {
      const x = tensor([1], { device, requiresGrad: true });
      let y = x;
      for (let i = 0; i < 5000; i++) y = y.add(1);
      y.sum().backward();
      expect(await x.grad!.item()).toBe(1);
    }));
});

describe('the tape', () => {
  it('is off inside noGrad, also when the body throws, and detach cuts it', () =>
    each(async (device) => {
      const x = tensor([1, 2], { device, requiresGrad: true });
      expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
      expect(() =>
        noGrad(() => {
          throw new Error('inside');
        }),
      ).toThrow('inside');
      expect(isGradEnabled()).toBe(true);
      expect(x.mul(2).requiresGrad).toBe(true);
      expect(x.mul(2).detach().requiresGrad).toBe(false);
    }));

  it('gives its memory back when the output goes, with or without backward', () =>
    each(async (device) => {
      const x = randn([64], { device, seed: 1 }).requiresGrad_();
      const before = device.memory().liveBytes;
      scope(() => void x.exp().mul(x).sigmoid().sum());
      expect(device.memory().liveBytes).toBe(before);
      scope(() => x.exp().mul(x).sigmoid().sum().backward());
      x.grad!.dispose();
      x.grad = null;
      expect(device.memory().liveBytes).toBe(before);
    }));

  it('refuses a saved tensor that was changed in place', () =>
    each(async (device) => {
      const x = tensor([1, 2], { device, requiresGrad: true });
      const y = x.mul(x).sum();
      x.copyFrom([5, 6]);
      expect(() => y.backward()).toThrow(/changed in place/);
    }));

  it('has clear errors', () =>
    each(async (device) => {
      const x = tensor([1, 2], { device, requiresGrad: true });
      expect(() => x.mul(2).backward()).toThrow(/no scalar/);
      expect(() => tensor([1], { device }).backward()).toThrow(GradientError);
      expect(() => tensor([1], { device, dtype: 'int32', requiresGrad: true })).toThrow(/Only float32/);
    }));
});

describe('gradcheck', () => {
  it('passes a right gradient and names the element of a wrong one', () =>
    each(async (device) => {
      const x = randn([2, 3], { device, seed: 5 }).requiresGrad_();
      const y = randn([3, 2], { device, seed: 6 }).requiresGrad_();
      expect(await gradcheck((a, b) => a.matmul(b).tanh(), [x, y])).toBe(true);
      const wrong = gradcheck((a) => a.detach().add(a.mul(2)), [x]);
      await expect(wrong).rejects.toThrow(/element 0/);
    }));
});
