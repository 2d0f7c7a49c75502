import blockShader from '../../shaders/sort_block.wgsl';
import loadShader from '../../shaders/sort_load.wgsl';
import stepShader from '../../shaders/sort_step.wgsl';
import storeShader from '../../shaders/sort_store.wgsl';
import { noGrad } from '../autograd.ts';
import { dispatch, grid, type WebGPULaunch } from '../backend.ts';
import { defineOp, type Meta } from '../op.ts';
import { alongDim } from '../reference.ts';
import { normalizeDim, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { fill } from './accumulate.ts';
import { linesAlong } from './lines.ts';
import { scatter } from './scatter.ts';

/** Pairs that a workgroup of sort_block holds. */
const BLOCK = 1024;

const sortOp = defineOp({
  name: 'sort',
  formula: 'y = the elements along dim in order, equal ones as they came',
  inputs: ['x'],
  dtypes: { x: ['float32', 'int32', 'bool'] },
  attrs: { dim: -1, descending: false },
  shape: ({ x }, { dim }) => {
    normalizeDim('sort', dim, x.shape.length);
    return x.shape;
  },
  extra: ({ x }: { readonly x: Meta }) => ({ indices: { shape: x.shape, dtype: 'int32' } as const }),
  webgpu: ({ x, output, indices }, { dim, descending }, tools) => {
    const { outer, n, inner } = linesAlong('sort', x.shape, dim);
    const padded = 2 ** Math.ceil(Math.log2(n));
    const total = outer * inner * padded;
    const [keys, places] = [tools.scratch([total]), tools.scratch([total])];
    const flags = { descending: descending ? 1 : 0, integers: x.dtype === 'float32' ? 0 : 1 };
    const load = dispatch({
      shader: loadShader,
      bindings: { x, keys, places },
      uniforms: { total, n, inner, padded, ...flags },
      workgroups: grid(total, 256),
    });
    const block = (first: number, last: number): WebGPULaunch =>
      dispatch({
        shader: blockShader,
        bindings: { keys, places },
        uniforms: { total, padded, first, last },
        workgroups: grid(total, BLOCK),
      });
    const steps: WebGPULaunch[] = padded === 1 ? [] : [block(2, Math.min(padded, BLOCK))];
    for (let run = 2 * BLOCK; run <= padded; run *= 2) {
      for (let step = run / 2; step >= BLOCK; step /= 2) {
        steps.push(
          dispatch({
            shader: stepShader,
            bindings: { keys, places },
            uniforms: { total, padded, run, step },
            workgroups: grid(total / 2, 256),
          }),
        );
      }
      steps.push(block(run, run));
    }
    const store = dispatch({
      shader: storeShader,
      bindings: { x, places, output, indices },
      uniforms: { total: sizeOf(x.shape), n, inner, padded },
      workgroups: grid(sizeOf(x.shape), 256),
    });
    return [load, ...steps, store];
  },
  wasm: ({ x, output, indices }, { dim, descending }) => {
    const { outer, n, inner } = linesAlong('sort', x.shape, dim);
    return {
      kernel: 'sort',
      args: [x, output, indices, n, inner, descending ? 1 : 0, x.dtype === 'float32' ? 0 : 1],
      range: outer * inner,
      grain: Math.max(inner === 1 ? 1 : Math.min(16, inner), Math.ceil(1024 / Math.max(1, n))),
      scratch: 16 * n,
    };
  },
  saves: ['indices'],
  grad: (dy, { indices }, { attrs: { dim }, shapes }) => ({
    x: scatter(fill(shapes.x, 0, { device: dy.device }), dim, indices, dy),
  }),
  reference: ({ x }, { dim, descending }) => {
    if (x.shape.length === 0) return x;
    return alongDim(x, normalizeDim('sort', dim, x.shape.length), (line) =>
      line.sort((a, b) => (descending ? b - a : a - b)),
    );
  },
  cases: [
    { inputs: { x: { shape: [7], values: 'distinct' } } },
    { inputs: { x: { shape: [3, 9], values: 'distinct' } }, attrs: { descending: true } },
    { inputs: { x: { shape: [2, 9, 3], values: 'distinct' } }, attrs: { dim: 1 } },
    { inputs: { x: { shape: [40], dtype: 'int32', high: 9 } } },
    { inputs: { x: { shape: [3, 4], dtype: 'bool' } }, attrs: { dim: 0 } },
    { inputs: { x: [] } },
    { inputs: { x: [2, 1] } },
    { inputs: { x: [2, 0] } },
    { inputs: { x: { shape: [2, 700], values: 'distinct' } }, note: 'a line is less than a block' },
    { inputs: { x: { shape: [2, 5000], values: 'distinct' } }, attrs: { descending: true }, note: 'several blocks' },
    { inputs: { x: [256, 4096] }, bench: true, gradient: false },
  ],
});

export interface SortOptions {
  /** The largest first. */
  readonly descending?: boolean;
}

/**
 * The elements along `dim` in order, the smallest first, and where they lay (int32). Equal elements stay in their order;
 * NaN counts as larger than everything. Only the values have a gradient. For the few largest of many use topk.
 */
export function sort(
  x: Tensor,
  dim = -1,
  { descending = false }: SortOptions = {},
): { values: Tensor; indices: Tensor } {
  const { output, indices } = sortOp.all({ x }, { dim, descending });
  return { values: output, indices };
}

/** Where the elements along `dim` lie, in the order of their values: the indices of {@link sort}. int32. */
export function argsort(x: Tensor, dim = -1, options: SortOptions = {}): Tensor {
  const { values, indices } = noGrad(() => sort(x, dim, options));
  values.dispose();
  return indices;
}
