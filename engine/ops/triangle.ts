import shader from '../../shaders/triangle.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineOp } from '../op.ts';
import { at, build } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { ANY, GRAIN } from './elementwise.ts';

function checked(name: string, shape: Shape, diagonal: number): Shape {
  if (shape.length < 2)
    throw new ShapeError(`${name}: ${show(shape)} has no matrices. Expected at least two dimensions.`);
  if (!Number.isInteger(diagonal)) throw new ArgumentError(`${name}: diagonal ${diagonal}. Expected an integer.`);
  return shape;
}

/** Both triangles: the operations differ in which side of the diagonal they keep. */
const triangle = (name: 'tril' | 'triu', sign: '≤' | '≥') => {
  const upper = name === 'triu';
  // Diagonals beyond the matrix keep all or nothing; held near it, they fit an int32.
  const held = (shape: Shape, diagonal: number): number =>
    Math.max(-shape.at(-2)! - 1, Math.min(shape.at(-1)! + 1, diagonal));
  const op = defineOp({
    name,
    formula: `x where column − row ${sign} diagonal, else 0`,
    inputs: ['x'],
    dtypes: { x: ANY },
    attrs: { diagonal: 0 },
    shape: ({ x }, { diagonal }) => checked(name, x.shape, diagonal),
    webgpu: ({ x, output }, { diagonal }) =>
      dispatch({
        shader,
        bindings: { x, output },
        uniforms: {
          total: sizeOf(x.shape),
          rows: x.shape.at(-2)!,
          columns: x.shape.at(-1)!,
          diagonal: held(x.shape, diagonal),
        },
        params: { UPPER: String(upper) },
        workgroups: grid(sizeOf(x.shape), 256),
      }),
    wasm: ({ x, output }, { diagonal }) => {
      const [rows, columns] = [x.shape.at(-2)!, x.shape.at(-1)!];
      const args = [x, output, rows, columns, held(x.shape, diagonal), Number(upper)];
      return { kernel: 'triangle', args, range: sizeOf(x.shape) / columns, grain: Math.ceil(GRAIN / columns) };
    },
    grad: (dy, _saved, { attrs }): { x: Tensor } => ({ x: op({ x: dy }, attrs) }),
    reference: ({ x }, { diagonal }) =>
      build(x.shape, (index) => {
        const over = index.at(-1)! - index.at(-2)! - diagonal;
        return (upper ? over >= 0 : over <= 0) ? at(x, index) : 0;
      }),
    cases: [
      { inputs: { x: [7, 7] } },
      { inputs: { x: [2, 6, 7] }, attrs: { diagonal: 1 } },
      { inputs: { x: [2, 2, 5, 3] }, attrs: { diagonal: -2 } },
      { inputs: { x: [4, 5] }, attrs: { diagonal: 100 } },
      { inputs: { x: [4, 5] }, attrs: { diagonal: -100 } },
      { inputs: { x: { shape: [4, 4], dtype: 'bool' } } },
      { inputs: { x: [0, 3] } },
      { inputs: { x: [1, 1] } },
      { inputs: { x: [8, 512, 512] }, bench: true, gradient: false },
    ],
  });
  return op;
};

const trilOp = triangle('tril', '≤');
const triuOp = triangle('triu', '≥');

/**
 * The lower triangles of the matrices in the last two dimensions, 0 above: `diagonal` says which one is the last kept
 * (0 the main one, positive above it, negative below). Throws ShapeError for fewer than two dimensions.
 */
export const tril = (x: Tensor, diagonal = 0): Tensor => trilOp({ x }, { diagonal });

/**
 * The upper triangles of the matrices in the last two dimensions, 0 below: `diagonal` says which one is the first kept
 * (0 the main one, positive above it, negative below). Throws ShapeError for fewer than two dimensions.
 */
export const triu = (x: Tensor, diagonal = 0): Tensor => triuOp({ x }, { diagonal });
