import { broadcastShapes, broadcastStrides, rowMajor, type Shape, sizeOf } from './shape.ts';

/**
 * Plain float64 arrays in row-major order, and the few ways to walk them that the references of the operations need.
 * Clarity before speed: this is what the kernels are held against.
 */
export interface NDArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export const ndarray = (shape: Shape, data?: ArrayLike<number>): NDArray => ({
  shape,
  data: data === undefined ? new Float64Array(sizeOf(shape)) : Float64Array.from(data),
});

/** Every index of `shape` in row-major order. The array is reused: copy it to keep it. */
export function* indices(shape: Shape): Generator<number[]> {
  const at = new Array<number>(shape.length).fill(0);
  for (let n = sizeOf(shape); n > 0; n--) {
    yield at;
    for (let d = shape.length - 1; d >= 0 && ++at[d]! === shape[d]; d--) at[d] = 0;
  }
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Builds an array by a function of the index. */
export function build(shape: Shape, f: (index: readonly number[]) => number): NDArray {
  const out = ndarray(shape);
  let i = 0;
  for (const index of indices(shape)) out.data[i++] = f(index);
  return out;
}

/** The element at an index. */
export const at = (x: NDArray, index: readonly number[]): number => x.data[dot(index, rowMajor(x.shape))]!;

/** f over each element. */
export const map = (x: NDArray, f: (v: number) => number): NDArray => ({ shape: x.shape, data: x.data.map(f) });

/** f over the elements of several arrays broadcast against each other. */
export function zip(f: (...v: number[]) => number, ...xs: NDArray[]): NDArray {
  const shape = broadcastShapes('reference', ...xs.map((x) => x.shape));
  const strides = xs.map((x) => broadcastStrides({ shape: x.shape, strides: rowMajor(x.shape) }, shape));
  return build(shape, (index) => f(...xs.map((x, k) => x.data[dot(index, strides[k]!)]!)));
}

/** f over the values along `dims` at each place of the others; `dims` keep size 1 in the result when `keepdim`. */
export function reduce(
  x: NDArray,
  dims: readonly number[],
  keepdim: boolean,
  f: (values: number[]) => number,
): NDArray {
  const kept = x.shape.map((s, d) => (dims.includes(d) ? 1 : s));
  const inner = dims.map((d) => x.shape[d]!);
  const full = build(kept, (outer) => {
    const values: number[] = [];
    const where = [...outer];
    for (const i of indices(inner)) {
      for (const [k, d] of dims.entries()) where[d] = i[k]!;
      values.push(at(x, where));
    }
    return f(values);
  });
  return keepdim ? full : { shape: x.shape.filter((_, d) => !dims.includes(d)), data: full.data };
}

/** f over each line along `dim`, giving a line of the same length; `others`, of the same shape, give the lines beside it. */
export function alongDim(
  x: NDArray,
  dim: number,
  f: (line: number[], ...beside: number[][]) => ArrayLike<number>,
  ...others: readonly NDArray[]
): NDArray {
  const out = ndarray(x.shape);
  const step = rowMajor(x.shape)[dim]!;
  const length = x.shape[dim]!;
  const outer = x.shape.map((s, d) => (d === dim ? 1 : s));
  for (const index of indices(outer)) {
    const base = dot(index, rowMajor(x.shape));
    const lineOf = ({ data }: NDArray): number[] => Array.from({ length }, (_, i) => data[base + i * step]!);
    const line = f(lineOf(x), ...others.map(lineOf));
    for (let i = 0; i < length; i++) out.data[base + i * step] = line[i]!;
  }
  return out;
}
