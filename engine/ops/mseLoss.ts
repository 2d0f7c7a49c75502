import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { ndarray, zip } from '../reference.ts';
import { sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { mul, sub } from './binary.ts';
import type { Reduction } from './crossEntropy.ts';
import { mean, sum } from './reduce.ts';

const mseLossOp = defineComposite({
  name: 'mseLoss',
  formula: 'mean of (x − target)²',
  inputs: ['x', 'target'],
  attrs: { reduction: 'mean' as Reduction },
  compute: ({ x, target }, { reduction }) => {
    if (!sameShape(x.shape, target.shape)) {
      throw new ShapeError(`mseLoss: x ${show(x.shape)} and target ${show(target.shape)}. They must be alike.`);
    }
    const difference = sub(x, target);
    const squares = mul(difference, difference);
    return reduction === 'none' ? squares : reduction === 'sum' ? sum(squares) : mean(squares);
  },
  reference: ({ x, target }, { reduction }) => {
    const squares = zip((a, b) => (a! - b!) ** 2, x, target);
    if (reduction === 'none') return squares;
    const total = squares.data.reduce((a, b) => a + b, 0);
    return ndarray([], [reduction === 'sum' ? total : total / squares.data.length]);
  },
  cases: [
    { inputs: { x: [7, 9], target: [7, 9] } },
    { inputs: { x: [3, 5], target: [3, 5] }, attrs: { reduction: 'sum' } },
    { inputs: { x: [2, 1, 4], target: [2, 1, 4] }, attrs: { reduction: 'none' } },
    { inputs: { x: [], target: [] } },
  ],
});

/**
 * Mean squared error: the mean of (x − target)² ('mean'), their sum ('sum'), or each of them ('none'). Shapes must be
 * equal; throws a ShapeError otherwise.
 */
export function mseLoss(
  x: Tensor,
  target: Tensor,
  { reduction = 'mean' }: { readonly reduction?: Reduction } = {},
): Tensor {
  if (!['mean', 'sum', 'none'].includes(reduction)) {
    throw new ArgumentError(`mseLoss: reduction '${reduction}', expected 'mean', 'sum' or 'none'.`);
  }
  return mseLossOp({ x, target }, { reduction });
}
