import { beforeAll, describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../engine/half.ts';
import {
  ArgumentError,
  cat,
  type Device,
  DTypeError,
  full,
  linear,
  narrow,
  scope,
  softmax,
  Tensor,
  tensor,
  zeros,
} from '../engine/index.ts';
import { Stream } from '../engine/random.ts';
import { devices } from './support/devices.ts';

/** Every positive half in order, by the definition of the format: HALVES[bits] is the value; the last one is infinite. */
const HALVES: readonly number[] = [
  ...Array.from({ length: 1024 }, (_, fraction) => fraction * 2 ** -24),
  ...Array.from({ length: 30 }, (_, e) => e - 14).flatMap((e) =>
    Array.from({ length: 1024 }, (_, fraction) => (1 + fraction / 1024) * 2 ** e),
  ),
  Number.POSITIVE_INFINITY,
];
/** Where a further half would follow the largest: values from the middle on round to infinity. */
const BEYOND = 2 ** 16;

/** The nearest half, found by search; of two as near, the one whose bits are even. */
function nearest(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(size)) return Number.NaN;
  let [low, high] = [0, HALVES.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (HALVES[middle]! <= size) low = middle;
    else high = middle;
  }
  const below = HALVES[low]!;
  const above = Math.min(HALVES[high]!, BEYOND);
  const up = size - below > above - size || (size - below === above - size && low % 2 === 1);
  const value = size === Number.POSITIVE_INFINITY || up ? HALVES[high]! : below;
  return x < 0 || Object.is(x, -0) ? -value : value;
}

/** float32 numbers that are hard to round: every half, every middle of two, what lies beside them, and any bits. */
function hardNumbers(): Float32Array {
  const middles = HALVES.slice(0, -1).map((h, i) => (h + Math.min(HALVES[i + 1]!, BEYOND)) / 2);
  const exact = Float32Array.from([...HALVES, ...middles]);
  const bits = new Int32Array(exact.buffer);
  const beside = [1, -1].map((by) => new Float32Array(bits.map((b) => (b === 0 ? 0 : b + by)).buffer));
  const s = new Stream(5);
  const any = new Float32Array(Uint32Array.from({ length: 20_000 }, () => s.integer(2 ** 32)).buffer);
  const sizes = Float32Array.from({ length: 20_000 }, () => s.normal() * 2 ** (s.integer(44) - 28));
  const all = [exact, ...beside, sizes].flatMap((part) => [...part, ...part.map((v) => -v)]);
  return Float32Array.from([...all, ...any, Number.NaN, 0, -0]);
}

/** The first place where two lists differ; zeros have signs, and NaN is NaN. */
function firstOff(got: ArrayLike<number>, want: ArrayLike<number>): string | null {
  if (got.length !== want.length) return `${got.length} elements, want ${want.length}`;
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) return `element ${i}: ${got[i]}, want ${want[i]}`;
  }
  return null;
}

let backends: readonly Device[] = [];
beforeAll(async () => {
  backends = await devices();
});

describe('float16', () => {
  it('on the host: all 65,536 halves there and back, and the nearest of every hard number', () => {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
    const isNumber = (bits: number): boolean => (bits & 0x7fff) <= 0x7c00;
    const value = (bits: number): number => (bits & 0x8000 ? -1 : 1) * HALVES[bits & 0x7fff]!;
    const want = all.map((bits) => (isNumber(bits) ? value(bits) : Number.NaN));
    expect(firstOff(all.map(fromHalf), want)).toBeNull();
    const numbers = all.filter(isNumber);
    expect(
      firstOff(
        numbers.map((bits) => toHalf(fromHalf(bits))),
        numbers,
      ),
    ).toBeNull();
    const hard = hardNumbers();
    expect(
      firstOff(
        hard.map((x) => fromHalf(toHalf(x))),
        hard.map(nearest),
      ),
    ).toBeNull();
    // between two float32: rounded once, not twice
    expect(fromHalf(toHalf(1 + 2 ** -11 + 2 ** -40))).toBe(1 + 2 ** -10);
    expect(fromHalf(toHalf(1 + 2 ** -11))).toBe(1);
  });

  it('to() rounds every hard number to the nearest half, on both devices', async () => {
    const hard = hardNumbers();
    const want = hard.map(nearest);
    for (const device of backends) {
      using _ = scope();
      const x = tensor(hard, { device });
      expect(firstOff(await x.to('float16').data(), want), device.name).toBeNull();
      expect(
        firstOff(await narrow(x, 0, 1, 4097).to('float16').data(), want.subarray(1, 4098)),
        device.name,
      ).toBeNull();
    }
  });

  it('to() gives back all 65,536 halves as float32, on both devices', async () => {
    const all = Float32Array.from({ length: 0x10000 }, (_, bits) => fromHalf(bits));
    for (const device of backends) {
      using _ = scope();
      const x = tensor(all, { dtype: 'float16', device });
      expect(firstOff(await x.data(), all), device.name).toBeNull();
      expect(firstOff(await x.to('float32').data(), all), device.name).toBeNull();
    }
  });

  it('takes two bytes an element', () => {
    for (const device of backends) {
      using _ = scope();
      const before = device.memory().liveBytes;
      Tensor.empty(device, [3, 1001], 'float16');
      expect(device.memory().liveBytes - before).toBe(3004 * 2);
    }
  });

  it('reads and writes views that begin or end inside a word', async () => {
    for (const device of backends) {
      using _ = scope();
      const x = tensor(
        Float32Array.from({ length: 15 }, (_, i) => i),
        { shape: [3, 5], dtype: 'float16', device },
      );
      expect(await narrow(x, 0, 1, 1).tolist()).toEqual([[5, 6, 7, 8, 9]]);
      expect(await narrow(x, 1, 1, 2).tolist()).toEqual([
        [1, 2],
        [6, 7],
        [11, 12],
      ]);
      expect(await x.transpose().clone().tolist()).toEqual([0, 1, 2, 3, 4].map((i) => [i, i + 5, i + 10]));
      expect(() => narrow(x, 0, 1, 1).copyFrom([0, 0, 0, 0, 0])).toThrow(/shares a word with its neighbours/);
      expect(() => narrow(x, 0, 0, 1).copyFrom([0, 0, 0, 0, 0])).toThrow(ArgumentError);
      x.copyFrom(Float32Array.from({ length: 15 }, (_, i) => i / 2));
      expect(await narrow(x, 0, 2, 1).tolist()).toEqual([[5, 5.5, 6, 6.5, 7]]);
      expect(await full([3], 1.5, { dtype: 'float16', device }).tolist()).toEqual([1.5, 1.5, 1.5]);
      expect(await zeros([2, 2], { dtype: 'float16', device }).tolist()).toEqual([
        [0, 0],
        [0, 0],
      ]);
    }
  });

  it('is refused by name where no kernel takes it, and computed in float32 with other numbers', async () => {
    for (const device of backends) {
      using _ = scope();
      const x = tensor([1, 2, 3], { dtype: 'float16', device });
      expect(() => softmax(x, -1)).toThrow(DTypeError);
      expect(() => softmax(x, -1)).toThrow(
        "softmax: x is float16 [3], expected float32. Convert it with to('float32').",
      );
      expect(() => cat([x, x], 0)).toThrow(DTypeError);
      expect(() => linear(x, tensor([[1, 2, 3]], { device }), x)).toThrow(/linear: bias is float16/);
      const sum = x.add(tensor([0.1, 0.2, 0.3], { device }));
      expect(sum.dtype).toBe('float32');
      expect(() => x.requiresGrad_()).toThrow(/Only float32 tensors do/);
    }
  });

  it('passes the gradient through a conversion as it is', async () => {
    for (const device of backends) {
      using _ = scope();
      const x = tensor([1 / 3, 2, -7], { device, requiresGrad: true });
      const y = x
        .to('float16')
        .to('float32')
        .mul(tensor([1, 2, 1e-12], { device }));
      y.sum().backward();
      expect(await x.grad!.data()).toEqual(Float32Array.of(1, 2, 1e-12));
      expect(x.grad!.dtype).toBe('float32');
    }
  });
});
