import { defineOp } from '../op.ts';
import { reduce } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { dimsOf, reducedShape, reduceOnWasm, reduceOnWebGPU, spread, type Dims, type ReduceAttrs, type ReduceOptions } from './reduction.ts';

const defaults: ReduceAttrs = { dim: null, keepdim: false };

const anyType = { x: ['float32', 'int32', 'bool'] } as const;

const sumOp = defineOp({
  name: 'sum',
  formula: 'y = Σ x over the dimensions',
  inputs: ['x'],
  dtypes: anyType,
  attrs: defaults,
  strided: ['x'],
  shape: (inputs, attrs) => reducedShape('sum', inputs, attrs),
  dtype: ({ x }) => (x.dtype === 'float32' ? 'float32' : 'int32'),
  webgpu: (o, { dim }, tools) => reduceOnWebGPU('sum', o, dimsOf('sum', dim, o.x.shape.length), tools),
  wasm: (o, { dim }, tools) => reduceOnWasm('sum', o, dimsOf('sum', dim, o.x.shape.length), tools),
  grad: (dy, _saved, { attrs, shapes }) => ({ x: spread('sum', dy, shapes.x, attrs.dim) }),
  reference: ({ x }, { dim, keepdim }) =>
    reduce(x, dimsOf('sum', dim, x.shape.length), keepdim, (v) => v.reduce((a, b) => a + b, 0)),
  cases: [
    { inputs: { x: [3, 5, 7] }, attrs: { dim: -1 } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: 0, keepdim: true } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: 1 } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: [0, 2] } },
    { inputs: { x: [2, 3, 4, 5] }, attrs: { dim: [1, 3], keepdim: true } },
    { inputs: { x: [3, 5, 7] } },
    { inputs: { x: [] } },
    { inputs: { x: [1, 1] }, attrs: { dim: 1 } },
    { inputs: { x: [0, 3] }, attrs: { dim: 0 }, note: 'nothing adds up to 0' },
    { inputs: { x: [700, 3] }, attrs: { dim: 0 } },
    { inputs: { x: [2, 1037] }, attrs: { dim: -1 } },
    { inputs: { x: { shape: [4, 9], dtype: 'int32', high: 1000 } }, attrs: { dim: 0 } },
    { inputs: { x: { shape: [70], dtype: 'bool' } }, note: 'counts' },
    { inputs: { x: [20000, 3] }, attrs: { dim: 0 }, gradient: false, note: 'few long columns: two stages' },
    { inputs: { x: { shape: [1, 300001], values: 'positive' } }, attrs: { dim: 1 }, gradient: false, note: 'two stages' },
    { inputs: { x: [4096, 512] }, attrs: { dim: 0 }, bench: true, gradient: false, note: 'gradient of a bias' },
    { inputs: { x: [4096, 512] }, attrs: { dim: 1 }, bench: true, gradient: false },
  ],
});

/**
 * Σ x over one dimension, several, or all. int32 and bool add up to int32 (wrapping); the sum of nothing is 0.
 *
 * float32 is added in blocks, so that a million elements keep about seven digits.
 */
export const sum = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  sumOp({ x }, { dim: dim ?? null, keepdim });
