import type { WasmLaunch, WebGPULaunch } from '../backend.ts';
import { defineOp } from '../op.ts';
import { reduce } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { add, mul, sub } from './binary.ts';
import { arrange } from './lines.ts';
import { amax, sum } from './reduce.ts';
import {
  type Dims,
  dimsOf,
  nonEmptyShape,
  type ReduceAttrs,
  type ReduceOptions,
  spread,
  unreduce,
} from './reduction.ts';
import { MODE, softmaxOnWasm, softmaxOnWebGPU } from './softmaxKernel.ts';
import { exp, log } from './unary.ts';
import { reshape } from './views.ts';

const name = 'logsumexp';

const logsumexpOp = defineOp({
  name,
  formula: 'y = max x + log Σ exp(x − max x) over the dimensions',
  inputs: ['x'],
  attrs: { dim: null, keepdim: false } as ReduceAttrs,
  strided: ['x'],
  shape: (inputs, attrs) => nonEmptyShape(name, inputs, attrs),
  webgpu: ({ x, output }, { dim }, tools) => {
    const { x: from, lines, copies } = arrange('webgpu', x, dimsOf(name, dim, x.shape.length), tools);
    return [...(copies as WebGPULaunch[]), softmaxOnWebGPU(MODE.logSumExp, from, output, lines)];
  },
  wasm: ({ x, output }, { dim }, tools) => {
    const { x: from, lines, copies } = arrange('wasm', x, dimsOf(name, dim, x.shape.length), tools);
    return [...(copies as WasmLaunch[]), softmaxOnWasm(MODE.logSumExp, from, output, lines)];
  },
  composed: ({ x }, { dim, keepdim }) => {
    const top = amax(x.detach(), dim, { keepdim: true });
    const y = add(log(sum(exp(sub(x, top)), dim, { keepdim: true })), top);
    return keepdim
      ? y
      : reshape(
          y,
          x.shape.filter((_, d) => !dimsOf(name, dim, x.ndim).includes(d)),
        );
  },
  saves: ['x', 'output'],
  grad: (dy, { x, output }, { attrs, shapes }) => ({
    x: mul(
      exp(sub(x, unreduce(output, shapes.x, dimsOf(name, attrs.dim, shapes.x.length)))),
      spread(name, dy, shapes.x, attrs.dim),
    ),
  }),
  reference: ({ x }, { dim, keepdim }) =>
    reduce(x, dimsOf(name, dim, x.shape.length), keepdim, (v) => {
      const top = v.reduce((a, b) => Math.max(a, b));
      return top + Math.log(v.reduce((total, e) => total + Math.exp(e - top), 0));
    }),
  cases: [
    { inputs: { x: [3, 5, 7] }, attrs: { dim: -1 } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: 1, keepdim: true } },
    { inputs: { x: [3, 5, 7] }, attrs: { dim: [0, 2] } },
    { inputs: { x: [6, 2] } },
    { inputs: { x: [] } },
    { inputs: { x: [0, 3] }, attrs: { dim: 1 } },
    { inputs: { x: { shape: [5], scale: 1000 } }, gradient: false, note: 'no overflow' },
    { inputs: { x: [409, 3] }, attrs: { dim: 0 } },
    { inputs: { x: [4096, 512] }, attrs: { dim: -1 }, bench: true, gradient: false },
  ],
});

/**
 * log Σ exp(x) over one dimension, several, or all, without overflow: max x + log Σ exp(x − max x). float32; of nothing
 * it is an error.
 */
export const logsumexp = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  logsumexpOp({ x }, { dim: dim ?? null, keepdim });
