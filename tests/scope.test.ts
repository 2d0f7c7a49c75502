/** What docs/scope.md says to use in place of what is left out. */
import { beforeAll, describe, expect, it } from 'vitest';
import { arange, type Device, normal, outer, rand, Tensor, tensor } from '../engine/index.ts';
import { expectClose } from './support/compare.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

describe('instead of what is left out', () => {
  it('a Fourier transform as a product', async () => {
    const n = 16;
    for (const device of backends) {
      const frames = normal(0, 1, [3, n], { device, seed: 1 });
      const angle = outer(arange(n / 2 + 1, null, 1, { device }), arange(n, null, 1, { device })).mul(
        (2 * Math.PI) / n,
      );
      const power = frames
        .matmul(angle.cos().transpose())
        .square()
        .add(frames.matmul(angle.sin().transpose()).square());
      const values = await frames.data();
      const want = Array.from({ length: 3 * (n / 2 + 1) }, (_, i) => {
        const [row, k] = [Math.floor(i / (n / 2 + 1)), i % (n / 2 + 1)];
        let [re, im] = [0, 0];
        for (let t = 0; t < n; t++) {
          re += values[row * n + t]! * Math.cos((2 * Math.PI * k * t) / n);
          im += values[row * n + t]! * Math.sin((2 * Math.PI * k * t) / n);
        }
        return re * re + im * im;
      });
      expectClose(await power.data(), want, { label: device.name });
    }
  });

  it('distances of all pairs, counts, reflected edges, the trace of a matrix, exponential numbers', async () => {
    for (const device of backends) {
      const x = tensor(
        [
          [0, 0],
          [3, 4],
        ],
        { device },
      );
      const y = tensor(
        [
          [0, 0],
          [0, 4],
          [6, 8],
        ],
        { device },
      );
      const squares = x.square().sum(1, { keepdim: true }).add(y.square().sum(1));
      const distances = squares.sub(x.matmul(y.transpose()).mul(2)).clamp(0).sqrt();
      expectClose(await distances.data(), [0, 4, 10, 5, 3, 5], { label: device.name });
      const classes = Tensor.from(device, [0, 2, 2, 1, 2], [5], 'int32');
      expect(await classes.oneHot(3).sum(0).tolist()).toEqual([1, 1, 3]);
      const edges = tensor([[1, 2, 3]], { device }).at('...', [2, 1, 0, 1, 2, 1]);
      expect(await edges.tolist()).toEqual([[3, 2, 1, 2, 3, 2]]);
      expect(
        await tensor(
          [
            [1, 2],
            [3, 4],
          ],
          { device },
        )
          .diagonal()
          .sum()
          .item(),
      ).toBe(5);
      const waits = rand([20000], { device, seed: 3 }).neg().log1p().neg();
      expect(await waits.mean().item()).toBeCloseTo(1, 1);
    }
  });
});
