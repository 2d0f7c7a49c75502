import matmulShader from '../../shaders/matmul.wgsl';
import matmulVectorShader from '../../shaders/matmul_vector.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import type { LaunchTools } from '../launch.ts';
import { broadcastStrides, type Layout, mergeDims, type Shape, sizeOf } from '../shape.ts';
import { anchor } from '../strided.ts';
import { widened } from './halves.ts';

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
const VECTOR = { COLS: 32, SLICES: 4 };
/** Rows up to which b is read once for each instead of being tiled. */
const VECTOR_ROWS = 4;
/** Below this many large tiles the smaller ones keep more of the device at work. */
const FEW_TILES = 32;

export function matmulOnWebGPU(product: Product): WebGPULaunch {
  const { output } = product;
  const [m, n] = last2(output.shape);
  const batch = batchOf(product);
  const count = sizeOf(batch.sizes);
  const [a, b] = [anchor(product.a), anchor(product.b)];
  const bias = product.bias && anchor(product.bias);
  const [aRow, aCol] = last2(product.a.strides);
  const [bRow, bCol] = last2(product.b.strides);
  const common = {
    bindings: { a: a.operand, b: b.operand, bias: bias?.operand ?? a.operand, output },
    uniforms: {
      ...{ m, n, k: product.a.shape.at(-1)!, hasBias: bias ? 1 : 0 },
      ...{ aOffset: a.offset, aRow, aCol, bOffset: b.offset, bRow, bCol },
      ...{ biasOffset: bias?.offset ?? 0, biasStep: product.bias?.strides[0] ?? 0 },
      ...{ batch: [...batch.sizes, count], aBatch: [...batch.a, 0], bBatch: [...batch.b, 0] },
    },
  };
  const halves = { HALF_A: String(product.a.dtype === 'float16'), HALF_B: String(product.b.dtype === 'float16') };
  const B_ALONG_N = String(bCol <= bRow);
  if (m <= VECTOR_ROWS) {
    const workgroups = grid(count * m * Math.ceil(n / VECTOR.COLS), 1);
    return dispatch({ shader: matmulVectorShader, ...common, params: { ...VECTOR, ...halves, B_ALONG_N }, workgroups });
  }
  const tiles = (tile: typeof SMALL): number =>
    count * Math.ceil(m / (tile.THREADS_M * 4)) * Math.ceil(n / (tile.THREADS_N * 4));
  const tile = tiles(LARGE) < FEW_TILES ? SMALL : LARGE;
  const params = { ...tile, ...halves, A_ALONG_K: String(aCol <= aRow), B_ALONG_N };
  return dispatch({ shader: matmulShader, ...common, params, workgroups: grid(tiles(tile), 1) });
}
