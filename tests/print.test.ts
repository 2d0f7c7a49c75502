/** What a person sees of a tensor, in a console and of its values; layouts as `print` of PyTorch 2 gives them. */
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { arange, type Device, full, tensor, zeros } from '../engine/index.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

describe('a tensor in a console', () => {
  it('says shape, dtype, device and how to see the values', () => {
    for (const device of backends) {
      const x = zeros([2, 3], { device, requiresGrad: true });
      for (const text of [inspect(x), inspect({ x }), String(x)]) {
        expect(text).toContain(`Tensor [2, 3] float32 on ${device.name}, requiresGrad`);
        expect(text).toContain('await x.show()');
      }
      x.dispose();
      expect(inspect(x)).toContain('freed');
    }
  });
});

describe('show', () => {
  const cases: [string, () => ReturnType<typeof tensor>, string][] = [
    ['a scalar', () => tensor(1.23456), 'tensor(1.2346)'],
    [
      'whole numbers',
      () =>
        tensor([
          [1, 20],
          [3, -4],
        ]),
      'tensor([[ 1., 20.],\n        [ 3., -4.]])',
    ],
    ['fractions', () => tensor([0.5, -1.25, 10]), 'tensor([ 0.5000, -1.2500, 10.0000])'],
    ['sizes that differ', () => tensor([0.00001, 1]), 'tensor([1.0000e-05, 1.0000e+00])'],
    [
      'what is no number',
      () => tensor([Number.NaN, Number.POSITIVE_INFINITY, 1.5]),
      'tensor([   nan,    inf, 1.5000])',
    ],
    ['booleans', () => tensor([true, false]), 'tensor([ true, false])'],
    ['integers', () => tensor([7, 8], { dtype: 'int32' }), 'tensor([7, 8], dtype int32)'],
    ['nothing', () => zeros([0, 2]), 'tensor([], shape [0, 2])'],
    ['three dimensions', () => full([2, 1, 2], 1), 'tensor([[[1., 1.]],\n\n        [[1., 1.]]])'],
    ['a leaf', () => tensor([1], { requiresGrad: true }), 'tensor([1.], requiresGrad)'],
    [
      'more than a thousand',
      () => arange(2000),
      'tensor([   0.,    1.,    2., ..., 1997., 1998., 1999.], shape [2000])',
    ],
  ];
  it.each(cases)('%s', async (_name, make, want) => {
    expect(await make().show()).toBe(want);
  });

  it('names a device that is not the default, and reads views in their order', async () => {
    const webgpu = backends.find((d) => d.name === 'webgpu')!;
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { device: webgpu },
    ).transpose();
    expect(await x.show()).toBe('tensor([[1., 3.],\n        [2., 4.]], device webgpu)');
  });
});
