import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dispatch, grid, type Operand } from '../engine/backend.ts';
import { philox, seedWords } from '../engine/random.ts';
import { rowMajor, sizeOf } from '../engine/shape.ts';
import { WebGPUBackend } from '../engine/webgpu/backend.ts';
import forward from '../shaders/attention.wgsl';
import backwardKV from '../shaders/attention_backward_kv.wgsl';
import backwardQ from '../shaders/attention_backward_q.wgsl';
import backwardRows from '../shaders/attention_backward_rows.wgsl';

let gpu: WebGPUBackend;
beforeAll(async () => {
  gpu = await WebGPUBackend.create();
});
afterAll(() => gpu.destroy());

interface Case {
  readonly B: number;
  readonly H: number;
  readonly L: number;
  readonly S: number;
  readonly D: number;
  readonly causal?: boolean;
  /** Sizes of the mask, 1 where it is broadcast, and which of it hides. */
  readonly mask?: {
    readonly shape: readonly number[];
    readonly hides: (b: number, h: number, i: number, j: number) => boolean;
  };
  readonly p?: number;
  readonly seed?: number;
  readonly stream?: number;
  readonly scale?: number;
  /** [B, L, H, D] in memory instead of [B, H, L, D], with gaps and an offset. */
  readonly strided?: boolean;
  /** Threads along each side of a tile. */
  readonly threads?: readonly [number, number];
}

let state = 7;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};

/** An operand over fresh memory: plain, or laid out as a projection writes it, behind an offset. */
const operand = (shape: readonly number[], strided = false): Operand => {
  const [, heads, rows, dim] = shape as [number, number, number, number];
  const strides = strided ? [rows * (heads * dim + 3), dim, heads * dim + 3, 1] : rowMajor(shape);
  const offset = strided ? 5 : 0;
  const last = shape.reduce((at, size, d) => at + (size - 1) * strides[d]!, offset);
  return { buffer: gpu.alloc((last + 1) * 4), dtype: 'float32', shape, strides, offset };
};
const fill = (x: Operand): Float32Array => {
  const values = Float32Array.from({ length: x.buffer.bytes / 4 }, random);
  gpu.write(x.buffer, 0, values);
  return values;
};
const anchored = (x: Operand): Operand => ({ ...x, offset: 0 });
const at = ({ offset, strides }: Operand): number[] => [offset, strides[0]!, strides[1]!, strides[2]!];

/** The four launches: output and lse, what they leave for the gradients, and the gradients. */
function attention(
  c: Case,
  x: Record<'q' | 'k' | 'v' | 'output' | 'lse' | 'rows' | 'dO' | 'dq' | 'dk' | 'dv', Operand>,
  mask?: Operand,
): void {
  const { B, H, L, S, D, p = 0 } = c;
  const [M, N] = c.threads ?? [8, 8];
  const quads = Math.ceil(D / (4 * N));
  const width = quads * N;
  const [low, high] = seedWords(c.seed ?? 0);
  const common = {
    count: B * H,
    heads: H,
    queries: L,
    keys: S,
    dim: D,
    causal: c.causal ? 1 : 0,
    hasMask: mask === undefined ? 0 : 1,
    maskOffset: mask?.offset ?? 0,
    scale: c.scale ?? 1 / Math.sqrt(D),
    threshold: Math.ceil(p * 2 ** 24),
    keepScale: 1 / (1 - p),
    stream: c.stream ?? 0,
    seed: [low, high],
    maskSteps: mask?.strides ?? [0, 0, 0, 0],
    qAt: at(x.q),
    kAt: at(x.k),
    vAt: at(x.v),
  };
  const inputs = { q: anchored(x.q), k: anchored(x.k), v: anchored(x.v), mask: anchored(mask ?? x.q) };
  // Rows of `width` quads that a few kilobytes hold.
  const rowsThatFit = (bytes: number): number =>
    Math.max(1, Math.min(8, 2 ** Math.floor(Math.log2(bytes / (16 * width)))));
  gpu.run(
    dispatch({
      shader: forward,
      bindings: { ...inputs, output: anchored(x.output), lse: x.lse },
      uniforms: { ...common, outputAt: at(x.output) },
      params: { THREADS_M: M, THREADS_N: N, DIM_QUADS: quads, ROWS_V: rowsThatFit(4096) },
      workgroups: grid(B * H * Math.ceil(L / (4 * M)), 1),
    }),
  );
  gpu.run(
    dispatch({
      shader: backwardRows,
      bindings: { output: anchored(x.output), outputGrad: anchored(x.dO), lse: x.lse, rows: x.rows },
      uniforms: { total: B * H * L, heads: H, queries: L, dim: D, outputAt: at(x.output), outputGradAt: at(x.dO) },
      workgroups: grid(B * H * L, 64),
    }),
  );
  const uniforms = { ...common, outputGradAt: at(x.dO), qGradAt: at(x.dq), kGradAt: at(x.dk), vGradAt: at(x.dv) };
  const bindings = { ...inputs, outputGrad: anchored(x.dO), rows: x.rows };
  gpu.run(
    dispatch({
      shader: backwardQ,
      bindings: { ...bindings, qGrad: anchored(x.dq) },
      uniforms,
      params: { THREADS_M: M, THREADS_N: N, DIM_QUADS: quads, ROWS_K: rowsThatFit(4096) },
      workgroups: grid(B * H * Math.ceil(L / (4 * M)), 1),
    }),
  );
  gpu.run(
    dispatch({
      shader: backwardKV,
      bindings: { ...bindings, kGrad: anchored(x.dk), vGrad: anchored(x.dv) },
      uniforms,
      params: { THREADS_M: M, THREADS_N: N, DIM_QUADS: quads, CHUNK: D > 64 ? 4 : 8, ROWS_Q: rowsThatFit(2048) },
      workgroups: grid(B * H * Math.ceil(S / (4 * M)), 1),
    }),
  );
}

type Numbers = Float64Array;

/** The formulas, in float64. Operands and results are [B, H, rows, D] without gaps. */
function reference(c: Case, q: Numbers, k: Numbers, v: Numbers, dO: Numbers) {
  const { B, H, L, S, D, p = 0 } = c;
  const [low, high] = seedWords(c.seed ?? 0);
  const scale = c.scale ?? 1 / Math.sqrt(D);
  const o = new Float64Array(B * H * L * D);
  const lse = new Float64Array(B * H * L);
  const [dq, dk, dv] = [new Float64Array(q.length), new Float64Array(k.length), new Float64Array(v.length)];
  for (let z = 0; z < B * H; z++) {
    for (let i = 0; i < L; i++) {
      const row = (z * L + i) * D;
      const scores = Array.from({ length: S }, (_, j) => {
        if (c.causal && j > i + S - L) return Number.NEGATIVE_INFINITY;
        if (c.mask?.hides(Math.floor(z / H), z % H, i, j)) return Number.NEGATIVE_INFINITY;
        let dot = 0;
        for (let d = 0; d < D; d++) dot += q[row + d]! * k[(z * S + j) * D + d]!;
        return dot * scale;
      });
      const top = Math.max(...scores);
      const total = scores.reduce((sum, s) => sum + (top === Number.NEGATIVE_INFINITY ? 0 : Math.exp(s - top)), 0);
      lse[z * L + i] = total > 0 ? top + Math.log(total) : 3e38;
      const weights = scores.map((s) => (total > 0 ? Math.exp(s - top) / total : 0));
      const kept = weights.map((_, j) => {
        if (p === 0) return 1;
        const index = (z * L + i) * S + j;
        const word = philox(Math.floor(index / 4), 0, c.stream ?? 0, 0, low, high)[index % 4]!;
        return (word >>> 8) * 2 ** -24 >= p ? 1 / (1 - p) : 0;
      });
      const dWeights = weights.map((w, j) => {
        let dot = 0;
        for (let d = 0; d < D; d++) {
          o[row + d]! += w * kept[j]! * v[(z * S + j) * D + d]!;
          dv[(z * S + j) * D + d]! += w * kept[j]! * dO[row + d]!;
          dot += dO[row + d]! * v[(z * S + j) * D + d]!;
        }
        return dot * kept[j]!;
      });
      const mean = weights.reduce((sum, w, j) => sum + w * dWeights[j]!, 0);
      weights.forEach((w, j) => {
        const slope = w * (dWeights[j]! - mean) * scale;
        for (let d = 0; d < D; d++) {
          dq[row + d]! += slope * k[(z * S + j) * D + d]!;
          dk[(z * S + j) * D + d]! += slope * q[row + d]!;
        }
      });
    }
  }
  return { output: o, lse, dq, dk, dv };
}

/** The elements of a [B, H, rows, D] (or [B, H, L]) operand in order. */
function gathered(x: Operand, values: Float32Array): Numbers {
  const places = rowMajor(x.shape);
  return Float64Array.from({ length: sizeOf(x.shape) }, (_, n) => {
    let place = x.offset;
    let rest = n;
    for (const [d, step] of places.entries()) {
      place += Math.floor(rest / step) * x.strides[d]!;
      rest %= step;
    }
    return values[place]!;
  });
}

/** ‖got − want‖ − 1e-6, over ‖want‖ (1 where that is 0). */
function distance(got: Numbers, want: Numbers): number {
  let [error, norm] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    error += (got[i]! - want[i]!) ** 2;
    norm += want[i]! ** 2;
  }
  return (Math.sqrt(error) - 1e-6) / (Math.sqrt(norm) || 1);
}

async function check(c: Case): Promise<number> {
  const { B, H, L, S, D, strided } = c;
  const x = {
    q: operand([B, H, L, D], strided),
    k: operand([B, H, S, D], strided),
    v: operand([B, H, S, D], strided),
    output: operand([B, H, L, D], strided),
    lse: operand([B, H, L, 1]),
    rows: operand([B, H, L, 2]),
    dO: operand([B, H, L, D], strided),
    dq: operand([B, H, L, D], strided),
    dk: operand([B, H, S, D], strided),
    dv: operand([B, H, S, D], strided),
  };
  let mask: Operand | undefined;
  if (c.mask !== undefined) {
    const { shape, hides } = c.mask;
    const steps = rowMajor(shape).map((step, d) => (shape[d] === 1 ? 0 : step));
    const values = Int32Array.from({ length: sizeOf(shape) }, (_, n) => {
      const [b, h, i, j] = rowMajor(shape).map((step, d) => Math.floor(n / step) % shape[d]!) as [
        number,
        number,
        number,
        number,
      ];
      return hides(b, h, i, j) ? 1 : 0;
    });
    const buffer = gpu.alloc(4 * values.length + 8);
    gpu.write(buffer, 8, values);
    mask = { buffer, dtype: 'bool', shape, strides: steps, offset: 2 };
  }
  const [q, k, v, dO] = [x.q, x.k, x.v, x.dO].map((each) => gathered(each, fill(each))) as [
    Numbers,
    Numbers,
    Numbers,
    Numbers,
  ];
  attention(c, x, mask);
  const want = reference(c, q, k, v, dO);
  let worst = 0;
  for (const name of ['output', 'lse', 'dq', 'dk', 'dv'] as const) {
    const got = gathered(x[name], new Float32Array(await gpu.read(x[name].buffer, 0, x[name].buffer.bytes)));
    // The sentinel of rows that see no key is only compared for being there.
    const cut = (list: Numbers): Numbers => (name === 'lse' ? list.map((value) => (value > 1e38 ? 1 : value)) : list);
    const error = distance(cut(got), cut(want[name]));
    if (process.env['HEDDLE_PRINT']) console.log(JSON.stringify(c), name, error.toExponential(2));
    if (!(error <= worst)) worst = error;
  }
  for (const { buffer } of [...Object.values(x), ...(mask === undefined ? [] : [mask])]) gpu.free(buffer);
  return worst;
}

describe('attention, forward and backward', () => {
  const padding = (L: number, S: number, B: number) => ({
    shape: [B, 1, 1, S],
    hides: (b: number, _h: number, _i: number, j: number): boolean => j >= S - 2 * b - 1,
    note: L,
  });
  it.each<[string, Case]>([
    ['one of everything', { B: 1, H: 1, L: 1, S: 1, D: 1 }],
    ['a part of a tile', { B: 2, H: 3, L: 5, S: 7, D: 4 }],
    ['several tiles, odd edges', { B: 1, H: 2, L: 67, S: 70, D: 33 }],
    ['D of 64, strided as a projection writes it', { B: 2, H: 2, L: 33, S: 40, D: 64, strided: true }],
    ['D of 128 and causal', { B: 1, H: 2, L: 40, S: 36, D: 128, causal: true }],
    ['D of 300, the slow way', { B: 1, H: 1, L: 9, S: 10, D: 300 }],
    ['causal', { B: 1, H: 2, L: 70, S: 70, D: 8, causal: true }],
    ['causal with a past', { B: 1, H: 2, L: 3, S: 70, D: 8, causal: true }],
    ['causal with queries that see nothing', { B: 1, H: 2, L: 70, S: 37, D: 8, causal: true }],
    ['a mask of keys', { B: 3, H: 2, L: 6, S: 40, D: 16, mask: padding(6, 40, 3) }],
    [
      'a mask of everything, some rows hidden whole',
      {
        B: 2,
        H: 2,
        L: 9,
        S: 35,
        D: 8,
        mask: { shape: [2, 2, 9, 35], hides: (b, h, i, j) => i === 4 || b + h === 2 || (i + j + h) % 3 === 0 },
      },
    ],
    ['dropout', { B: 2, H: 2, L: 10, S: 37, D: 8, p: 0.3, seed: 2 ** 33 + 5, stream: 9 }],
    [
      'dropout, causal, larger tile',
      { B: 1, H: 2, L: 40, S: 68, D: 16, p: 0.1, seed: 3, causal: true, threads: [16, 8] },
    ],
    ['a small tile', { B: 1, H: 2, L: 9, S: 11, D: 8, causal: true, threads: [2, 2] }],
    ['a large scale', { B: 1, H: 1, L: 8, S: 50, D: 16, scale: 20 }],
  ])('%s', async (_name, c) => {
    expect(await check(c)).toBeLessThan(c.scale === undefined ? 2e-6 : 1e-5);
  });
});
