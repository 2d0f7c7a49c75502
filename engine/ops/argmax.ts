import argmaxShader from '../../shaders/argmax.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineOp, type Meta, type OpCase } from '../op.ts';
import { reduce } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { type Lines, linesAlong, threadsFor } from './lines.ts';
import { nonEmptyShape, type ReduceOptions } from './reduction.ts';

interface ArgAttrs {
  readonly dim: number | null;
  readonly keepdim: boolean;
}

/** One dimension, or all of them as one. */
const linesOf = (name: string, shape: Shape, dim: number | null): Lines =>
  dim === null ? { outer: 1, n: sizeOf(shape), inner: 1 } : linesAlong(name, shape, dim);

function shapeOf(name: string, inputs: { x: Meta }, attrs: ArgAttrs): Shape {
  if (attrs.dim === null && sizeOf(inputs.x.shape) === 0) {
    throw new ShapeError(`${name}: ${show(inputs.x.shape)} has no elements. Expected at least one.`);
  }
  return nonEmptyShape(name, inputs, attrs);
}

const cases: readonly OpCase<'x', never, ArgAttrs>[] = [
  { inputs: { x: [3, 7] }, attrs: { dim: -1 } },
  { inputs: { x: [3, 5, 7] }, attrs: { dim: 1, keepdim: true } },
  { inputs: { x: [3, 5, 7] }, attrs: { dim: 0 } },
  { inputs: { x: [3, 5, 7] } },
  { inputs: { x: [] } },
  { inputs: { x: [0, 3] }, attrs: { dim: 1 } },
  { inputs: { x: { shape: [4, 50], dtype: 'int32', high: 4 } }, attrs: { dim: 1 }, note: 'the first of equal ones' },
  { inputs: { x: { shape: [8], values: [1, 3, 3, 2, 3, 0, 3, 3] } }, note: 'the first of equal ones' },
  { inputs: { x: [2, 1000] }, attrs: { dim: -1 } },
  { inputs: { x: [1031, 3] }, attrs: { dim: 0 } },
  { inputs: { x: [256, 32000] }, attrs: { dim: -1 }, bench: true },
];

function define(name: 'argmax' | 'argmin', formula: string) {
  const smallest = name === 'argmin' ? 1 : 0;
  return defineOp({
    name,
    formula,
    inputs: ['x'],
    dtypes: { x: ['float32', 'int32'] },
    attrs: { dim: null, keepdim: false } as ArgAttrs,
    shape: (inputs, attrs) => shapeOf(name, inputs, attrs),
    dtype: 'int32',
    webgpu: ({ x, output }, { dim }) => {
      const lines = linesOf(name, x.shape, dim);
      const threads = threadsFor(lines);
      const count = lines.outer * lines.inner;
      return dispatch({
        shader: argmaxShader,
        bindings: { x, output },
        uniforms: { lines: count, n: lines.n, inner: lines.inner },
        params: { Element: x.dtype === 'float32' ? 'f32' : 'i32', SMALLEST: smallest, ...threads },
        workgroups: grid(count, threads.COLS),
      });
    },
    wasm: ({ x, output }, { dim }) => {
      const { outer, n, inner } = linesOf(name, x.shape, dim);
      return {
        kernel: x.dtype === 'float32' ? 'argmax' : 'argmaxInt',
        args: [x, output, n, inner, 1 + smallest],
        range: outer * inner,
        grain: Math.max(inner === 1 ? 1 : Math.min(16, inner), Math.ceil(16384 / Math.max(1, n))),
      };
    },
    reference: ({ x }, { dim, keepdim }) => {
      const dims = x.shape.flatMap((_, d) =>
        dim === null || d === (dim + x.shape.length) % x.shape.length ? [d] : [],
      );
      return reduce(x, dims, keepdim, (v) =>
        v.reduce((at, e, i) => ((smallest ? e < v[at]! : e > v[at]!) ? i : at), 0),
      );
    },
    cases,
  });
}

const argmaxOp = define('argmax', 'where x is largest along dim');
const argminOp = define('argmin', 'where x is smallest along dim');

/**
 * Where the largest element lies along `dim`, or in row-major order of all elements when none is named; the first of
 * equal ones. int32 from float32 or int32; of nothing it is an error.
 */
export const argmax = (x: Tensor, dim?: number | null, { keepdim = false }: ReduceOptions = {}): Tensor =>
  argmaxOp({ x }, { dim: dim ?? null, keepdim });

/** Where the smallest element lies; see {@link argmax}. */
export const argmin = (x: Tensor, dim?: number | null, { keepdim = false }: ReduceOptions = {}): Tensor =>
  argminOp({ x }, { dim: dim ?? null, keepdim });
