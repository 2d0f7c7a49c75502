import type { Tensor } from '../tensor.ts';
import { argmax, argmin } from './argmax.ts';
import { picked, type ValuesAndIndices } from './picked.ts';
import { amax, amin } from './reduce.ts';
import type { ReduceOptions } from './reduction.ts';

export type { ValuesAndIndices } from './picked.ts';

/**
 * The largest element of all, whose equals share the gradient, as a scalar; or, along `dim`, the largest of each line and
 * where it lies, the first of equal ones, which alone has the gradient. float32 or int32; of nothing it is an error. For
 * several dimensions use amax, for two tensors maximum.
 */
export function max(x: Tensor): Tensor;
export function max(x: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
export function max(x: Tensor, dim?: number, options: ReduceOptions = {}): Tensor | ValuesAndIndices {
  return dim === undefined ? amax(x) : picked(x, dim, options, (y, d) => argmax(y, d, { keepdim: true }));
}

/** The smallest element of all, or of each line along `dim` with where it lies; see {@link max}. */
export function min(x: Tensor): Tensor;
export function min(x: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
export function min(x: Tensor, dim?: number, options: ReduceOptions = {}): Tensor | ValuesAndIndices {
  return dim === undefined ? amin(x) : picked(x, dim, options, (y, d) => argmin(y, d, { keepdim: true }));
}
