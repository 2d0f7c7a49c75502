import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operand } from '../engine/backend.ts';
import { backwardOnWasm, forwardOnWasm } from '../engine/ops/attentionKernel.ts';
import { Stream } from '../engine/random.ts';
import { broadcastStrides, rowMajor, sizeOf } from '../engine/shape.ts';
import { WasmBackend } from '../engine/wasm/backend.ts';
import { expectClose } from './support/compare.ts';
import { data, draw, operand, random } from './support/wasm.ts';

describe('attention', () => {
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
    readonly batch: number;
    readonly heads: number;
    readonly L: number;
    readonly S: number;
    readonly dim: number;
    readonly isCausal?: boolean;
    /** Over keys, over queries and keys, or over keys with all of the second batch hidden. */
    readonly mask?: 'keys' | 'full' | 'all';
    readonly p?: number;
  }
  const [seed, stream] = [2 ** 40 + 77, 5];

  /** [batch, heads, rows, dim] as it lies behind a projection: [batch, rows, heads, dim]. */
  function projected(on: WasmBackend, { batch, heads, dim }: Case, rows: number, values?: Float32Array): Operand {
    const x = operand(on, [batch, rows, heads, dim], values);
    const [b = 0, r = 0, h = 0] = x.strides;
    return { ...x, shape: [batch, heads, rows, dim], strides: [b, h, r, 1] };
  }

  /** Shape and values of the mask, non-zero where hidden. */
  function drawMask({ batch, heads, L, S, mask }: Case): { shape: number[]; values: Int32Array } | null {
    if (mask === undefined) return null;
    const shape = mask === 'full' ? [1, heads, L, S] : [batch, 1, 1, S];
    const hidden = (i: number): boolean => (mask === 'all' && i >= S) || random.uniform() < 0.3;
    return { shape, values: Int32Array.from({ length: sizeOf(shape) }, (_, i) => (hidden(i) ? 1 : 0)) };
  }

  type Float64 = Float64Array;
  interface Answer {
    readonly o: Float64;
    readonly dq: Float64;
    readonly dk: Float64;
    readonly dv: Float64;
    /** Rows without a key to look at. */
    readonly blind: number;
  }

  /** Forward and backward from the formulas, in float64; inputs and o are [batch, rows, heads, dim]. */
  function answer(
    c: Case,
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    dO: Float32Array,
    hidden: (b: number, h: number, i: number, j: number) => boolean,
  ): Answer {
    const { batch, heads, L, S, dim, p = 0 } = c;
    const scale = dim ** -0.5;
    const words = new Stream(seed, stream);
    const [o, dq, dk, dv] = [q, q, k, k].map((x) => new Float64Array(x.length)) as [Float64, Float64, Float64, Float64];
    let blind = 0;
    for (let z = 0; z < batch * heads; z++) {
      const [b, h] = [Math.floor(z / heads), z % heads];
      const place = (rows: number, row: number): number => ((b * rows + row) * heads + h) * dim;
      const dot = (x: Float32Array, at: number, y: Float32Array, from: number): number => {
        let sum = 0;
        for (let d = 0; d < dim; d++) sum += x[at + d]! * y[from + d]!;
        return sum;
      };
      for (let i = 0; i < L; i++) {
        const at = place(L, i);
        const scores = Array.from({ length: S }, (_, j) =>
          hidden(b, h, i, j) ? Number.NEGATIVE_INFINITY : dot(q, at, k, place(S, j)) * scale,
        );
        const top = Math.max(...scores);
        if (top === Number.NEGATIVE_INFINITY) blind++;
        const powers = scores.map((s) => (top === Number.NEGATIVE_INFINITY ? 0 : Math.exp(s - top)));
        const total = powers.reduce((x, y) => x + y, 0) || 1;
        const keep = scores.map(() => (p === 0 ? 1 : words.uniform() >= p ? 1 / (1 - p) : 0));
        const weights = powers.map((e) => e / total);
        const slopes = weights.map((_, j) => dot(dO, at, v, place(S, j)) * keep[j]!);
        const delta = weights.reduce((sum, w, j) => sum + w * slopes[j]!, 0);
        for (let j = 0; j < S; j++) {
          const from = place(S, j);
          const slope = weights[j]! * (slopes[j]! - delta) * scale;
          for (let d = 0; d < dim; d++) {
            o[at + d]! += weights[j]! * keep[j]! * v[from + d]!;
            dv[from + d]! += weights[j]! * keep[j]! * dO[at + d]!;
            dq[at + d]! += slope * k[from + d]!;
            dk[from + d]! += slope * q[at + d]!;
          }
        }
      }
    }
    return { o, dq, dk, dv, blind };
  }

  it.each<Case>([
    { batch: 1, heads: 1, L: 1, S: 1, dim: 1 },
    { batch: 2, heads: 3, L: 7, S: 11, dim: 5 },
    { batch: 2, heads: 2, L: 33, S: 33, dim: 16, isCausal: true },
    { batch: 1, heads: 2, L: 5, S: 12, dim: 8, isCausal: true },
    { batch: 1, heads: 2, L: 12, S: 5, dim: 8, isCausal: true },
    { batch: 2, heads: 2, L: 9, S: 70, dim: 32, mask: 'keys' },
    { batch: 2, heads: 3, L: 13, S: 13, dim: 24, mask: 'full', isCausal: true },
    { batch: 2, heads: 2, L: 6, S: 10, dim: 5, mask: 'all' },
    { batch: 2, heads: 2, L: 19, S: 23, dim: 20, p: 0.3 },
    { batch: 3, heads: 2, L: 17, S: 17, dim: 6, p: 0.5, mask: 'keys', isCausal: true },
    { batch: 1, heads: 2, L: 70, S: 201, dim: 64 },
    { batch: 2, heads: 2, L: 1, S: 37, dim: 20, mask: 'keys' },
    { batch: 2, heads: 2, L: 2, S: 9, dim: 7, p: 0.3, isCausal: true },
    { batch: 1, heads: 1, L: 45, S: 530, dim: 12, p: 0.1, mask: 'full' },
  ])('is right, forward and backward, for %j', async (c) => {
    const { batch, heads, L, S, dim, isCausal = false, p = 0 } = c;
    const values = [L, S, S, L].map((rows) => draw(batch * heads * rows * dim));
    const [qs, ks, vs, dOs] = values as [Float32Array, Float32Array, Float32Array, Float32Array];
    const mask = drawMask(c);
    const steps = mask ? broadcastStrides({ ...mask, strides: rowMajor(mask.shape) }, [batch, heads, L, S]) : [];
    const want = answer(c, qs, ks, vs, dOs, (...place) => {
      const [, , i, j] = place;
      if (isCausal && j > i + S - L) return true;
      return mask?.values[place.reduce((at, x, d) => at + x * steps[d]!, 0)] === 1;
    });
    const attrs = { isCausal, scale: dim ** -0.5, p, seed, stream };
    const bits: Float32Array[][] = [];
    for (const on of [one, three]) {
      const [q, k, v] = [projected(on, c, L, qs), projected(on, c, S, ks), projected(on, c, S, vs)];
      const output = operand(on, [batch, L, heads, dim]);
      const lse = operand(on, [batch, heads, L]);
      const common = { q, k, v, mask: mask ? operand(on, mask.shape, mask.values) : undefined, lse };
      on.run({ ...forwardOnWasm({ ...common, output }, attrs), grain: 1 });
      const like = (rows: number): Operand => operand(on, [batch, rows, heads, dim]);
      const [dq, dk, dv] = [like(L), like(S), like(S)];
      const dy = operand(on, output.shape, dOs);
      on.run({ ...backwardOnWasm({ ...common, y: output, dy, output: dq, dk, dv }, attrs), grain: 1 });
      bits.push(await Promise.all([output, dq, dk, dv].map((x) => data(on, x))));
    }
    const [o, ...gradients] = bits[0]!;
    expect(bits[1]).toEqual(bits[0]);
    expectClose(o!, want.o, { relative: 1e-6, absolute: 0, label: 'o' });
    const wanted = [want.dq, want.dk, want.dv];
    // a single key leaves gradients that are nothing but rounding
    const close = { relative: 2e-6, absolute: S === 1 ? 1e-6 : 0 };
    for (const [i, got] of gradients.entries()) expectClose(got, wanted[i]!, { ...close, label: 'qkv'[i]! });
    if (c.mask === 'all' || (isCausal && L > S)) expect(want.blind).toBeGreaterThan(0);
  });
});
