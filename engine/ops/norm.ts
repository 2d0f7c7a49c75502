import { ArgumentError } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { reduce } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { ne } from './binary.ts';
import { to } from './contiguous.ts';
import { amax, amin, sum } from './reduce.ts';
import { type Dims, dimsOf, type ReduceAttrs, type ReduceOptions } from './reduction.ts';
import { fromZero, root } from './roots.ts';
import { abs, pow, square } from './unary.ts';

interface NormAttrs extends ReduceAttrs {
  readonly p: number;
}

const normOp = defineComposite({
  name: 'norm',
  formula: 'y = (Σ |x|ᵖ)^(1/p) over the dimensions; the largest |x| for p = ∞',
  inputs: ['x'],
  attrs: { p: 2, dim: null, keepdim: false } as NormAttrs,
  compute: ({ x }, { p, dim, keepdim }) => {
    if (p === 2) return root(sum(square(x), dim, { keepdim }));
    if (p === 0) return to(sum(ne(x, 0), dim, { keepdim }), 'float32');
    const size = abs(x);
    if (p === 1) return sum(size, dim, { keepdim });
    if (p === Number.POSITIVE_INFINITY) return amax(size, dim, { keepdim });
    if (p === Number.NEGATIVE_INFINITY) return amin(size, dim, { keepdim });
    const powers = fromZero(size, (v) => pow(v, p));
    return fromZero(sum(powers, dim, { keepdim }), (v) => pow(v, 1 / p));
  },
  reference: ({ x }, { p, dim, keepdim }) =>
    reduce(x, dimsOf('norm', dim, x.shape.length), keepdim, (v) => {
      const sizes = v.map(Math.abs);
      if (p === 0) return sizes.filter((s) => s !== 0).length;
      if (p === Number.POSITIVE_INFINITY) return sizes.reduce((a, b) => Math.max(a, b), 0);
      if (p === Number.NEGATIVE_INFINITY) return sizes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
      return sizes.reduce((total, s) => total + s ** p, 0) ** (1 / p);
    }),
  cases: [
    { inputs: { x: [3, 5, 7] }, attrs: { dim: -1 } },
    { inputs: { x: [3, 5, 7] }, attrs: { p: 1, dim: [0, 2], keepdim: true } },
    { inputs: { x: { shape: [3, 5], values: 'distinct' } }, attrs: { p: Number.POSITIVE_INFINITY, dim: 1 } },
    { inputs: { x: [3, 5] }, attrs: { p: Number.NEGATIVE_INFINITY, dim: 0 } },
    { inputs: { x: [3, 5] }, attrs: { p: 3, dim: 1 } },
    { inputs: { x: { shape: [2, 3], values: [0, 2, 0, 0, -1, 1] } }, attrs: { p: 0, dim: 1 }, gradient: false },
    { inputs: { x: [9] } },
    { inputs: { x: [] } },
    { inputs: { x: [0, 3] }, attrs: { dim: 0 } },
  ],
});

/**
 * The vector norm over one dimension, several, or all: (Σ |x|ᵖ)^(1/p); p = ∞ takes the largest |x|, −∞ the smallest, 0
 * counts what is not 0. Where the norm is 0 the gradient is 0. float32. Squares beyond 3e38 overflow: divide by the
 * largest element first where they can occur.
 */
export function norm(x: Tensor, p = 2, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor {
  if (typeof p !== 'number' || Number.isNaN(p)) {
    throw new ArgumentError(`norm: p ${p}. Expected a number; Infinity takes the largest element.`);
  }
  return normOp({ x }, { p, dim: dim ?? null, keepdim });
}
