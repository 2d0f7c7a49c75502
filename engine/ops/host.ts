import { scope } from '../memory.ts';
import { broadcastShapes, sameShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { indexSelect } from './indexSelect.ts';
import { expand, reshape } from './views.ts';

/*
 * Operations whose result has a shape that depends on the values, or is no tensor at all: they read the values, so they
 * give a promise. Inside a training step prefer what stays on the device: where, maskedFill, topk, sort.
 */

/** Numbers of the elements that are not 0, in row-major order. */
const places = (values: ArrayLike<number>): number[] => {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) found.push(i);
  return found;
};

/** Where the elements of `x` are not 0, in row-major order: int32 [n, dimensions of x]. Reads x. */
export async function nonzero(x: Tensor): Promise<Tensor> {
  const { shape, device } = x;
  const found = places(await x.data());
  const index = new Int32Array(found.length * shape.length);
  found.forEach((place, row) => {
    let rest = place;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[row * shape.length + d] = rest % shape[d]!;
      rest = Math.floor(rest / shape[d]!);
    }
  });
  return Tensor.from(device, index, [found.length, shape.length], 'int32');
}

/**
 * The elements of `x` where `mask` is true, in row-major order, as one row; the two are broadcast against each other.
 * Reads the mask; the result has a gradient to x. For a result of fixed shape use where or maskedFill.
 */
export async function maskedSelect(x: Tensor, mask: Tensor): Promise<Tensor> {
  const shape = broadcastShapes('maskedSelect', x.shape, mask.shape);
  const all = expand(mask, shape);
  const values = await all.data();
  all.dispose();
  const found = places(values);
  return scope(() => {
    const index = Tensor.from(x.device, found, [found.length], 'int32');
    return indexSelect(reshape(expand(x, shape), [values.length]), 0, index);
  });
}

/** What {@link unique} finds. */
export interface Unique {
  /** The different elements in rising order. */
  readonly values: Tensor;
  /** For each element of x its place in `values`: int32, of the shape of x. */
  readonly inverse: Tensor;
  /** How often each of `values` occurs: int32. */
  readonly counts: Tensor;
}

/** The different elements of `x` in rising order, where each element went, and how often each occurs. Reads x. */
export async function unique(x: Tensor): Promise<Unique> {
  const { shape, device, dtype } = x;
  const data = await x.data();
  const values = Float64Array.from(new Set(data)).sort();
  const place = new Map(Array.from(values, (v, i) => [v, i]));
  const inverse = Int32Array.from(data, (v) => place.get(v)!);
  const counts = new Int32Array(values.length);
  for (const i of inverse) counts[i]!++;
  const list = (v: ArrayLike<number>, type: typeof dtype): Tensor => Tensor.from(device, v, [v.length], type);
  return {
    values: list(values, dtype),
    inverse: Tensor.from(device, inverse, shape, 'int32'),
    counts: list(counts, 'int32'),
  };
}

export interface CloseOptions {
  /** Of the size of y. Default: 1e-5. */
  readonly rtol?: number;
  /** Default: 1e-8. */
  readonly atol?: number;
  /** NaN counts as equal to NaN. */
  readonly equalNan?: boolean;
}

/** True when |x − y| ≤ atol + rtol·|y| for every element; the two are broadcast against each other. Reads both. */
export async function allclose(
  x: Tensor,
  y: Tensor,
  { rtol = 1e-5, atol = 1e-8, equalNan = false }: CloseOptions = {},
): Promise<boolean> {
  const shape = broadcastShapes('allclose', x.shape, y.shape);
  const [a, b] = [expand(x, shape), expand(y, shape)];
  const [left, right] = await Promise.all([a.data(), b.data()]);
  a.dispose();
  b.dispose();
  return left.every((v, i) => {
    const w = right[i]!;
    if (Number.isNaN(v) && Number.isNaN(w)) return equalNan;
    return v === w || (Number.isFinite(w) && Math.abs(v - w) <= atol + rtol * Math.abs(w));
  });
}

/** True when x and y have the same shape and equal elements. Reads both. */
export async function equal(x: Tensor, y: Tensor): Promise<boolean> {
  if (!sameShape(x.shape, y.shape)) return false;
  const [left, right] = await Promise.all([x.data(), y.data()]);
  return left.every((v, i) => v === right[i]);
}
