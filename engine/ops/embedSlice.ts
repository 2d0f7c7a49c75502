import shader from '../../shaders/embed_slice.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineOp } from '../op.ts';
import { at, build } from '../reference.ts';
import { normalizeDim, type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { wordOf } from './elementwise.ts';
import { linesAlong } from './lines.ts';
import { slice } from './views.ts';

function check(x: Shape, shape: Shape, dim: number, start: number, step: number): void {
  const d = normalizeDim('embedSlice', dim, shape.length);
  const fits = x.length === shape.length && shape.length > 0 && x.every((s, i) => i === d || s === shape[i]);
  const n = x[d] ?? 1;
  const inside = Number.isInteger(start) && start >= 0 && Number.isInteger(step) && step >= 1;
  if (fits && inside && (n === 0 || start + (n - 1) * step < shape[d]!)) return;
  throw new ShapeError(
    `embedSlice: ${show(x)} does not fit into ${show(shape)} along dim ${dim} from ${start} in steps of ${step}. ` +
      'The other sizes must be equal, and the last place must lie inside.',
  );
}

const embedSliceOp = defineOp({
  name: 'embedSlice',
  formula: 'y[…, start + i·step, …] = x[…, i, …], and value everywhere else',
  inputs: ['x'],
  dtypes: { x: ['float32', 'int32', 'bool'] },
  attrs: { shape: [] as Shape, dim: 0, start: 0, step: 1, value: 0 },
  shape: ({ x }, { shape, dim, start, step }) => {
    check(x.shape, shape, dim, start, step);
    return shape;
  },
  webgpu: ({ x, output }, { dim, start, step, value }) => {
    const { n: size, inner } = linesAlong('embedSlice', output.shape, dim);
    const { n } = linesAlong('embedSlice', x.shape, dim);
    const total = sizeOf(output.shape);
    return dispatch({
      shader,
      bindings: { x, output },
      uniforms: { total, n, size, inner, start, step, value: wordOf(x.dtype, value) },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, output }, { dim, start, step, value }) => {
    const { n: size, inner } = linesAlong('embedSlice', output.shape, dim);
    const { n } = linesAlong('embedSlice', x.shape, dim);
    const word = wordOf(x.dtype, value) | 0;
    return {
      kernel: 'embedSlice',
      args: [x, output, n, size, inner, start, step, word],
      range: sizeOf(output.shape),
      grain: 32768,
    };
  },
  grad: (dy, _saved, { attrs: { dim, start, step }, shapes }) => {
    const n = shapes.x[normalizeDim('embedSlice', dim, shapes.x.length)]!;
    return { x: slice(dy, dim, start, n === 0 ? start : start + (n - 1) * step + 1, step) };
  },
  reference: ({ x }, { shape, dim, start, step, value }) => {
    const d = normalizeDim('embedSlice', dim, shape.length);
    return build(shape, (index) => {
      const k = (index[d]! - start) / step;
      const inside = Number.isInteger(k) && k >= 0 && k < x.shape[d]!;
      return inside
        ? at(
            x,
            index.map((i, e) => (e === d ? k : i)),
          )
        : value;
    });
  },
  cases: [
    { inputs: { x: [2, 3, 5] }, attrs: { shape: [2, 7, 5], dim: 1, start: 2 } },
    { inputs: { x: [4, 3] }, attrs: { shape: [4, 8], dim: -1, start: 1, step: 3 } },
    { inputs: { x: [3, 2] }, attrs: { shape: [5, 2], dim: 0, step: 2, value: -1.5 } },
    {
      inputs: { x: { shape: [3], dtype: 'int32', values: 'integer', high: 9 } },
      attrs: { shape: [6], start: 3, value: -7 },
    },
    { inputs: { x: [1] }, attrs: { shape: [1] } },
    { inputs: { x: [2, 0, 3] }, attrs: { shape: [2, 4, 3], dim: 1 } },
    { inputs: { x: [8, 128, 512] }, attrs: { shape: [8, 256, 512], dim: 1, start: 64 }, bench: true, gradient: false },
  ],
});

/**
 * A tensor of `shape` filled with `value` but for the places start, start + step, … of dimension `dim`, where `dy` is
 * written: with zeros around it, the gradient of a slice. `dy` has the sizes of `shape` but along `dim`. Any dtype. Throws
 * a ShapeError where it does not fit.
 */
export const embedSlice = (dy: Tensor, shape: Shape, dim: number, start: number, step = 1, value = 0): Tensor =>
  embedSliceOp({ x: dy }, { shape, dim, start, step, value });
