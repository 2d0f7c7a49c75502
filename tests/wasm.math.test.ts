import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CODES } from '../engine/ops/defineUnary.ts';
import { erf64 } from '../engine/ops/special.ts';
import { philox, Stream, seedWords } from '../engine/random.ts';
import { WasmBackend } from '../engine/wasm/backend.ts';
import { data, draw, operand, unary } from './support/wasm.ts';

let one: WasmBackend;
let three: WasmBackend;
beforeAll(async () => {
  one = WasmBackend.createSync();
  three = await WasmBackend.create({ threads: 3 });
});
afterAll(() => {
  one.destroy();
  three.destroy();
});

describe('elementary functions', () => {
  /** The distance in units of the last place of the right answer, where that is a normal number. */
  const ulps = (got: number, want: number): number => {
    const size = Math.max(Math.abs(want), 2 ** -126);
    return Math.abs(got - want) / 2 ** (Math.floor(Math.log2(size)) - 23);
  };
  const spread = (from: number, to: number, n = 20_001): Float32Array =>
    Float32Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));

  it.each<[keyof typeof CODES, number, number, number, (x: number) => number]>([
    ['exp', -103, 88.7, 2, Math.exp],
    ['log', 1e-38, 10, 2, Math.log],
    ['log', 1, 1e38, 2, Math.log],
    ['tanh', -10, 10, 2, Math.tanh],
    ['erf', -5, 5, 2.5, erf64],
    ['sigmoid', -80, 80, 3, (x) => 1 / (1 + Math.exp(-x))],
    ['log1p', -0.999, 10, 2.5, Math.log1p],
    ['log1p', -1e-3, 1e-3, 2, Math.log1p],
    ['expm1', -20, 88.7, 2.5, Math.expm1],
    ['expm1', -1e-3, 1e-3, 2, Math.expm1],
    ['tan', -20, 20, 4, Math.tan],
    ['asin', -1, 1, 3, Math.asin],
    ['acos', -1, 1, 3, Math.acos],
    ['atan', -10, 10, 2.5, Math.atan],
    ['atan', -1e6, 1e6, 2, Math.atan],
    ['sinh', -89, 89, 4, Math.sinh],
    ['sinh', -1, 1, 3, Math.sinh],
    ['cosh', -89, 89, 4, Math.cosh],
    ['rsqrt', 1e-6, 1e6, 1.5, (x) => 1 / Math.sqrt(x)],
  ])('%s from %d to %d within %d units of the last place', async (name, from, to, most, f) => {
    const x = spread(from, to);
    for (const on of [one, three]) {
      const got = await unary(on, CODES[name], x);
      let worst = 0;
      for (const [i, v] of x.entries()) worst = Math.max(worst, ulps(got[i]!, f(v)));
      expect(worst).toBeLessThan(most);
    }
  });

  it.each(['sin', 'cos'] as const)('%s to 1e-7 up to 10,000 and beyond', async (name) => {
    const x = Float32Array.from([...spread(-10, 10), ...spread(-1e4, 1e4), 1e6, -3e7, 1e12, 3e38]);
    const got = await unary(one, CODES[name], x);
    let worst = 0;
    for (const [i, v] of x.entries()) worst = Math.max(worst, Math.abs(got[i]! - Math[name](v)));
    expect(worst).toBeLessThan(1.3e-7);
  });

  it('end where they should', async () => {
    const far = Float32Array.of(
      -1e30,
      -200,
      -104,
      0,
      89,
      200,
      1e30,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    );
    const exp = await unary(one, CODES.exp, far);
    expect([...exp]).toEqual([
      0,
      0,
      0,
      1,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      0,
      Number.POSITIVE_INFINITY,
    ]);
    const log = await unary(one, CODES.log, Float32Array.of(0, -1, Number.POSITIVE_INFINITY, Number.NaN, 1, 2 ** -149));
    expect([...log.subarray(0, 5)]).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      0,
    ]);
    expect(log[5]).toBeCloseTo(Math.log(2 ** -149), 4);
    for (const name of ['tanh', 'erf'] as const) {
      const ends = await unary(
        one,
        CODES[name],
        Float32Array.of(-1e30, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1e30, 0),
      );
      expect([...ends]).toEqual([-1, -1, 1, 1, 0]);
    }
  });

  it('do not depend on where a range is cut', async () => {
    const x = draw(64, 20);
    for (const name of ['exp', 'tanh', 'erf', 'sigmoid', 'sin', 'log'] as const) {
      const whole = await unary(one, CODES[name], x);
      const each = await Promise.all([...x].map(async (v) => (await unary(one, CODES[name], Float32Array.of(v)))[0]));
      expect(each).toEqual([...whole]);
    }
  });
});

describe('random numbers', () => {
  // the answers published with Random123: philox4x32, 10 rounds
  it.each([
    [[0, 0, 0, 0, 0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [new Array<number>(6).fill(0xffffffff), '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('philox(%j) is what was published', (given, want) => {
    const words = philox(...(given as [number, number, number, number, number, number]));
    expect(words.map((w) => w.toString(16).padStart(8, '0')).join(' ')).toBe(want);
  });

  it('are the words of block after block, however many were made ahead', () => {
    const [seed, stream] = [2 ** 52 + 12345, 4_000_000_007];
    const words = new Stream(seed, stream);
    for (let block = 0; block < 1500; block++) {
      const want = philox(block, 0, stream, 0, ...seedWords(seed));
      expect([words.word(), words.word(), words.word(), words.word()]).toEqual(want);
    }
  });

  it('are the same words in the kernels', async () => {
    const n = 1003;
    const [seed, stream] = [2 ** 52 + 12345, 4_000_000_007];
    const x = operand(three, [n], new Float32Array(n).fill(1));
    for (const threshold of [1 << 20, 1 << 23, 15_000_001]) {
      const y = operand(three, [n]);
      const args = [x, y, n, threshold, 1, stream, ...seedWords(seed)];
      three.run({ kernel: 'dropout', args, range: Math.ceil(n / 4), grain: 16, scratch: 64 });
      const words = new Stream(seed, stream);
      const want = Array.from({ length: n }, () => (words.uniform() * 2 ** 24 >= threshold ? 1 : 0));
      expect([...(await data(three, y))]).toEqual(want);
    }
  });
});
