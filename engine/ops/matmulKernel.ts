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

/** Threads of a workgroup, and the quads of rows and columns of each. */
interface Tile {
  readonly THREADS_M: number;
  readonly THREADS_N: number;
  readonly BLOCK_M: number;
  readonly BLOCK_N: number;
}

/** Tile of an output that gives the device few workgroups, and of one that gives it plenty. */
const SMALL: Tile = { THREADS_M: 8, THREADS_N: 8, BLOCK_M: 1, BLOCK_N: 1 };
const LARGE: Tile = { THREADS_M: 16, THREADS_N: 16, BLOCK_M: 1, BLOCK_N: 1 };
/** Tiles of matmul_quads.wgsl from the largest to the smallest, which reuses less of what it reads and splits finer. */
const QUADS: readonly Tile[] = [{ ...LARGE, BLOCK_M: 2, BLOCK_N: 2 }, { ...LARGE, BLOCK_M: 2 }, LARGE, SMALL];
/** The columns of a and rows of b that both shaders take at a time. */
const TILE_K = 16;
const VECTOR = { COLS: 32, SLICES: 4 };
/** Rows up to which b is read once for each instead of being tiled. */
const VECTOR_ROWS = 4;
/** Below this many large tiles the smaller ones keep more of the device at work. */
const FEW_TILES = 32;
/** Tiles that keep a large device at work. */
const ENOUGH_TILES = 128;
/** The shortest sum over k worth a workgroup of its own. */
const LEAST_SPAN = 256;

/** How many tiles cover `count` matrices of [m, n]. */
const tilesOf = ({ THREADS_M, THREADS_N, BLOCK_M, BLOCK_N }: Tile, count: number, m: number, n: number): number =>
  count * Math.ceil(m / (4 * THREADS_M * BLOCK_M)) * Math.ceil(n / (4 * THREADS_N * BLOCK_N));

/**
 * Whether an operand can be read four numbers at a time along its last dimension (true) or the one before it (false); null
 * where neither is possible.
 */
function quadsAlongLast({ shape, strides, offset, dtype }: Operand): boolean | null {
  const [rows, cols] = last2(shape);
  const [row, col] = last2(strides);
  const along = col === 1;
  const steps = [offset, along ? cols : rows, along ? row : col, ...strides.slice(0, -2)];
  return dtype === 'float32' && (along || row === 1) && steps.every((step) => step % 4 === 0) ? along : null;
}

/** Into how many parts to cut the sums over k so that `tiles` workgroups become enough. */
function cut(tiles: number, k: number) {
  const wanted = Math.floor(Math.min(ENOUGH_TILES / tiles, k / LEAST_SPAN)) || 1;
  const span = Math.ceil(k / wanted / TILE_K) * TILE_K || TILE_K;
  const slices = Math.ceil(k / span) || 1;
  return { slices, span, workgroups: tiles * slices };
}

/** Where the operands lie, as all matmul shaders are told. */
function bindingsOf(product: Product) {
  const { a, b, bias, output } = product;
  const [m, n] = last2(output.shape);
  const k = a.shape.at(-1)!;
  const batch = batchOf(product);
  const count = sizeOf(batch.sizes);
  const [fromA, fromB] = [anchor(a), anchor(b)];
  const fromBias = bias && anchor(bias);
  const [aRow, aCol] = last2(a.strides);
  const [bRow, bCol] = last2(b.strides);
  return {
    bindings: { a: fromA.operand, b: fromB.operand, bias: fromBias?.operand ?? fromA.operand, output },
    uniforms: {
      ...{ m, n, k, hasBias: bias ? 1 : 0 },
      ...{ aOffset: fromA.offset, aRow, aCol, bOffset: fromB.offset, bRow, bCol },
      ...{ biasOffset: fromBias?.offset ?? 0, biasStep: bias?.strides[0] ?? 0 },
      ...{ batch: [...batch.sizes, count], aBatch: [...batch.a, 0], bBatch: [...batch.b, 0] },
      ...{ slices: 1, span: k },
    },
    count,
  };
}

/** The product by shaders/matmul_quads.wgsl; with few tiles and long sums, in slices that are added up. */
function matmulInQuads(
  { bindings, uniforms, count }: ReturnType<typeof bindingsOf>,
  A_ALONG_K: boolean,
  B_ALONG_N: boolean,
  tools: LaunchTools,
): WebGPULaunch[] {
  const { output } = bindings;
  const { m, n, k } = uniforms;
  const choices = QUADS.map((tile) => ({ tile, ...cut(tilesOf(tile, count, m, n), k) }));
  const { tile, slices, span, workgroups } =
    choices.find((choice) => choice.workgroups >= ENOUGH_TILES / 2) ?? choices.at(-1)!;
  const partial = slices === 1 ? output : tools.scratch([slices, sizeOf(output.shape)]);
  const launch = dispatch({
    shader: matmulQuadsShader,
    bindings: { ...bindings, output: partial },
    uniforms: { ...uniforms, slices, span },
    params: { ...tile, A_ALONG_K: String(A_ALONG_K), B_ALONG_N: String(B_ALONG_N) },
    workgroups: grid(workgroups, 1),
  });
  return slices === 1 ? [launch] : [launch, ...reduceOnWebGPU('sum', { x: partial, output }, [0], tools)];
}

export function matmulOnWebGPU(product: Product, tools: LaunchTools): WebGPULaunch | WebGPULaunch[] {
  const { a, b } = product;
  const placed = bindingsOf(product);
  const { count, ...common } = placed;
  const { m, n, aRow, aCol, bRow, bCol } = common.uniforms;
  const [alongA, alongB] = [quadsAlongLast(a), quadsAlongLast(b)];
  if (m > VECTOR_ROWS && n % 4 === 0 && alongA !== null && alongB !== null) {
    return matmulInQuads(placed, alongA, alongB, tools);
  }
  const halves = { HALF_A: String(a.dtype === 'float16'), HALF_B: String(b.dtype === 'float16') };
  const B_ALONG_N = String(bCol <= bRow);
  if (m <= VECTOR_ROWS) {
    const workgroups = grid(count * m * Math.ceil(n / VECTOR.COLS), 1);
    return dispatch({ shader: matmulVectorShader, ...common, params: { ...VECTOR, ...halves, B_ALONG_N }, workgroups });
  }
  const tile = tilesOf(LARGE, count, m, n) < FEW_TILES ? SMALL : LARGE;
  const { THREADS_M, THREADS_N } = tile;
  const params = { THREADS_M, THREADS_N, ...halves, A_ALONG_K: String(aCol <= aRow), B_ALONG_N };
  return dispatch({ shader: matmulShader, ...common, params, workgroups: grid(tilesOf(tile, count, m, n), 1) });
}
