import cumsumShader from '../../shaders/cumsum.wgsl';
import { dispatch, grid } from '../backend.ts';
import { defineOp } from '../op.ts';
import { alongDim } from '../reference.ts';
import { normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { linesAlong, threadsFor } from './lines.ts';

const cumsumOp = defineOp({
  name: 'cumsum',
  formula: 'y[i] = x[0] + … + x[i] along dim',
  inputs: ['x'],
  dtypes: { x: ['float32', 'int32', 'bool'] },
  attrs: { dim: 0, reverse: false },
  shape: ({ x }, { dim }) => {
    normalizeDim('cumsum', dim, x.shape.length);
    return x.shape;
  },
  dtype: ({ x }) => (x.dtype === 'float32' ? 'float32' : 'int32'),
  webgpu: ({ x, output }, { dim, reverse }) => {
    const lines = linesAlong('cumsum', x.shape, dim);
    const threads = threadsFor(lines);
    const count = lines.outer * lines.inner;
    return dispatch({
      shader: cumsumShader,
      bindings: { x, output },
      uniforms: { lines: count, n: lines.n, inner: lines.inner, reverse: reverse ? 1 : 0 },
      params: { Element: x.dtype === 'float32' ? 'f32' : 'i32', ...threads },
      workgroups: grid(count, threads.COLS),
    });
  },
  wasm: ({ x, output }, { dim, reverse }) => {
    const { outer, n, inner } = linesAlong('cumsum', x.shape, dim);
    return {
      kernel: x.dtype === 'float32' ? 'cumsum' : 'cumsumInt',
      args: [x, output, n, inner, reverse ? 1 : 0],
      range: outer * inner,
      grain: Math.max(inner === 1 ? 1 : Math.min(16, inner), Math.ceil(8192 / Math.max(1, n))),
    };
  },
  grad: (dy, _saved, { attrs: { dim, reverse } }) => ({ x: cumsum(dy, dim, { reverse: !reverse }) }),
  reference: ({ x }, { dim, reverse }) => {
    if (x.shape.length === 0) return x;
    return alongDim(x, normalizeDim('cumsum', dim, x.shape.length), (v) => {
      let total = 0;
      const out = (reverse ? [...v].reverse() : v).map((e) => (total += e));
      return reverse ? out.reverse() : out;
    });
  },
  cases: [
    { inputs: { x: [3, 7] }, attrs: { dim: 1 } },
    { inputs: { x: [3, 7] }, attrs: { dim: 0 } },
    { inputs: { x: [2, 5, 3] }, attrs: { dim: 1, reverse: true } },
    { inputs: { x: [2, 0, 3] }, attrs: { dim: 1 } },
    { inputs: { x: [] } },
    { inputs: { x: [1] } },
    { inputs: { x: { shape: [3, 9], dtype: 'bool' } }, attrs: { dim: 1 } },
    { inputs: { x: { shape: [40, 3], dtype: 'int32', high: 9 } }, attrs: { dim: 0, reverse: true } },
    { inputs: { x: [3, 300] }, attrs: { dim: -1 } },
    {
      inputs: { x: { shape: [2, 70001], values: 'positive' } },
      attrs: { dim: 1 },
      gradient: false,
      note: 'long lines',
    },
    { inputs: { x: [9001, 3] }, attrs: { dim: 0, reverse: true }, gradient: false, note: 'long columns' },
    { inputs: { x: [1024, 1024] }, attrs: { dim: -1 }, bench: true, gradient: false },
  ],
});

export interface CumsumOptions {
  /** From the last element to the first. */
  readonly reverse?: boolean;
}

/** Running sums along `dim`: y[i] = x[0] + … + x[i]. float32; int32 and bool give int32 (wrapping). */
export const cumsum = (x: Tensor, dim: number, { reverse = false }: CumsumOptions = {}): Tensor =>
  cumsumOp({ x }, { dim, reverse });
