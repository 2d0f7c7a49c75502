import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { at, build } from '../reference.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { embedSlice } from './embedSlice.ts';
import { slice } from './views.ts';

/** Pairs of the last dimension first → what comes before and after each dimension, in order. */
function widths(shape: Shape, pad: readonly number[]): { before: number; after: number }[] {
  if (pad.length % 2 !== 0 || pad.length > 2 * shape.length || !pad.every(Number.isInteger)) {
    throw new ArgumentError(
      `pad: ${show(pad)} for ${show(shape)}. Expected whole numbers in pairs, before and after, the last dimension first, ` +
        `at most ${2 * shape.length} of them.`,
    );
  }
  return shape.map((size, d) => {
    const i = 2 * (shape.length - 1 - d);
    const [before, after] = [pad[i] ?? 0, pad[i + 1] ?? 0];
    if (size + Math.min(before, 0) + Math.min(after, 0) < 0 || size + before + after < 0) {
      throw new ShapeError(
        `pad: ${before} and ${after} take more than the ${size} elements of dimension ${d} of ${show(shape)}.`,
      );
    }
    return { before, after };
  });
}

const padOp = defineComposite({
  name: 'pad',
  formula: 'x with `value` around it; where a width is negative, with elements cut off',
  inputs: ['x'],
  dtypes: { x: ['float32', 'int32', 'bool'] },
  attrs: { pad: [] as readonly number[], value: 0 },
  compute: ({ x }, { pad, value }) => {
    let y = x;
    widths(x.shape, pad).forEach(({ before, after }, dim) => {
      const size = x.shape[dim]!;
      if (before < 0 || after < 0) y = slice(y, dim, Math.max(0, -before), size + Math.min(0, after));
      if (before <= 0 && after <= 0) return;
      const shape = y.shape.map((s, d) => (d === dim ? size + before + after : s));
      y = embedSlice(y, shape, dim, Math.max(0, before), 1, value);
    });
    return y === x ? x.alias() : y;
  },
  reference: ({ x }, { pad, value }) => {
    const around = widths(x.shape, pad);
    return build(
      x.shape.map((s, d) => s + around[d]!.before + around[d]!.after),
      (index) => {
        const from = index.map((i, d) => i - around[d]!.before);
        return from.every((i, d) => i >= 0 && i < x.shape[d]!) ? at(x, from) : value;
      },
    );
  },
  cases: [
    { inputs: { x: [3, 4, 5] }, attrs: { pad: [1, 2, 0, 3] } },
    { inputs: { x: [2, 6] }, attrs: { pad: [-1, 2, 1, -1], value: -7.5 } },
    { inputs: { x: { shape: [2, 3], dtype: 'int32', values: 'integer', high: 9 } }, attrs: { pad: [0, 2], value: 1 } },
    { inputs: { x: [0, 3] }, attrs: { pad: [0, 0, 2, 0], value: 1 } },
    { inputs: { x: [1] }, attrs: { pad: [] } },
  ],
});

/**
 * `x` with `value` around it. `pad` is in PyTorch's order, [before last, after last, before second to last, …]; dimensions
 * that are not named stay as they are, and a negative width cuts off. Any dtype.
 */
export const pad = (x: Tensor, widthsOfDims: readonly number[], value = 0): Tensor =>
  padOp({ x }, { pad: widthsOfDims, value });
