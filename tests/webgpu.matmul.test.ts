import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dispatch, grid, type Operand, type WebGPULaunch } from '../engine/backend.ts';
import { rowMajor, sizeOf } from '../engine/shape.ts';
import { WebGPUBackend } from '../engine/webgpu/backend.ts';
import matmul from '../shaders/matmul.wgsl';
import matmulQuads from '../shaders/matmul_quads.wgsl';
import matmulVector from '../shaders/matmul_vector.wgsl';

let gpu: WebGPUBackend;
beforeAll(async () => {
  gpu = await WebGPUBackend.create();
});
afterAll(() => gpu.destroy());

interface Variant {
  readonly shader: 'tiles' | 'quads' | 'vector';
  readonly params: Record<string, number | string>;
  /** Rows and columns of the output that a workgroup computes. */
  readonly tile: readonly [number, number];
}
const tiles = (threadsM: number, threadsN: number, tileK = 16): Variant => ({
  shader: 'tiles',
  params: { THREADS_M: threadsM, THREADS_N: threadsN, TILE_K: tileK },
  tile: [threadsM * 4, threadsN * 4],
});
const quads = (threads: number, blockM: number, blockN: number): Variant => ({
  shader: 'quads',
  params: { THREADS_M: threads, THREADS_N: threads, BLOCK_M: blockM, BLOCK_N: blockN, TILE_K: 16 },
  tile: [threads * 4 * blockM, threads * 4 * blockN],
});
const vector = (cols: number, slices: number): Variant => ({
  shader: 'vector',
  params: { COLS: cols, SLICES: slices },
  tile: [1, cols],
});

interface Operands {
  readonly a: Operand;
  readonly b: Operand;
  readonly bias?: Operand | undefined;
  readonly output: Operand;
}

/** The launch of output[.., m, n] = a[.., m, k] · b[.., k, n] (+ bias[n]); batch dimensions already broadcast. */
function launch({ a, b, bias, output }: Operands, variant: Variant): WebGPULaunch {
  const rank = output.shape.length;
  const [m, n, k] = [output.shape[rank - 2]!, output.shape[rank - 1]!, a.shape[rank - 1]!];
  const batch = [...Array<number>(5 - rank).fill(1), ...output.shape.slice(0, -2)];
  const steps = ({ strides }: Operand): number[] => [...Array<number>(5 - rank).fill(0), ...strides.slice(0, -2), 0];
  const [aRow, aCol] = a.strides.slice(-2) as [number, number];
  const [bRow, bCol] = b.strides.slice(-2) as [number, number];
  const count = sizeOf(batch);
  const [rows, cols] = variant.tile;
  const common = {
    bindings: { a: { ...a, offset: 0 }, b: { ...b, offset: 0 }, bias: { ...(bias ?? a), offset: 0 }, output },
    uniforms: {
      m,
      n,
      k,
      hasBias: bias === undefined ? 0 : 1,
      aOffset: a.offset,
      aRow,
      aCol,
      bOffset: b.offset,
      bRow,
      bCol,
      biasOffset: bias?.offset ?? 0,
      biasStep: bias?.strides[0] ?? 0,
      batch: [...batch, count],
      aBatch: steps(a),
      bBatch: steps(b),
      slices: 1,
      span: k,
    },
    workgroups: grid(count * Math.ceil(m / rows) * Math.ceil(n / cols), 1),
  } as const;
  const bAlongN = String(bCol <= bRow);
  const along = { A_ALONG_K: String(aCol <= aRow), B_ALONG_N: bAlongN };
  if (variant.shader === 'quads') {
    return dispatch({ shader: matmulQuads, ...common, params: { ...variant.params, ...along } });
  }
  return variant.shader === 'tiles'
    ? dispatch({ shader: matmul, ...common, params: { ...variant.params, ...along } })
    : dispatch({ shader: matmulVector, ...common, params: { ...variant.params, B_ALONG_N: bAlongN } });
}

let state = 1;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
};

const operand = (shape: readonly number[], layout: { strides?: number[]; offset?: number } = {}): Operand => {
  const strides = layout.strides ?? rowMajor(shape);
  const offset = layout.offset ?? 0;
  const last = shape.reduce((at, size, d) => at + Math.max(0, size - 1) * strides[d]!, offset);
  return { buffer: gpu.alloc((last + 1) * 4), dtype: 'float32', shape, strides, offset };
};
const filled = (
  shape: readonly number[],
  layout: { strides?: number[]; offset?: number } = {},
): [Operand, Float32Array] => {
  const x = operand(shape, layout);
  const values = Float32Array.from({ length: x.buffer.bytes / 4 }, random);
  gpu.write(x.buffer, 0, values);
  return [x, values];
};

async function check(
  variant: Variant,
  batch: readonly number[],
  [m, k, n]: readonly [number, number, number],
  layouts: { a?: { strides?: number[]; offset?: number }; b?: { strides?: number[]; offset?: number }; bias?: boolean },
  fold: (workgroups: WebGPULaunch['workgroups']) => WebGPULaunch['workgroups'] = (same) => same,
): Promise<number> {
  const [a, av] = filled([...batch, m, k], layouts.a);
  const [b, bv] = filled([...batch, k, n], layouts.b);
  const [bias, biasValues] = layouts.bias ? filled([n], { offset: 3 }) : [undefined, undefined];
  const output = operand([...batch, m, n]);
  const call = launch({ a, b, bias, output }, variant);
  gpu.run({ ...call, workgroups: fold(call.workgroups) });
  const got = new Float32Array(await gpu.read(output.buffer, 0, sizeOf(output.shape) * 4));
  for (const x of [a, b, bias, output]) if (x !== undefined) gpu.free(x.buffer);
  let error = 0;
  let norm = 0;
  const [b1, b2] = [batch.at(-1) ?? 1, batch.at(-2) ?? 1];
  for (let at = 0; at < got.length; at++) {
    const [j, i, z] = [at % n, Math.floor(at / n) % m, Math.floor(at / n / m)];
    const index = [Math.floor(z / b1 / b2), Math.floor(z / b1) % b2, z % b1].slice(3 - batch.length);
    const base = (x: Operand): number => index.reduce((sum, v, d) => sum + v * x.strides[d]!, x.offset);
    let [atA, atB] = [base(a) + i * a.strides.at(-2)!, base(b) + j * b.strides.at(-1)!];
    let want = biasValues === undefined ? 0 : biasValues[3 + j]!;
    for (let p = 0; p < k; p++, atA += a.strides.at(-1)!, atB += b.strides.at(-2)!) want += av[atA]! * bv[atB]!;
    error += (got[at]! - want) ** 2;
    norm += want ** 2;
  }
  return Math.sqrt(error) - 1e-6 * Math.sqrt(norm);
}

const variants: [string, Variant][] = [
  ['64 × 64 tiles', tiles(16, 16)],
  ['32 × 32 tiles', tiles(8, 8)],
  ['16 × 16 tiles', tiles(4, 4)],
  ['32 × 16 tiles, 8 deep', tiles(8, 4, 8)],
  ['vectors', vector(32, 4)],
  ['vectors along k', vector(8, 32)],
];

describe.each(variants)('matmul in %s', (_name, variant) => {
  it.each<[number, number, number]>([
    [1, 1, 1],
    [2, 3, 5],
    [64, 64, 64],
    [65, 17, 63],
    [3, 130, 129],
    [7, 0, 5],
    [1, 300, 70],
  ])('%i × %i × %i', async (m, k, n) => {
    expect(await check(variant, [], [m, k, n], { bias: true })).toBeLessThan(1e-6);
    const a = { strides: [1, m], offset: 5 };
    const b = { strides: [1, k], offset: 7 };
    expect(await check(variant, [], [m, k, n], { a, b })).toBeLessThan(1e-6);
    expect(await check(variant, [], [m, k, n], { b })).toBeLessThan(1e-6);
  });

  it('batches, broadcast and strided', async () => {
    const sizes = [9, 10, 11] as const;
    expect(await check(variant, [2, 3], sizes, { bias: true })).toBeLessThan(1e-6);
    const a = { strides: [0, 270, 90, 10, 1], offset: 1 };
    const b = { strides: [1000, 0, 110, 1, 10], offset: 2 };
    expect(await check(variant, [2, 3, 2], sizes, { a, b })).toBeLessThan(1e-6);
    const heads = { strides: [3 * 9 * 10, 10, 30, 1] };
    expect(await check(variant, [2, 3], sizes, { a: heads })).toBeLessThan(1e-6);
  });

  it('folds its workgroups into two dimensions', async () => {
    const fold = ([x]: readonly [number, number?, number?]): [number, number] => [3, Math.ceil(x / 3)];
    const a = { strides: [6, 2, 1] };
    expect(await check(variant, [100], [3, 2, 33], { a, bias: true }, fold)).toBeLessThan(1e-6);
  });
});

describe.each<[string, Variant]>([
  ['128 × 128 tiles', quads(16, 2, 2)],
  ['128 × 64 tiles', quads(16, 2, 1)],
  ['64 × 64 tiles', quads(16, 1, 1)],
  ['32 × 32 tiles', quads(8, 1, 1)],
])('matmul by quads in %s', (_name, variant) => {
  it.each<[number, number, number]>([
    [128, 32, 128],
    [132, 20, 140],
    [60, 16, 4],
    [4, 260, 36],
    [8, 0, 4],
  ])('%i × %i × %i', async (m, k, n) => {
    const a = { strides: [1, m + 4], offset: 8 };
    const b = { strides: [1, k + 8], offset: 4 };
    expect(await check(variant, [], [m, k, n], { bias: true })).toBeLessThan(1e-6);
    expect(await check(variant, [], [m, k, n], { a })).toBeLessThan(1e-6);
    expect(await check(variant, [], [m, k, n], { b, bias: true })).toBeLessThan(1e-6);
    expect(await check(variant, [], [m, k, n], { a, b })).toBeLessThan(1e-6);
  });

  it('rows of any number where the quads lie along k, k of any number where they lie along m and n', async () => {
    expect(await check(variant, [], [67, 24, 12], { bias: true })).toBeLessThan(1e-6);
    expect(await check(variant, [], [64, 23, 12], { a: { strides: [1, 64] } })).toBeLessThan(1e-6);
  });

  it('batches, broadcast and strided', async () => {
    expect(await check(variant, [2, 3], [9, 12, 8], { bias: true })).toBeLessThan(1e-6);
    const a = { strides: [0, 9 * 12 * 2, 12, 1], offset: 4 };
    const heads = { strides: [3 * 12 * 8, 8, 24, 1] };
    expect(await check(variant, [2, 3], [9, 12, 8], { a, b: heads })).toBeLessThan(1e-6);
  });
});
