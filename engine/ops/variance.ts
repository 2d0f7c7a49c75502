import { ArgumentError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { map, reduce } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { mul, sub } from './binary.ts';
import { mean, sum } from './reduce.ts';
import { type Dims, dimsOf, lengthOf, type ReduceAttrs, type ReduceOptions } from './reduction.ts';
import { root } from './roots.ts';

interface VarianceAttrs extends ReduceAttrs {
  readonly correction: number;
}

const varianceOp = defineComposite({
  name: 'var',
  formula: 'y = Σ (x − mean x)² / (n − correction) over the dimensions, n elements each',
  inputs: ['x'],
  attrs: { dim: null, correction: 1, keepdim: false } as VarianceAttrs,
  compute: ({ x }, { dim, correction, keepdim }) => {
    const n = lengthOf(x.shape, dimsOf('var', dim, x.ndim));
    if (n - correction <= 0 && x.size > 0) {
      throw new ArgumentError(
        `var: ${n} elements of ${show(x.shape)} less a correction of ${correction} leave nothing to divide by. ` +
          'Reduce more elements, or pass { correction: 0 }.',
      );
    }
    const centered = sub(x, mean(x, dim, { keepdim: true }));
    return mul(sum(mul(centered, centered), dim, { keepdim }), 1 / Math.max(1e-30, n - correction));
  },
  reference: ({ x }, { dim, correction, keepdim }) =>
    reduce(x, dimsOf('var', dim, x.shape.length), keepdim, (v) => {
      const m = v.reduce((a, b) => a + b, 0) / v.length;
      return v.reduce((total, e) => total + (e - m) ** 2, 0) / (v.length - correction);
    }),
  cases: [
    { inputs: { x: [3, 5, 7] }, attrs: { dim: -1 } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: 0, correction: 0 } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: [0, 2], keepdim: true } },
    { inputs: { x: [9] } },
    { inputs: { x: [1] }, attrs: { correction: 0 } },
    { inputs: { x: [0, 3] }, attrs: { dim: 1 } },
    { inputs: { x: [333, 3] }, attrs: { dim: 0 } },
    { inputs: { x: [4096, 512] }, attrs: { dim: -1 }, bench: true, gradient: false },
  ],
});

export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the number of elements: 1 gives the unbiased estimate, 0 the variance of exactly these. */
  readonly correction?: number;
}

/** Variance over one dimension, several, or all: Σ (x − mean)² / (n − correction). float32. */
export const variance = (x: Tensor, dim?: Dims, { correction = 1, keepdim = false }: VarianceOptions = {}): Tensor =>
  varianceOp({ x }, { dim: dim ?? null, correction, keepdim });

const stdOp = defineComposite({
  name: 'std',
  formula: 'y = √(Σ (x − mean x)² / (n − correction)) over the dimensions',
  inputs: ['x'],
  attrs: { dim: null, correction: 1, keepdim: false } as VarianceAttrs,
  compute: ({ x }, attrs) => root(varianceOp({ x }, attrs)),
  reference: (inputs, attrs) => map(varianceOp.reference(inputs, attrs as never), Math.sqrt),
  cases: [
    { inputs: { x: [3, 5, 7] }, attrs: { dim: -1 } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: [0, 2], correction: 0, keepdim: true } },
    { inputs: { x: [9] } },
    { inputs: { x: [0, 3] }, attrs: { dim: 1 } },
  ],
});

/** Standard deviation over one dimension, several, or all: √ of {@link variance}. Where it is 0 the gradient is 0. float32. */
export const std = (x: Tensor, dim?: Dims, { correction = 1, keepdim = false }: VarianceOptions = {}): Tensor =>
  stdOp({ x }, { dim: dim ?? null, correction, keepdim });
