import { defineComposite } from '../op.ts';
import { reduce } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { eq, gt, ne } from './binary.ts';
import { ANY } from './elementwise.ts';
import { sum } from './reduce.ts';
import { type Dims, dimsOf, type ReduceAttrs, type ReduceOptions } from './reduction.ts';

/** Both count: how many are not 0, and how many are. */
function quantifier(
  name: 'any' | 'all',
  formula: string,
  compute: (x: Tensor, attrs: ReduceAttrs) => Tensor,
  holds: (values: readonly boolean[]) => boolean,
) {
  return defineComposite({
    name,
    formula,
    inputs: ['x'],
    dtypes: { x: ANY },
    attrs: { dim: null, keepdim: false } as ReduceAttrs,
    differentiable: false,
    compute: ({ x }, attrs) => compute(x, attrs),
    reference: ({ x }, { dim, keepdim }) =>
      reduce(x, dimsOf(name, dim, x.shape.length), keepdim, (v) => Number(holds(v.map((e) => e !== 0)))),
    cases: [
      { inputs: { x: { shape: [4, 3], dtype: 'bool' } }, attrs: { dim: 1 } },
      { inputs: { x: { shape: [3, 2], values: [0, 0, 1, 0, -1, 2] } }, attrs: { dim: 1, keepdim: true } },
      { inputs: { x: { shape: [2, 3, 2], dtype: 'int32', high: 2 } }, attrs: { dim: [0, 2] } },
      { inputs: { x: { shape: [5], dtype: 'bool', values: [0, 0, 0, 0, 0] } } },
      { inputs: { x: { shape: [5], dtype: 'bool', values: [1, 1, 1, 1, 1] } } },
      { inputs: { x: { shape: [], dtype: 'bool' } } },
      { inputs: { x: { shape: [0, 2], dtype: 'bool' } }, attrs: { dim: 0 } },
    ],
  });
}

const anyOp = quantifier(
  'any',
  'whether some x over the dimensions is not 0',
  (x, { dim, keepdim }) => gt(sum(ne(x, 0), dim, { keepdim }), 0),
  (v) => v.includes(true),
);

const allOp = quantifier(
  'all',
  'whether every x over the dimensions is not 0',
  (x, { dim, keepdim }) => eq(sum(eq(x, 0), dim, { keepdim }), 0),
  (v) => !v.includes(false),
);

/** Whether some element over one dimension, several, or all is not 0; false for nothing. bool. */
export const any = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  anyOp({ x }, { dim: dim ?? null, keepdim });

/** Whether every element over one dimension, several, or all is not 0; true for nothing. bool. */
export const all = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  allOp({ x }, { dim: dim ?? null, keepdim });
