import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operand } from '../engine/backend.ts';
import { matmulOnWasm } from '../engine/ops/matmulKernel.ts';
import { rowMajor, type Shape, sizeOf } from '../engine/shape.ts';
import { WasmBackend } from '../engine/wasm/backend.ts';
import { expectClose } from './support/compare.ts';
import { draw, operand } from './support/wasm.ts';

describe('matmul', () => {
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

  interface Case {
    readonly batch?: Shape;
    readonly m: number;
    readonly n: number;
    readonly k: number;
    readonly transposed?: 'a' | 'b' | 'both';
    readonly bias?: boolean;
    readonly shared?: 'a' | 'b';
  }

  /** A matrix of the batch as strides say: perhaps transposed in memory, perhaps the same for the whole batch. */
  function matrices(
    on: WasmBackend,
    batch: Shape,
    rows: number,
    cols: number,
    flip: boolean,
    shared: boolean,
  ): [Operand, Float32Array] {
    const stored = [...(shared ? batch.map(() => 1) : batch), ...(flip ? [cols, rows] : [rows, cols])];
    const values = draw(sizeOf(stored) + 3);
    const x = operand(on, [values.length], values);
    const strides = rowMajor(stored);
    if (flip) strides.splice(-2, 2, strides.at(-1)!, strides.at(-2)!);
    if (shared) strides.fill(0, 0, batch.length);
    return [{ ...x, shape: [...batch, rows, cols], strides, offset: 3 }, values];
  }

  async function check(on: WasmBackend, c: Case, relative: number): Promise<void> {
    const { batch = [], m, n, k, transposed, bias: hasBias = false, shared } = c;
    const flips = { a: transposed === 'a' || transposed === 'both', b: transposed === 'b' || transposed === 'both' };
    const [a, aValues] = matrices(on, batch, m, k, flips.a, shared === 'a');
    const [b, bValues] = matrices(on, batch, k, n, flips.b, shared === 'b');
    const biasValues = draw(n);
    const bias = hasBias ? operand(on, [n], biasValues) : undefined;
    const guard = 5;
    const room = operand(on, [sizeOf(batch) * m * n + guard], new Float32Array(sizeOf(batch) * m * n + guard).fill(99));
    const output = { ...room, shape: [...batch, m, n], strides: rowMajor([...batch, m, n]) };
    on.run(matmulOnWasm({ a, b, bias, output }));
    const want = new Float64Array(sizeOf(batch) * m * n);
    const places = rowMajor(batch);
    for (let z = 0; z < sizeOf(batch); z++) {
      const at = (x: Operand): number =>
        batch.reduce((sum, size, d) => sum + x.strides[d]! * (Math.floor(z / places[d]!) % size), x.offset);
      const [aAt, bAt] = [at(a), at(b)];
      const [aRow, aCol] = a.strides.slice(-2) as [number, number];
      const [bRow, bCol] = b.strides.slice(-2) as [number, number];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = hasBias ? biasValues[j]! : 0;
          for (let p = 0; p < k; p++) sum += aValues[aAt + i * aRow + p * aCol]! * bValues[bAt + p * bRow + j * bCol]!;
          want[(z * m + i) * n + j] = sum;
        }
      }
    }
    const got = new Float32Array(await on.read(room.buffer, 0, (want.length + guard) * 4));
    expect([...got.subarray(want.length)]).toEqual(new Array(guard).fill(99));
    for (const x of [a, b, room, ...(bias ? [bias] : [])]) on.free(x.buffer);
    expectClose(got.subarray(0, want.length), want, { relative, absolute: 0 });
  }

  it.each<Case>([
    { m: 1, n: 1, k: 1 },
    { m: 6, n: 8, k: 4, bias: true },
    { m: 7, n: 9, k: 5, bias: true, transposed: 'both' },
    { m: 67, n: 131, k: 259, transposed: 'a' },
    { m: 49, n: 530, k: 70, transposed: 'b', bias: true },
    { m: 5, n: 1, k: 33 },
    { m: 103, n: 1, k: 70, bias: true },
    { m: 14, n: 107, k: 37, transposed: 'b', bias: true },
    { m: 47, n: 61, k: 301, transposed: 'b', bias: true },
    { m: 4, n: 108, k: 29, bias: true },
    { m: 3, n: 75, k: 29, bias: true },
    { m: 1, n: 301, k: 130, bias: true },
    { m: 1, n: 301, k: 130, transposed: 'b', bias: true },
    { m: 3, n: 17, k: 19, transposed: 'a' },
    { m: 2, n: 1, k: 40, transposed: 'both' },
    { m: 4, n: 3, k: 0, bias: true },
    { batch: [2, 3], m: 17, n: 19, k: 16, transposed: 'b' },
    { batch: [3], m: 9, n: 10, k: 11, shared: 'b', transposed: 'a' },
    { batch: [2, 2], m: 1, n: 12, k: 8, shared: 'a' },
  ])('is right for %j', async (c) => {
    for (const on of [one, three]) await check(on, c, 3e-7);
  });

  it('stays within 1e-6 over a long sum', async () => {
    await check(three, { m: 13, n: 21, k: 9000, transposed: 'a' }, 1e-6);
    const plain = WasmBackend.createSync({ deterministic: true });
    await check(plain, { m: 13, n: 21, k: 9000 }, 1e-6);
    plain.destroy();
  });

  it('is right for any small shape', async () => {
    const size = fc.integer({ min: 1, max: 20 });
    const any = fc.record({
      m: size,
      n: size,
      k: fc.integer({ min: 0, max: 40 }),
      bias: fc.boolean(),
      transposed: fc.constantFrom<('a' | 'b' | 'both')[]>('a', 'b', 'both'),
    });
    await fc.assert(
      fc.asyncProperty(any, async (c) => {
        await check(one, c, 1e-6);
      }),
      { numRuns: 150 },
    );
  });
});
