import { defineOp, type OpCase } from '../op.ts';
import { reduce } from '../reference.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { div, eq, mul } from './binary.ts';
import {
  type Dims,
  dimsOf,
  lengthOf,
  nonEmptyShape,
  type ReduceAttrs,
  type ReduceOptions,
  reducedShape,
  reduceOnWasm,
  reduceOnWebGPU,
  spread,
  unreduce,
} from './reduction.ts';

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
    {
      inputs: { x: { shape: [1, 300001], values: 'positive' } },
      attrs: { dim: 1 },
      gradient: false,
      note: 'two stages',
    },
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

const meanOp = defineOp({
  name: 'mean',
  formula: 'y = Σ x / n over the dimensions, n elements each',
  inputs: ['x'],
  attrs: defaults,
  strided: ['x'],
  shape: (inputs, attrs) => nonEmptyShape('mean', inputs, attrs),
  webgpu: (o, { dim }, tools) => {
    const dims = dimsOf('mean', dim, o.x.shape.length);
    return reduceOnWebGPU('sum', o, dims, tools, 1 / lengthOf(o.x.shape, dims));
  },
  wasm: (o, { dim }, tools) => {
    const dims = dimsOf('mean', dim, o.x.shape.length);
    return reduceOnWasm('sum', o, dims, tools, 1 / lengthOf(o.x.shape, dims));
  },
  grad: (dy, _saved, { attrs, shapes }) => {
    const dims = dimsOf('mean', attrs.dim, shapes.x.length);
    return { x: spread('mean', mul(dy, 1 / Math.max(1, lengthOf(shapes.x, dims))), shapes.x, attrs.dim) };
  },
  reference: ({ x }, { dim, keepdim }) =>
    reduce(x, dimsOf('mean', dim, x.shape.length), keepdim, (v) => v.reduce((a, b) => a + b, 0) / v.length),
  cases: [
    { inputs: { x: [3, 5, 7] }, attrs: { dim: -1, keepdim: true } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: [0, 1] } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: [0, 2] } },
    { inputs: { x: [6] } },
    { inputs: { x: [] } },
    { inputs: { x: [0, 3] }, attrs: { dim: 1 } },
    { inputs: { x: [411, 3] }, attrs: { dim: 0 } },
    { inputs: { x: { shape: [100003], values: 'positive' } }, gradient: false, note: 'two stages' },
    { inputs: { x: [4096, 512] }, bench: true, gradient: false },
  ],
});

/** The arithmetic mean over one dimension, several, or all. float32; the mean of nothing is an error. */
export const mean = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  meanOp({ x }, { dim: dim ?? null, keepdim });

const extremeCases: readonly OpCase<'x', never, ReduceAttrs>[] = [
  { inputs: { x: { shape: [3, 5, 7], values: 'distinct' } }, attrs: { dim: -1 } },
  { inputs: { x: { shape: [3, 5, 7], values: 'distinct' } }, attrs: { dim: 0, keepdim: true } },
  { inputs: { x: { shape: [3, 5, 7], values: 'distinct' } }, attrs: { dim: [0, 2] } },
  { inputs: { x: { shape: [2, 45], values: 'distinct' } } },
  { inputs: { x: [] } },
  { inputs: { x: [0, 3] }, attrs: { dim: 1 } },
  { inputs: { x: { shape: [3, 4], dtype: 'int32', high: 100 } }, attrs: { dim: 1 } },
  { inputs: { x: { shape: [371, 3], values: 'distinct' } }, attrs: { dim: 0 } },
  { inputs: { x: [1, 150001] }, attrs: { dim: 1 }, gradient: false, note: 'two stages' },
  { inputs: { x: [4096, 512] }, attrs: { dim: -1 }, bench: true, gradient: false },
];

/** dy to the elements that equal the extreme y of their line, in equal shares. */
function shared(op: string, dy: Tensor, x: Tensor, y: Tensor, shape: Shape, dim: Dims): Tensor {
  const dims = dimsOf(op, dim, shape.length);
  const mask = eq(x.detach(), unreduce(y.detach(), shape, dims));
  return mul(div(unreduce(dy, shape, dims), sum(mask, dims, { keepdim: true })), mask);
}

function defineExtreme(name: 'amax' | 'amin', word: string, kind: 'max' | 'min') {
  const better = kind === 'max' ? Math.max : Math.min;
  return defineOp({
    name,
    formula: `y = the ${word} x over the dimensions`,
    inputs: ['x'],
    dtypes: { x: ['float32', 'int32'] },
    attrs: defaults,
    strided: ['x'],
    shape: (inputs, attrs) => nonEmptyShape(name, inputs, attrs),
    webgpu: (o, { dim }, tools) => reduceOnWebGPU(kind, o, dimsOf(name, dim, o.x.shape.length), tools),
    wasm: (o, { dim }, tools) => reduceOnWasm(kind, o, dimsOf(name, dim, o.x.shape.length), tools),
    saves: ['x', 'output'],
    grad: (dy, { x, output }, { attrs, shapes }) => ({ x: shared(name, dy, x, output, shapes.x, attrs.dim) }),
    reference: ({ x }, { dim, keepdim }) =>
      reduce(x, dimsOf(name, dim, x.shape.length), keepdim, (v) => v.reduce((a, b) => better(a, b))),
    cases: extremeCases,
  });
}

const amaxOp = defineExtreme('amax', 'largest', 'max');

/**
 * The largest element over one dimension, several, or all. Elements that are equally large share the gradient. float32
 * or int32; of nothing it is an error.
 */
export const amax = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  amaxOp({ x }, { dim: dim ?? null, keepdim });

const aminOp = defineExtreme('amin', 'smallest', 'min');

/** The smallest element over one dimension, several, or all; see {@link amax}. */
export const amin = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  aminOp({ x }, { dim: dim ?? null, keepdim });
