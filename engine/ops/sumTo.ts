import { ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { indices, type NDArray, ndarray } from '../reference.ts';
import { broadcastShapes, rowMajor, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { sum } from './reduce.ts';

const sumToOp = defineComposite({
  name: 'sumTo',
  formula: 'sums over every dimension along which a tensor of the smaller shape was repeated',
  inputs: ['x'],
  attrs: { shape: [] as Shape },
  compute: ({ x }, { shape }) => {
    checkShape(x.shape, shape);
    const lead = x.ndim - shape.length;
    const leading = Array.from({ length: lead }, (_, d) => d);
    const ones = shape.flatMap((s, d) => (s === 1 && x.shape[d + lead] !== 1 ? [d] : []));
    // The leading dimensions go first: what is left for the others is small.
    const y = lead === 0 ? x : sum(x, leading);
    return ones.length === 0 ? y : sum(y, ones, { keepdim: true });
  },
  reference: ({ x }, { shape }): NDArray => {
    const y = ndarray(shape);
    const strides = rowMajor(shape);
    const lead = x.shape.length - shape.length;
    let i = 0;
    for (const index of indices(x.shape)) {
      const to = shape.reduce((at, s, d) => at + (s === 1 ? 0 : index[d + lead]! * strides[d]!), 0);
      y.data[to]! += x.data[i++]!;
    }
    return y;
  },
  cases: [
    { inputs: { x: [3, 4] }, attrs: { shape: [4] } },
    { inputs: { x: [3, 4] }, attrs: { shape: [3, 1] } },
    { inputs: { x: [2, 3, 4, 5] }, attrs: { shape: [3, 1, 5] } },
    { inputs: { x: [2, 3] }, attrs: { shape: [] } },
    { inputs: { x: [0, 3] }, attrs: { shape: [3] } },
    { inputs: { x: [8, 256, 512] }, attrs: { shape: [512] }, bench: true, gradient: false },
  ],
});

function checkShape(from: Shape, to: Shape): void {
  if (to.length <= from.length && sameShape(broadcastShapes('sumTo', from, to), from)) return;
  throw new ShapeError(`sumTo: ${show(from)} cannot be summed to ${show(to)}, which does not broadcast to it.`);
}

/**
 * `x` summed to `shape`, which broadcasts to that of `x`: the gradient of a tensor that was broadcast, from the
 * gradient of what it was broadcast to. `x` itself when the shapes are equal. Throws ShapeError for other shapes.
 */
export const sumTo = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : sumToOp({ x }, { shape }));
