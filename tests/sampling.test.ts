import { beforeAll, describe, expect, it } from 'vitest';
import { bernoulli, type Device, Generator, init, multinomial, normal, randperm, Tensor } from '../engine/index.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const floats = (device: Device, values: readonly number[]): Tensor =>
  Tensor.from(device, values, [values.length], 'float32');

/** Mean and deviation. */
function spread(values: ArrayLike<number>): [number, number] {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return [mean, Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length)];
}

describe('random tensors', () => {
  it('are the same for a seed, on every device, and go on with a generator', async () => {
    const draws = async (device: Device): Promise<unknown[]> => {
      const generator = new Generator(3);
      const p = floats(device, new Array(50).fill(0.3));
      const all = [
        randperm(20, { device, generator }),
        normal(3, 0.5, [7], { device, generator }),
        bernoulli(p, { generator }),
        bernoulli(p, { generator }),
        multinomial(p, 9, { generator }),
        multinomial(p, 9, { seed: 4, replacement: true }),
      ];
      return Promise.all(all.map(async (t) => Array.from(await t.data())));
    };
    const [first, second] = await Promise.all(backends.map(draws));
    expect(first).toEqual(second);
    expect(first![2]).not.toEqual(first![3]);
    expect([...(first![0] as number[])].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('have the distribution that they say', async () => {
    const [mean, deviation] = spread(await normal(-2, 3, [20000], { seed: 1 }).data());
    expect(mean).toBeCloseTo(-2, 1);
    expect(deviation).toBeCloseTo(3, 1);
    for (const device of backends) {
      const heads = await bernoulli(floats(device, new Array(20000).fill(0.3)), { seed: 2 }).data();
      expect(spread(heads)[0]).toBeCloseTo(0.3, 2);
      const weights = floats(device, [1, 0, 2, 5, 0]);
      const drawn = await multinomial(weights, 8000, { replacement: true, seed: 3 }).data();
      const counts = [0, 1, 2, 3, 4].map((k) => drawn.filter((v) => v === k).length);
      // χ² with two degrees of freedom: 13.8 is passed once in a thousand seeds
      const chi = [1000, 2000, 5000].reduce((sum, want, i) => sum + (counts[[0, 2, 3][i]!]! - want) ** 2 / want, 0);
      expect(chi).toBeLessThan(13.8);
      expect([counts[1], counts[4]]).toEqual([0, 0]);
      // without replacement the first of the row is drawn by the weights too
      const rows = Tensor.from(device, new Array(4000).fill([1, 0, 2, 5]).flat(), [4000, 4], 'float32');
      const order = await multinomial(rows, 3, { seed: 5 }).data();
      const firsts = [0, 1, 2, 3].map((k) => order.filter((v, i) => i % 3 === 0 && v === k).length);
      const gap = [500, 1000, 2500].reduce((sum, want, i) => sum + (firsts[[0, 2, 3][i]!]! - want) ** 2 / want, 0);
      expect(gap).toBeLessThan(13.8);
      expect(order.includes(1)).toBe(false);
    }
  });

  it('refuse what cannot be drawn', () => {
    const weights = floats(backends[0]!, [1, 2]);
    expect(() => multinomial(weights, 3)).toThrow(/3 samples of 2 places. Expected 1 to 2, or { replacement: true }/);
    expect(() => multinomial(floats(backends[0]!, []), 1)).toThrow(/no weights/);
    expect(() => randperm(-1)).toThrow(/randperm: -1/);
  });
});

describe('first values', () => {
  const values = (make: ReturnType<typeof init.normal>, shape: readonly number[]): Float32Array =>
    make(shape, new Generator(8));

  it('have the deviations of their papers, for matrices and kernels', () => {
    const shape = [60, 30, 3, 3];
    const [fanIn, fanOut] = [270, 540];
    const wanted: [ReturnType<typeof init.normal>, number][] = [
      [init.kaimingUniform(), Math.sqrt(2 / fanIn)],
      [init.kaimingNormal({ mode: 'fanOut' }), Math.sqrt(2 / fanOut)],
      [init.kaimingNormal({ nonlinearity: 'leakyRelu', negativeSlope: 1 }), Math.sqrt(1 / fanIn)],
      [init.xavierUniform, Math.sqrt(2 / (fanIn + fanOut))],
      [init.xavierNormal, Math.sqrt(2 / (fanIn + fanOut))],
    ];
    for (const [make, want] of wanted) {
      const [mean, deviation] = spread(values(make, shape));
      expect(Math.abs(mean)).toBeLessThan(0.03 * want);
      expect(Math.abs(deviation / want - 1)).toBeLessThan(0.02);
    }
    const bound = Math.sqrt(6 / fanIn);
    expect(values(init.kaimingUniform(), shape).every((v) => Math.abs(v) <= bound)).toBe(true);
  });

  it('truncatedNormal stays between its bounds', () => {
    const drawn = values(init.truncatedNormal(1, { low: -1, high: 0.5 }), [5000]);
    expect(drawn.every((v) => v >= -1 && v <= 0.5)).toBe(true);
    // ∫ x φ / ∫ φ between the bounds
    expect(spread(drawn)[0]).toBeCloseTo((Math.exp(-0.5) - Math.exp(-0.125)) / Math.sqrt(2 * Math.PI) / 0.5328, 2);
    expect(() => values(init.truncatedNormal(1, { low: 5, high: 6 }), [1])).toThrow(/Expected bounds about the mean/);
  });

  it('orthogonal gives rows, or columns, at right angles', () => {
    for (const [rows, columns] of [
      [4, 9],
      [9, 4],
      [5, 5],
    ] as const) {
      const q = values(init.orthogonal(2), [rows, columns]);
      const count = Math.min(rows, columns);
      const at = (k: number, i: number): number => (rows <= columns ? q[k * columns + i]! : q[i * columns + k]!);
      for (let a = 0; a < count; a++) {
        for (let b = 0; b < count; b++) {
          let dot = 0;
          for (let i = 0; i < Math.max(rows, columns); i++) dot += at(a, i) * at(b, i);
          expect(dot).toBeCloseTo(a === b ? 4 : 0, 5);
        }
      }
    }
  });
});
