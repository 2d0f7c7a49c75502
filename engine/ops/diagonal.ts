import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite, defineView } from '../op.ts';
import { at, build } from '../reference.ts';
import { normalizeDim, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { ANY } from './elementwise.ts';
import { embedSlice } from './embedSlice.ts';
import { permute, reshape } from './views.ts';

interface DiagonalAttrs {
  readonly offset: number;
  readonly dim1: number;
  readonly dim2: number;
}

/** The two dimensions, the first row and column, and the length of the diagonal. */
function diagonalOf(op: string, shape: Shape, { offset, dim1, dim2 }: DiagonalAttrs) {
  const [a, b] = [normalizeDim(op, dim1, shape.length), normalizeDim(op, dim2, shape.length)];
  if (shape.length < 2 || a === b || !Number.isInteger(offset)) {
    throw new ShapeError(
      `${op}: offset ${offset} over dims ${dim1} and ${dim2} of ${show(shape)}. Expected a whole number and two dimensions.`,
    );
  }
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)];
  return { a, b, row, column, length: Math.max(0, Math.min(shape[a]! - row, shape[b]! - column)) };
}

const without = <T>(items: readonly T[], a: number, b: number): T[] => items.filter((_, d) => d !== a && d !== b);

const diagonalOp = defineView({
  name: 'diagonal',
  formula: 'y[…, i] = x[…, i, i + offset]',
  inputs: ['x'],
  dtypes: { x: ['float32', 'float16', 'int32', 'bool'] },
  attrs: { offset: 0, dim1: 0, dim2: 1 } as DiagonalAttrs,
  layout: ({ shape, strides, offset: from }, attrs) => {
    const { a, b, row, column, length } = diagonalOf('diagonal', shape, attrs);
    return {
      shape: [...without(shape, a, b), length],
      strides: [...without(strides, a, b), strides[a]! + strides[b]!],
      offset: from + (length === 0 ? 0 : row * strides[a]! + column * strides[b]!),
    };
  },
  grad: (dy, { attrs, shapes }) => {
    const { a, b, row, column, length } = diagonalOf('diagonal', shapes.x, attrs);
    const [rows, columns] = [shapes.x[a]!, shapes.x[b]!];
    const rest = without(shapes.x, a, b);
    // In a row-major matrix the diagonal is every (columns + 1)-th element.
    const start = length === 0 ? 0 : row * columns + column;
    const flat = embedSlice(dy, [...rest, rows * columns], rest.length, start, columns + 1);
    const order = [...without([...shapes.x.keys()], a, b), a, b];
    return permute(
      reshape(flat, [...rest, rows, columns]),
      order.map((_, d) => order.indexOf(d)),
    );
  },
  reference: ({ x }, attrs) => {
    const { a, b, row, column, length } = diagonalOf('diagonal', x.shape, attrs);
    return build([...without(x.shape, a, b), length], (index) => {
      const rest = index.slice(0, -1);
      const i = index.at(-1)!;
      return at(
        x,
        x.shape.map((_, d) => (d === a ? row + i : d === b ? column + i : rest.shift()!)),
      );
    });
  },
  cases: [
    { inputs: { x: [4, 4] } },
    { inputs: { x: [3, 5] }, attrs: { offset: 2 } },
    { inputs: { x: [2, 4, 3] }, attrs: { offset: -1, dim1: 1, dim2: -1 } },
    { inputs: { x: [3, 2, 4] }, attrs: { dim1: 2, dim2: 0 } },
    { inputs: { x: [3, 3] }, attrs: { offset: 5 } },
    { inputs: { x: { shape: [3, 3], dtype: 'int32', high: 9 } } },
  ],
});

/** The diagonals of the matrices in dimensions dim1 and dim2, as the last dimension: x[…, i, i + offset]. A view. */
export const diagonal = (x: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor => diagonalOp(x, { offset, dim1, dim2 });

const diagEmbedOp = defineComposite({
  name: 'diagEmbed',
  formula: 'y[…, i, i + offset] = x[…, i], and 0 elsewhere',
  inputs: ['x'],
  dtypes: { x: ANY },
  attrs: { offset: 0 },
  compute: ({ x }, { offset }) => {
    if (x.ndim === 0 || !Number.isInteger(offset)) {
      throw new ArgumentError(
        `diagEmbed: offset ${offset} of ${show(x.shape)}. Expected a whole number and a dimension.`,
      );
    }
    const rest = x.shape.slice(0, -1);
    const n = x.shape.at(-1)! + Math.abs(offset);
    const start = offset < 0 ? -offset * n : offset;
    return reshape(embedSlice(x, [...rest, n * n], rest.length, start, n + 1), [...rest, n, n]);
  },
  reference: ({ x }, { offset }) => {
    const n = x.shape.at(-1)! + Math.abs(offset);
    return build([...x.shape.slice(0, -1), n, n], (index) => {
      const [row, column] = index.slice(-2) as [number, number];
      if (column - row !== offset) return 0;
      return at(x, [...index.slice(0, -2), Math.min(row, column)]);
    });
  },
  cases: [
    { inputs: { x: [4] } },
    { inputs: { x: [2, 3] }, attrs: { offset: 2 } },
    { inputs: { x: [2, 1, 3] }, attrs: { offset: -1 } },
    { inputs: { x: { shape: [3], dtype: 'bool' } } },
    { inputs: { x: [0] } },
  ],
});

/** Square matrices with the last dimension of `x` on a diagonal, and 0 elsewhere: [.., n] → [.., m, m], m = n + |offset|. */
export const diagEmbed = (x: Tensor, offset = 0): Tensor => diagEmbedOp({ x }, { offset });

/** A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector. Throws a ShapeError for other ranks. */
export function diag(x: Tensor, offset = 0): Tensor {
  if (x.ndim === 1) return diagEmbed(x, offset);
  if (x.ndim === 2) return diagonal(x, offset);
  throw new ShapeError(
    `diag: ${show(x.shape)} is neither a vector nor a matrix. Use diagonal() or diagEmbed() for batches.`,
  );
}
