import { beforeAll, describe, expect, it } from 'vitest';
import {
  allclose,
  argsort,
  at,
  bmm,
  type Device,
  dot,
  einsum,
  equal,
  linspace,
  maskedSelect,
  meshgrid,
  movedim,
  nonzero,
  oneHot,
  repeat,
  roll,
  scatter,
  scope,
  sort,
  sum,
  Tensor,
  unbind,
  unique,
} from '../engine/index.ts';
import { Stream } from '../engine/random.ts';
import { devices } from './support/devices.ts';

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

const floats = (device: Device, values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  Tensor.from(device, values, shape, 'float32');
const ints = (device: Device, values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  Tensor.from(device, values, shape, 'int32');

describe('sort', () => {
  it('keeps equal elements in their order, with 0 and −0 alike and NaN last', async () => {
    for (const device of backends) {
      const x = floats(device, [
        3,
        Number.NaN,
        0,
        -0,
        Number.NEGATIVE_INFINITY,
        3,
        -1e-40,
        Number.POSITIVE_INFINITY,
        -2,
        -0,
      ]);
      const { values, indices } = sort(x);
      expect(Array.from(await indices.data()), device.name).toEqual([4, 8, 6, 2, 3, 9, 0, 5, 7, 1]);
      expect(Array.from(await values.data()).slice(0, 2), device.name).toEqual([Number.NEGATIVE_INFINITY, -2]);
      expect(Array.from(await argsort(x, 0, { descending: true }).data()), device.name).toEqual([
        1, 7, 0, 5, 2, 3, 9, 6, 8, 4,
      ]);
    }
  });

  it('is that of the host for long lines with many repeats, in both directions', async () => {
    const stream = new Stream(4);
    const values = Array.from({ length: 3 * 9000 }, () => stream.integer(500) - 250);
    for (const device of backends) {
      for (const descending of [false, true]) {
        const { indices } = sort(ints(device, values, [3, 9000]), 1, { descending });
        const want = [0, 1, 2].flatMap((row) => {
          const line = values.slice(9000 * row, 9000 * (row + 1));
          return [...line.keys()].sort((a, b) => (descending ? line[b]! - line[a]! : line[a]! - line[b]!) || a - b);
        });
        expect(Array.from(await indices.data()), device.name).toEqual(want);
      }
    }
  });
});

describe('scatter', () => {
  it('takes the last of several elements for one place, and gives it the gradient', async () => {
    for (const device of backends) {
      const n = 3000;
      const source = floats(
        device,
        Array.from({ length: n }, (_, i) => i),
      ).requiresGrad_();
      const index = ints(
        device,
        Array.from({ length: n }, (_, i) => i % 7),
      );
      const y = scatter(floats(device, new Array(9).fill(-1)), 0, index, source);
      const want = Array.from({ length: 9 }, (_, i) => (i > 6 ? -1 : n - 1 - ((n - 1 - i) % 7)));
      expect(Array.from(await y.data()), device.name).toEqual(want);
      sum(y).backward();
      const grad = Array.from(await source.grad!.data());
      expect(
        grad.flatMap((g, i) => (g === 0 ? [] : [i, g])),
        device.name,
      ).toEqual(
        want
          .slice(0, 7)
          .sort((a, b) => a - b)
          .flatMap((i) => [i, 1]),
      );
    }
  });
});

describe('what reads values', () => {
  it('nonzero, maskedSelect, unique, allclose, equal', async () => {
    for (const device of backends) {
      const x = floats(device, [0, 2, 0, -1, 2, 0], [2, 3]).requiresGrad_();
      expect(await (await nonzero(x)).tolist()).toEqual([
        [0, 1],
        [1, 0],
        [1, 1],
      ]);
      expect((await nonzero(floats(device, [0]))).shape).toEqual([0, 1]);
      const mask = Tensor.from(device, [true, false, true], [3], 'bool');
      const picked = await maskedSelect(x, mask);
      expect(await picked.tolist()).toEqual([0, 0, -1, 0]);
      picked.backward(floats(device, [1, 2, 3, 4]));
      expect(await x.grad!.tolist()).toEqual([
        [1, 0, 2],
        [3, 0, 4],
      ]);
      const { values, inverse, counts } = await unique(x);
      expect(await values.tolist()).toEqual([-1, 0, 2]);
      expect(await inverse.tolist()).toEqual([
        [1, 2, 1],
        [0, 2, 1],
      ]);
      expect(await counts.tolist()).toEqual([1, 3, 2]);
      const near = floats(device, [1 + 1e-6, Number.NaN, Number.POSITIVE_INFINITY]);
      const far = floats(device, [1, Number.NaN, Number.POSITIVE_INFINITY]);
      expect(await allclose(near, far)).toBe(false);
      expect(await allclose(near, far, { equalNan: true })).toBe(true);
      expect(await allclose(near, far, { equalNan: true, rtol: 1e-8 })).toBe(false);
      expect(await allclose(floats(device, [1, 1]), floats(device, [1], []))).toBe(true);
      expect(await allclose(floats(device, [1]), floats(device, [Number.POSITIVE_INFINITY]))).toBe(false);
      expect(await equal(mask, Tensor.from(device, [true, false, true], [3], 'bool'))).toBe(true);
      expect(await equal(near, near)).toBe(false);
      expect(await equal(mask, Tensor.from(device, [true, false], [2], 'bool'))).toBe(false);
    }
  });
});

/** Methods whose type got lost on the way from the functions. */
type Untyped = { [K in keyof Tensor]: [Tensor[K]] extends [never] ? K : never }[keyof Tensor];

it('every method has a type', () => {
  const none: [Untyped] extends [never] ? true : Untyped = true;
  expect(none).toBe(true);
});

describe('at', () => {
  it('gives views for numbers and ranges, and frees what it made on the way', () => {
    for (const device of backends) {
      const x = floats(device, new Array(24).fill(0), [2, 3, 4]);
      using s = scope();
      const y = at(x, 1, null, '1:', '...', '::2');
      expect(y.shape).toEqual([1, 2, 2]);
      expect(y.storage).toBe(x.storage);
      at(x, [0, 1], ints(device, [0, -1]));
      expect(s.size).toBe(3);
    }
  });

  it('gives 0 for a place outside in a tensor of places', async () => {
    for (const device of backends) {
      const x = floats(device, [1, 2, 3, 4], [2, 2]);
      const wide = ints(device, [1, 2, -3]);
      expect(await at(x, wide).tolist()).toEqual([
        [3, 4],
        [0, 0],
        [0, 0],
      ]);
      expect(await at(x, wide, [1]).tolist()).toEqual([4, 0, 0]);
      expect(await at(x, [0, 0, 1], wide).tolist()).toEqual([2, 0, 0]);
    }
  });

  it('refuses what it cannot read', () => {
    const [device] = backends;
    const x = floats(device!, new Array(6).fill(0), [2, 3]);
    expect(() => at(x, 0, 0, 0)).toThrow(/at: 3 places of \[2, 3\]/);
    expect(() => at(x, '...', '...')).toThrow(/one '...'/);
    expect(() => at(x, 5)).toThrow(/index 5 along dim 0/);
    expect(() => at(x, [3])).toThrow(/at: place 3 along dim 0 of \[2, 3\]. Expected -2 to 1/);
    expect(() => at(x, 'a:b' as ':')).toThrow(/Expected a range such as/);
    expect(() => at(x, '::-1')).toThrow(/Expected a range/);
    expect(() => at(x, x)).toThrow(/await maskedSelect/);
  });
});

describe('errors and edges', () => {
  it('say what came and what was expected', () => {
    const [device] = backends;
    const x = floats(device!, new Array(6).fill(0), [2, 3]);
    const v = floats(device!, [1, 2, 3]);
    expect(() => dot(x, v)).toThrow(/dot: \[2, 3\] and \[3\]. Expected two vectors/);
    expect(() => bmm(x, x)).toThrow(/bmm/);
    expect(() => einsum('ij,jk->ik', x, x)).toThrow(
      /einsum: 'ij,jk->ik': dimension j is 3 and, in operand 1 \[2, 3\], 2/,
    );
    expect(() => einsum('ij->k', x)).toThrow(/names 'k', which no operand has/);
    expect(() => einsum('ijk', x)).toThrow(/names 3 dimensions/);
    expect(() => einsum('ij,j', x)).toThrow(/2 operands are named and 1 were given/);
    expect(() => einsum('i.j', x)).toThrow(/not made of letters/);
    expect(() => oneHot(ints(device!, [0]), 0)).toThrow(/numClasses 0/);
    expect(() => repeat(x, [2])).toThrow(/repeat: \[2, 3\] by \[2\]/);
    expect(() => roll(x, [1, 2], [0])).toThrow(/roll: shifts \[1, 2\] along dims \[0\]/);
    expect(() => movedim(x, [0, 1], [1, 1])).toThrow(/movedim/);
    expect(() => meshgrid([x])).toThrow(/meshgrid: \[2, 3\] is no vector/);
    expect(() => scatter(x, 0, ints(device!, [0]), v)).toThrow(/scatter/);
    expect(() => x.indexAdd(0, ints(device!, [0]), x)).toThrow(/indexAdd: index \[1\] and source \[2, 3\]/);
    expect(() => unbind(floats(device!, [1], []))).toThrow(/unbind: a scalar/);
  });

  it('linspace ends at its end', async () => {
    expect(await linspace(0, 1, 5).tolist()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    const thirds = await linspace(-1, 0.1, 12).data();
    expect([thirds[0], thirds[11]]).toEqual([-1, Math.fround(0.1)]);
    expect(await linspace(3, 9, 1).tolist()).toEqual([3]);
    expect(linspace(0, 1, 0).shape).toEqual([0]);
  });
});
