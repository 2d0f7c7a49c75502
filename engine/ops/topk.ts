import topkShader from '../../shaders/topk.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineOp, type Meta } from '../op.ts';
import { indices, ndarray } from '../reference.ts';
import { normalizeDim, rowMajor, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { fill } from './accumulate.ts';
import { scatterAdd } from './gather.ts';
import { linesAlong, threadsFor } from './lines.ts';

interface TopkAttrs {
  readonly k: number;
  readonly dim: number;
}

function shapeOf(x: Meta, { k, dim }: TopkAttrs): Shape {
  const d = normalizeDim('topk', dim, x.shape.length);
  const n = x.shape[d] ?? 1;
  if (!Number.isInteger(k) || k < 0 || k > n) {
    throw new ShapeError(`topk: k ${k} along dim ${dim} of ${show(x.shape)}. Expected a whole number from 0 to ${n}.`);
  }
  return x.shape.map((s, i) => (i === d ? k : s));
}

const topkOp = defineOp({
  name: 'topk',
  formula: 'y = the k largest x along dim, largest first',
  inputs: ['x'],
  attrs: { k: 1, dim: -1 } as TopkAttrs,
  shape: ({ x }, attrs) => shapeOf(x, attrs),
  extra: ({ x }: { readonly x: Meta }, attrs: TopkAttrs) => ({
    indices: { shape: shapeOf(x, attrs), dtype: 'int32' } as const,
  }),
  webgpu: ({ x, output, indices: where }, { k, dim }) => {
    const lines = linesAlong('topk', x.shape, dim);
    const threads = threadsFor(lines);
    const count = lines.outer * lines.inner;
    return dispatch({
      shader: topkShader,
      bindings: { x, output, indices: where },
      uniforms: { lines: count, n: lines.n, inner: lines.inner, k },
      params: { ...threads },
      workgroups: grid(count, threads.COLS),
    });
  },
  wasm: ({ x, output, indices: where }, { k, dim }) => {
    const { outer, n, inner } = linesAlong('topk', x.shape, dim);
    return {
      kernel: 'topk',
      args: [x, output, where, n, inner, k],
      range: outer * inner,
      grain: Math.max(inner === 1 ? 1 : Math.min(16, inner), Math.ceil(8192 / Math.max(1, n))),
      scratch: 8 * k,
    };
  },
  saves: ['indices'],
  grad: (dy, { indices: where }, { attrs, shapes }) => ({
    x: scatterAdd(fill(shapes.x, 0, { dtype: 'float32', device: dy.device }), attrs.dim, where, dy),
  }),
  reference: ({ x }, { k, dim }) => {
    if (x.shape.length === 0) return x;
    const d = normalizeDim('topk', dim, x.shape.length);
    const n = x.shape[d]!;
    const out = ndarray(x.shape.map((s, i) => (i === d ? k : s)));
    const [from, to] = [rowMajor(x.shape), rowMajor(out.shape)];
    for (const index of indices(x.shape.map((s, i) => (i === d ? 1 : s)))) {
      const place = (strides: readonly number[]): number => index.reduce((at, i, e) => at + i * strides[e]!, 0);
      const line = Array.from({ length: n }, (_, i) => x.data[place(from) + i * from[d]!]!);
      line.sort((a, b) => b - a);
      for (let i = 0; i < k; i++) out.data[place(to) + i * to[d]!] = line[i]!;
    }
    return out;
  },
  cases: [
    { inputs: { x: { shape: [3, 7], values: 'distinct' } }, attrs: { k: 3 } },
    { inputs: { x: { shape: [2, 9, 3], values: 'distinct' } }, attrs: { k: 4, dim: 1 } },
    { inputs: { x: { shape: [6], values: 'distinct' } }, attrs: { k: 6 }, note: 'a sort' },
    {
      inputs: { x: { shape: [7], values: [2, 5, 5, 1, 5, 2, 0] } },
      attrs: { k: 5 },
      gradient: false,
      note: 'equal ones',
    },
    { inputs: { x: [] }, attrs: { k: 1 } },
    { inputs: { x: [3, 4] }, attrs: { k: 0 } },
    { inputs: { x: [0, 4] }, attrs: { k: 2 } },
    { inputs: { x: { shape: [2, 1003], values: 'distinct' } }, attrs: { k: 11 } },
    { inputs: { x: [64, 32000] }, attrs: { k: 8 }, bench: true, gradient: false },
  ],
});

/**
 * The k largest elements along `dim`, largest first, and where they lie (int32); of equal ones the first comes first.
 * Only the values have a gradient. Best for small k: the work grows with k.
 */
export function topk(x: Tensor, k: number, dim = -1): { values: Tensor; indices: Tensor } {
  const { output, indices: where } = topkOp.all({ x }, { k, dim });
  return { values: output, indices: where };
}
