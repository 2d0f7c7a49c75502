import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError, DeviceError, OutOfMemoryError } from '../engine/errors.ts';
import { CODES } from '../engine/ops/defineUnary.ts';
import { matmulOnWasm } from '../engine/ops/matmulKernel.ts';
import { ALIGNMENT, Allocator } from '../engine/wasm/allocator.ts';
import { WasmBackend } from '../engine/wasm/backend.ts';
import { data, draw, operand, unary } from './support/wasm.ts';

describe('the allocator', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ alloc: fc.integer({ min: 0, max: 5000 }) }) },
    { weight: 1, arbitrary: fc.record({ alloc: fc.integer({ min: 5000, max: 90_000 }) }) },
    { weight: 3, arbitrary: fc.record({ free: fc.nat() }) },
  );

  it('never hands out a byte twice, joins what comes back, and grows only when it must', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const [base, first, most] = [ALIGNMENT * 3, ALIGNMENT * 600, ALIGNMENT * 6000];
        let end = first;
        const allocator = new Allocator(base, first, (bytes) => {
          const by = Math.ceil(bytes / 4096) * 4096;
          if (end + by > most) return 0;
          end += by;
          return by;
        });
        const live: { at: number; size: number }[] = [];
        for (const s of steps) {
          if ('free' in s) {
            const [gone] = live.splice(s.free % Math.max(1, live.length), 1);
            if (gone === undefined) continue;
            expect(allocator.free(gone.at)).toBe(true);
            expect(allocator.free(gone.at)).toBe(false);
          } else {
            const size = Math.max(1, Math.ceil(s.alloc / ALIGNMENT)) * ALIGNMENT;
            const at = allocator.alloc(s.alloc);
            if (at < 0) {
              // refused only where no gap is large enough and the end cannot move
              const taken = [...live].sort((a, b) => a.at - b.at);
              const starts = [...taken.map((b) => b.at), end];
              const ends = [base, ...taken.map((b) => b.at + b.size)];
              const gaps = starts.map((from, i) => from - ends[i]!);
              expect(Math.max(...gaps)).toBeLessThan(size);
              expect(end + Math.ceil((size - gaps.at(-1)!) / 4096) * 4096).toBeGreaterThan(most);
              continue;
            }
            expect(at % ALIGNMENT).toBe(0);
            expect(at).toBeGreaterThanOrEqual(base);
            expect(at + size).toBeLessThanOrEqual(end);
            for (const b of live) expect(at + size <= b.at || b.at + b.size <= at).toBe(true);
            live.push({ at, size });
          }
          expect(allocator.usedBytes).toBe(live.reduce((n, b) => n + b.size, 0));
          expect(allocator.totalBytes).toBe(end - base);
        }
        for (const { at } of live) allocator.free(at);
        expect(allocator.usedBytes).toBe(0);
        const before = end;
        expect(allocator.alloc(before - base)).toBe(base);
        expect(end).toBe(before);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the WebAssembly backend', () => {
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

  it('says what it is', async () => {
    expect(one.description).toMatch(/^wasm: 1 thread, (relaxed )?SIMD$/);
    expect(three.description).toMatch(/^wasm: 3 threads, (relaxed )?SIMD$/);
    const plain = WasmBackend.createSync({ deterministic: true });
    expect(plain.description).toBe('wasm: 1 thread, SIMD');
    plain.destroy();
    await expect(WasmBackend.create({ threads: 0 })).rejects.toThrow(ArgumentError);
  });

  it('gives the same bits on any number of threads', async () => {
    const x = draw(10_007, 30);
    const results = [one, three].map((on) => unary(on, CODES.tanh, x));
    expect(await results[1]).toEqual(await results[0]);
    const [a, b] = [draw(203 * 301), draw(301 * 77)];
    const products = [one, three].map((on) => {
      const output = operand(on, [203, 77]);
      const launch = matmulOnWasm({ a: operand(on, [203, 301], a), b: operand(on, [301, 77], b), output });
      on.run({ ...launch, grain: 1 });
      return data(on, output);
    });
    expect(await products[1]).toEqual(await products[0]);
  });

  it('shares out every part of a range once, many times over', async () => {
    const n = 1003;
    const total = operand(three, [n], new Float32Array(n));
    const ones = operand(three, [n], new Float32Array(n).fill(1));
    const steps = [0, 0, 0, 0, 0, 1];
    const layout = [1, 1, 1, 1, 1, n, ...steps, ...steps];
    for (let i = 0; i < 2000; i++) {
      three.run({
        kernel: 'accumulate',
        args: [total, ones],
        layout,
        range: n,
        grain: 1,
        scratch: 256,
        partsPerThread: 40,
      });
    }
    expect(new Set(await data(three, total))).toEqual(new Set([2000]));
  });

  it('reports a trap of any thread, and goes on', async () => {
    const n = 100_000;
    const outside = 4_000_000_000;
    const run = (): void =>
      three.run({ kernel: 'unary', args: [CODES.exp, outside, outside, 0, 0], range: n, grain: 64 });
    expect(run).toThrow(DeviceError);
    expect(run).toThrow(/kernel unary failed: .*out of bounds/);
    expect(await unary(three, CODES.neg, Float32Array.of(1, 2, 3))).toEqual(Float32Array.of(-1, -2, -3));
  });

  it('grows, keeps what was there, and reads a copy', async () => {
    const on = await WasmBackend.create({ threads: 2 });
    const before = draw(1000);
    const kept = operand(on, [1000], before);
    const large = draw(6_000_000);
    const negated = await unary(on, CODES.neg, large);
    expect(negated.every((v, i) => v === -large[i]!)).toBe(true);
    expect(await data(on, kept)).toEqual(before);
    const copy = await on.read(kept.buffer, 4, 8);
    expect(copy).toBeInstanceOf(ArrayBuffer);
    on.write(kept.buffer, 4, Float32Array.of(5));
    expect(new Float32Array(copy)).toEqual(before.slice(1, 3));
    on.destroy();
    expect(() => on.alloc(4)).toThrow(/destroyed/);
  });

  it('refuses what cannot be had or is not its own', async () => {
    const small = WasmBackend.createSync({ maxBytes: 4 * 2 ** 20 });
    expect(() => small.alloc(10 * 2 ** 20)).toThrow(OutOfMemoryError);
    expect(() => small.alloc(10 * 2 ** 20)).toThrow(/10.0 MB asked, .* in use, the limit is 4.00 MB/);
    const foreign = small.alloc(16);
    expect(() => one.free(foreign)).toThrow(/another device/);
    const buffer = one.alloc(16);
    expect(() => one.write(buffer, 8, new Float32Array(3))).toThrow(/bytes 8 to 20 in a buffer of 16/);
    await expect(one.read(buffer, 12, 8)).rejects.toThrow(DeviceError);
    one.free(buffer);
    expect(() => one.free(buffer)).toThrow(/freed/);
    expect(() => one.run({ kernel: 'nothing', args: [], range: 1 })).toThrow(/no kernel is called nothing/);
    expect(() => one.run({ kernel: 'unary', args: [0], range: 1 })).toThrow(/unary got 1 arguments, expected 5/);
    const add = { kernel: 'accumulate', args: [0, 0], range: 1 };
    expect(() => one.run(add)).toThrow(/accumulate got 2 arguments, expected 3/);
    expect(() => one.run({ ...add, layout: new Array(65).fill(1) })).toThrow(/a layout of 65 integers, at most 64/);
    small.destroy();
  });

  it('counts what it holds', () => {
    const on = WasmBackend.createSync();
    const [a, b] = [on.alloc(1000), on.alloc(5000)];
    on.free(a);
    expect(on.memory()).toMatchObject({ liveBytes: 5000, liveBuffers: 1, peakBytes: 6000 });
    expect(on.memory().pooledBytes).toBeGreaterThanOrEqual(1000);
    on.free(b);
    expect(on.memory()).toMatchObject({ liveBytes: 0, liveBuffers: 0, peakBytes: 6000 });
    on.destroy();
  });
});
