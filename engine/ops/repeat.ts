import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { at, build } from '../reference.ts';
import { normalizeDim, type Shape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { ANY } from './elementwise.ts';
import { indexSelect } from './indexSelect.ts';
import { expand, reshape } from './views.ts';

/** `shape` with leading ones, as long as `repeats`. */
function aligned(shape: Shape, repeats: readonly number[]): Shape {
  if (repeats.length < shape.length || !repeats.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError(
      `repeat: ${show(shape)} by ${show(repeats)}. Expected a whole number from 0 for each of the ${shape.length} ` +
        'dimensions, and for new ones before them.',
    );
  }
  return [...new Array<number>(repeats.length - shape.length).fill(1), ...shape];
}

const repeatOp = defineComposite({
  name: 'repeat',
  formula: 'y[i, j, …] = x[i mod its size, j mod its size, …]',
  inputs: ['x'],
  dtypes: { x: ANY },
  attrs: { repeats: [] as readonly number[] },
  compute: ({ x }, { repeats }) => {
    const from = aligned(x.shape, repeats);
    let y = reshape(x, from);
    // The last dimension first, while there is least to copy.
    for (let d = from.length - 1; d >= 0; d--) {
      const n = repeats[d]!;
      if (n === 1) continue;
      const [before, size, after] = [sizeOf(y.shape.slice(0, d)), y.shape[d]!, sizeOf(y.shape.slice(d + 1))];
      const apart = expand(reshape(y, [before, 1, size * after]), [before, n, size * after]);
      y = reshape(
        apart,
        y.shape.map((s, e) => (e === d ? s * n : s)),
      );
    }
    return y;
  },
  reference: ({ x }, { repeats }) => {
    const from = aligned(x.shape, repeats);
    const lead = from.length - x.shape.length;
    return build(
      from.map((s, d) => s * repeats[d]!),
      (index) =>
        at(
          x,
          x.shape.map((s, d) => index[d + lead]! % s),
        ),
    );
  },
  cases: [
    { inputs: { x: [3] }, attrs: { repeats: [4] } },
    { inputs: { x: [2, 3] }, attrs: { repeats: [2, 1, 3] } },
    { inputs: { x: [2, 1, 2] }, attrs: { repeats: [2, 3, 2] } },
    { inputs: { x: { shape: [2, 2], dtype: 'int32', high: 9 } }, attrs: { repeats: [1, 2] } },
    { inputs: { x: [] }, attrs: { repeats: [3] } },
    { inputs: { x: [2, 3] }, attrs: { repeats: [0, 2] } },
    { inputs: { x: [1] }, attrs: { repeats: [1] } },
  ],
});

/**
 * `x` laid side by side `repeats` times along each dimension, new leading dimensions included: [2, 3] by [4, 1, 2] gives
 * [4, 2, 6]. A copy; `expand` repeats dimensions of size 1 without one.
 */
export const repeat = (x: Tensor, repeats: readonly number[]): Tensor => repeatOp({ x }, { repeats });

/** The same, where `repeats` may also be shorter than the shape: it then counts for the last dimensions (torch.tile). */
export const tile = (x: Tensor, repeats: readonly number[]): Tensor =>
  repeat(x, [...new Array<number>(Math.max(0, x.ndim - repeats.length)).fill(1), ...repeats]);

const repeatInterleaveOp = defineComposite({
  name: 'repeatInterleave',
  formula: 'y = each x along dim so many times in a row',
  inputs: ['x'],
  dtypes: { x: ANY },
  attrs: { repeats: 1 as number | readonly number[], dim: 0 },
  compute: ({ x }, { repeats, dim }) => {
    const d = normalizeDim('repeatInterleave', dim, x.ndim);
    const places = interleaved(x.shape, repeats, d);
    if (typeof repeats !== 'number') return indexSelect(x, d, Tensor.from(x.device, places, [places.length], 'int32'));
    const [before, after] = [x.shape.slice(0, d), x.shape.slice(d + 1)];
    const apart = reshape(x, [sizeOf(before) * x.shape[d]!, 1, sizeOf(after)]);
    const repeated = expand(apart, [apart.shape[0]!, repeats, apart.shape[2]!]);
    return reshape(repeated, [...before, places.length, ...after]);
  },
  reference: ({ x }, { repeats, dim }) => {
    const d = normalizeDim('repeatInterleave', dim, x.shape.length);
    const places = interleaved(x.shape, repeats, d);
    return build(
      x.shape.map((s, e) => (e === d ? places.length : s)),
      (index) =>
        at(
          x,
          index.map((i, e) => (e === d ? places[i]! : i)),
        ),
    );
  },
  cases: [
    { inputs: { x: [3] }, attrs: { repeats: 2 } },
    { inputs: { x: [2, 3, 2] }, attrs: { repeats: 3, dim: 1 } },
    { inputs: { x: [2, 3] }, attrs: { repeats: [2, 0, 1], dim: -1 } },
    { inputs: { x: { shape: [2, 2], dtype: 'bool' } }, attrs: { repeats: 2, dim: 0 } },
    { inputs: { x: [2, 3] }, attrs: { repeats: 0, dim: 1 } },
  ],
});

/** Where each element of the result lies along dimension `d`. */
function interleaved(shape: Shape, repeats: number | readonly number[], d: number): number[] {
  const n = shape[d]!;
  const counts = typeof repeats === 'number' ? new Array<number>(n).fill(repeats) : repeats;
  if (counts.length !== n || !counts.every((c) => Number.isInteger(c) && c >= 0)) {
    throw new ArgumentError(
      `repeatInterleave: repeats ${show(counts)} along dim ${d} of ${show(shape)}. ` +
        `Expected a whole number from 0, or ${n} of them.`,
    );
  }
  return counts.flatMap((c, i) => new Array<number>(c).fill(i));
}

/**
 * Each element along `dim` so many times in a row: one number for all, or a list with one for each. Without dim the
 * elements of `x` as one row.
 */
export function repeatInterleave(x: Tensor, repeats: number | readonly number[], dim?: number): Tensor {
  if (dim !== undefined) return repeatInterleaveOp({ x }, { repeats, dim });
  const flat = reshape(x, [-1]);
  const y = repeatInterleaveOp({ x: flat }, { repeats, dim: 0 });
  flat.dispose();
  return y;
}
