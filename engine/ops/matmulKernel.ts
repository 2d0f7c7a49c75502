import matmulShader from '../../shaders/matmul.wgsl';
import matmulQuadsShader from '../../shaders/matmul_quads.wgsl';
import matmulVectorShader from '../../shaders/matmul_vector.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import type { LaunchTools } from '../launch.ts';
import { broadcastStrides, type Layout, mergeDims, type Shape, sizeOf } from '../shape.ts';
import { anchor } from '../strided.ts';
import { widened } from './halves.ts';
import { reduceOnWebGPU } from './reduction.ts';

/** One product output[.., m, n] = a[.., m, k] · b[.., k, n] (+ bias[n]) as the kernels are told of it. */
export interface Product {
  readonly a: Operand;
  readonly b: Operand;
  readonly bias?: Operand | undefined;
  readonly output: Operand;
}

/** Batch dimensions a kernel walks, after neighbours were merged. */
const BATCH_DIMS = 3;

/** Sizes and the strides of a and b over the batch dimensions, in BATCH_DIMS places. */
function batchOf({ a, b, output }: Product): { sizes: number[]; a: number[]; b: number[] } {
  const batch = output.shape.slice(0, -2);
  const over = (x: Layout): number[] =>
    broadcastStrides({ shape: x.shape.slice(0, -2), strides: x.strides.slice(0, -2) }, batch);
  const merged = mergeDims(batch, [over(a), over(b)]);
  const { length } = merged.shape;
  if (length > BATCH_DIMS) {
    throw new ShapeError(
      `matmul: ${length} batch dimensions of ${show(a.shape)} and ${show(b.shape)} that cannot be merged; at most ${BATCH_DIMS}. ` +
        'Call contiguous() on the inputs first.',
    );
  }
  const fill = (values: readonly number[], by: number): number[] => [
    ...new Array<number>(BATCH_DIMS - length).fill(by),
    ...values,
  ];
  return { sizes: fill(merged.shape, 1), a: fill(merged.strides[0]!, 0), b: fill(merged.strides[1]!, 0) };
}

const last2 = (values: Shape): [number, number] => [values.at(-2)!, values.at(-1)!];

// assembly/matmul.ts
const STRIPE = 48;
const SCRATCH = 4 * (256 * 512 + 6 * 256 + 6 * 8);
/** Rows up to which the columns are shared out among threads instead. */
const FEW_ROWS = 48;

/** The product of float32 operands. */
export function matmulOnWasm(product: Product): WasmLaunch {
  const { a, b, bias, output } = product;
  const [m, n] = last2(output.shape);
  const k = a.shape.at(-1)!;
  const batch = batchOf(product);
  const count = sizeOf(batch.sizes);
  const byColumns = m <= FEW_ROWS && n > m && count === 1;
  const stripes = Math.ceil((byColumns ? n : m) / STRIPE);
  // about 50 µs of work are worth a thread
  const grain = Math.max(
    1,
    Math.ceil(600_000 / Math.max(1, 2 * k * (byColumns ? m : n) * Math.min(STRIPE, byColumns ? n : m))),
  );
  return {
    kernel: 'matmul',
    args: [
      ...[a, b, bias ?? 0, output, m, n, k],
      ...[...last2(a.strides), ...last2(b.strides)],
      ...[batch.sizes[1]!, batch.sizes[2]!, ...batch.a, ...batch.b],
      byColumns ? 1 : 0,
    ],
    range: count * stripes,
    grain,
    scratch: SCRATCH,
    // every part packs b anew
    partsPerThread: 1,
  };
}

/** The product of operands of either dtype: those in float16 are converted first. */
export function mixedMatmulOnWasm(product: Product, tools: LaunchTools): WasmLaunch[] {
  const [a, b] = [widened(product.a, tools), widened(product.b, tools)];
  return [...a.launches, ...b.launches, matmulOnWasm({ ...product, a: a.operand, b: b.operand })];
}

/** Tile of an output that gives the device few workgroups, and of one that gives it plenty. */
const SMALL = { THREADS_M: 8, THREADS_N: 8, TILE_K: 16 };
const LARGE = { THREADS_M: 16, THREADS_N: 16, TILE_K: 16 };
/** Tiles of matmul_quads.wgsl from the largest to the smallest, which reuses less of what it reads and splits finer. */
const QUADS = [
  { THREADS_M: 16, THREADS_N: 16, BLOCK_M: 2, BLOCK_N: 2, TILE_K: 16 },
  { THREADS_M: 16, THREADS_N: 16, BLOCK_M: 2, BLOCK_N: 1, TILE_K: 16 },
  { THREADS_M: 16, THREADS_N: 16, BLOCK_M: 1, BLOCK_N: 1, TILE_K: 16 },
  { THREADS_M: 8, THREADS_N: 8, BLOCK_M: 1, BLOCK_N: 1, TILE_K: 16 },
] as const;
const VECTOR = { COLS: 32, SLICES: 4 };
/** Rows up to which b is read once for each instead of being tiled. */
const VECTOR_ROWS = 4;
/** Below this many large tiles the smaller ones keep more of the device at work. */
const FEW_TILES = 32;
/** Tiles that keep a large device at work. */
const ENOUGH_TILES = 128;
/** The shortest sum over k worth a workgroup of its own. */
const LEAST_SPAN = 256;

type QuadTile = (typeof QUADS)[number];

/** Rows and columns of the output that a workgroup computes. */
const extentOf = (tile: { THREADS_M: number; THREADS_N: number; BLOCK_M?: number; BLOCK_N?: number }) => ({
  rows: tile.THREADS_M * 4 * (tile.BLOCK_M ?? 1),
  cols: tile.THREADS_N * 4 * (tile.BLOCK_N ?? 1),
});

/** Whether an operand can be read four numbers at a time along one of its last two dimensions, and along which. */
function quadsAlong({ shape, strides, offset, dtype }: Operand): 'row' | 'col' | null {
  if (dtype !== 'float32' || offset % 4 !== 0) return null;
  const [rows, cols] = last2(shape);
  const [row, col] = last2(strides);
  for (let d = 0; d < shape.length - 2; d++) if (shape[d] !== 1 && strides[d]! % 4 !== 0) return null;
  if (col === 1 && cols % 4 === 0 && (row % 4 === 0 || rows === 1)) return 'col';
  if (row === 1 && rows % 4 === 0 && (col % 4 === 0 || cols === 1)) return 'row';
  return null;
}

/** Into how many parts to cut the sums over k so that `tiles` workgroups become enough. */
function slicesFor(tiles: number, k: number): { slices: number; span: number } {
  const wanted = Math.min(Math.floor(ENOUGH_TILES / tiles), Math.floor(k / LEAST_SPAN));
  const { TILE_K } = QUADS[0];
  const span = Math.ceil(k / Math.max(1, wanted) / TILE_K) * TILE_K;
  return { slices: Math.ceil(k / span), span };
}

/** Where the operands lie, as all matmul shaders are told. */
function bindingsOf({ a, b, bias, output }: Product) {
  const [m, n] = last2(output.shape);
  const k = a.shape.at(-1)!;
  const batch = batchOf({ a, b, bias, output });
  const count = sizeOf(batch.sizes);
  const [fromA, fromB] = [anchor(a), anchor(b)];
  const fromBias = bias && anchor(bias);
  const [aRow, aCol] = last2(a.strides);
  const [bRow, bCol] = last2(b.strides);
  return {
    bindings: { a: fromA.operand, b: fromB.operand, bias: fromBias?.operand ?? fromA.operand, output },
    uniforms: {
      ...{ m, n, k, hasBias: fromBias ? 1 : 0 },
      ...{ aOffset: fromA.offset, aRow, aCol, bOffset: fromB.offset, bRow, bCol },
      ...{ biasOffset: fromBias?.offset ?? 0, biasStep: bias?.strides[0] ?? 0 },
      ...{ batch: [...batch.sizes, count], aBatch: [...batch.a, 0], bBatch: [...batch.b, 0] },
      ...{ slices: 1, span: k },
    },
    count,
  };
}

/** The product by shaders/matmul_quads.wgsl; with few tiles and long sums, in slices that are added up. */
function matmulInQuads(product: Product, along: { a: boolean; b: boolean }, tools: LaunchTools): WebGPULaunch[] {
  const { output } = product;
  const [m, n] = last2(output.shape);
  const k = product.a.shape.at(-1)!;
  const { bindings, uniforms, count } = bindingsOf(product);
  const tiles = (tile: QuadTile): number => {
    const { rows, cols } = extentOf(tile);
    return count * Math.ceil(m / rows) * Math.ceil(n / cols);
  };
  const long = k >= 2 * LEAST_SPAN;
  const tile =
    QUADS.find((each) => tiles(each) * (long ? slicesFor(tiles(each), k).slices : 1) >= ENOUGH_TILES / 2) ??
    QUADS.at(-1)!;
  const cut = long ? slicesFor(tiles(tile), k) : { slices: 1, span: k };
  const partial = cut.slices === 1 ? output : tools.scratch([cut.slices, sizeOf(output.shape)]);
  const launch = dispatch({
    shader: matmulQuadsShader,
    bindings: { ...bindings, output: partial },
    uniforms: { ...uniforms, ...cut },
    params: { ...tile, A_ALONG_K: String(along.a), B_ALONG_N: String(along.b) },
    workgroups: grid(tiles(tile) * cut.slices, 1),
  });
  if (cut.slices === 1) return [launch];
  return [launch, ...reduceOnWebGPU('sum', { x: partial, output }, [0], tools)];
}

export function matmulOnWebGPU(product: Product, tools: LaunchTools): WebGPULaunch | WebGPULaunch[] {
  const { a, b, output } = product;
  const [m, n] = last2(output.shape);
  const [alongA, alongB] = [quadsAlong(a), quadsAlong(b)];
  if (m > VECTOR_ROWS && n % 4 === 0 && alongA !== null && alongB !== null) {
    return matmulInQuads(product, { a: alongA === 'col', b: alongB === 'col' }, tools);
  }
  const { count, ...common } = bindingsOf(product);
  const { aRow, aCol, bRow, bCol } = common.uniforms;
  const halves = { HALF_A: String(a.dtype === 'float16'), HALF_B: String(b.dtype === 'float16') };
  const B_ALONG_N = String(bCol <= bRow);
  if (m <= VECTOR_ROWS) {
    const workgroups = grid(count * m * Math.ceil(n / VECTOR.COLS), 1);
    return dispatch({ shader: matmulVectorShader, ...common, params: { ...VECTOR, ...halves, B_ALONG_N }, workgroups });
  }
  const tiles = (tile: typeof SMALL): number => {
    const { rows, cols } = extentOf(tile);
    return count * Math.ceil(m / rows) * Math.ceil(n / cols);
  };
  const tile = tiles(LARGE) < FEW_TILES ? SMALL : LARGE;
  const params = { ...tile, ...halves, A_ALONG_K: String(aCol <= aRow), B_ALONG_N };
  return dispatch({ shader: matmulShader, ...common, params, workgroups: grid(tiles(tile), 1) });
}
