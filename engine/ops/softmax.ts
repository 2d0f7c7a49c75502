import softmaxBackwardShader from '../../shaders/softmax_backward.wgsl';
import { dispatch, grid, type Operand } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineOp, type Meta, type OpCase } from '../op.ts';
import { alongDim, ndarray } from '../reference.ts';
import { normalizeDim, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { div, mul, sub } from './binary.ts';
import { type Lines, linesAlong, threadsFor } from './lines.ts';
import { amax, sum } from './reduce.ts';
import { lineGrain, MODE, softmaxOnWasm, softmaxOnWebGPU } from './softmaxKernel.ts';
import { exp, log } from './unary.ts';

interface DimAttrs {
  readonly dim: number;
}

const cases: readonly OpCase<'x', never, DimAttrs>[] = [
  { inputs: { x: [2, 3] } },
  { inputs: { x: [1, 1] } },
  { inputs: { x: [] } },
  { inputs: { x: [4, 0] } },
  { inputs: { x: { shape: [3, 5, 7], scale: 4 } }, attrs: { dim: 1 } },
  { inputs: { x: [9, 2, 3] }, attrs: { dim: 0 } },
  { inputs: { x: [37, 2] }, attrs: { dim: -2 } },
  { inputs: { x: { shape: [2, 3, 5, 211], scale: 4 } } },
  { inputs: { x: { shape: [2, 3001], scale: 4 } }, gradient: false },
  { inputs: { x: { shape: [3, 9], scale: 300 } }, gradient: false, note: 'large logits: no overflow' },
  { inputs: { x: { shape: [3], values: [1e4, -1e4, 9999] } }, gradient: false },
  { inputs: { x: [8, 4, 128, 128] }, bench: true, gradient: false },
];

const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** What tells softmax from its logarithm. */
interface Kind {
  readonly name: keyof typeof MODE & string;
  readonly formula: string;
  readonly backwardFormula: string;
  /** One line in float64. */
  readonly line: (x: readonly number[]) => number[];
  /** The gradient of one line in float64. */
  readonly slope: (y: readonly number[], dy: readonly number[]) => number[];
  readonly composed: (x: Tensor, dim: number) => Tensor;
  /** The gradient in tensor operations. */
  readonly composedBackward: (y: Tensor, dy: Tensor, dim: number) => Tensor;
}

function define({ name, formula, backwardFormula, line, slope, composed, composedBackward }: Kind) {
  const mode = MODE[name];
  const check = (shape: Shape, dim: number): Shape => {
    normalizeDim(name, dim, shape.length);
    return shape;
  };
  const backwardName = `${name}Backward` as const;
  const linesOf = (x: Operand, { dim }: DimAttrs): Lines => linesAlong(name, x.shape, dim);

  const backward = defineOp({
    name: backwardName,
    formula: backwardFormula,
    inputs: ['y', 'dy'],
    attrs: { dim: -1 },
    shape: ({ y, dy }: { y: Meta; dy: Meta }, { dim }) => {
      if (!sameShape(y.shape, dy.shape)) {
        throw new ShapeError(`${backwardName}: y ${show(y.shape)} and dy ${show(dy.shape)}. They must be alike.`);
      }
      return check(y.shape, dim);
    },
    webgpu: ({ y, dy, output }, attrs) => {
      const lines = linesOf(y, attrs);
      const threads = threadsFor(lines);
      const count = lines.outer * lines.inner;
      return dispatch({
        shader: softmaxBackwardShader,
        bindings: { y, dy, output },
        uniforms: { lines: count, n: lines.n, inner: lines.inner },
        params: { MODE: mode, ...threads },
        workgroups: grid(count, threads.COLS),
      });
    },
    wasm: ({ y, dy, output }, attrs) => {
      const lines = linesOf(y, attrs);
      return {
        kernel: 'softmaxBackward',
        args: [y, dy, output, lines.n, lines.inner, mode],
        range: lines.outer * lines.inner,
        grain: lineGrain(lines),
      };
    },
    reference: ({ y, dy }, { dim }) => {
      if (y.shape.length === 0) return ndarray([], slope([...y.data], [...dy.data]));
      return alongDim(y, normalizeDim(name, dim, y.shape.length), (v, g) => slope(v, g!), dy);
    },
    cases: [
      { inputs: { y: { shape: [3, 7], scale: 0.5 }, dy: [3, 7] } },
      { inputs: { y: { shape: [2, 5, 6], scale: 0.5 }, dy: [2, 5, 6] }, attrs: { dim: 1 } },
      { inputs: { y: [2, 777], dy: [2, 777] } },
      { inputs: { y: [8, 4, 128, 128], dy: [8, 4, 128, 128] }, bench: true },
    ],
  });

  return defineOp({
    name,
    formula,
    inputs: ['x'],
    attrs: { dim: -1 },
    shape: ({ x }, { dim }) => check(x.shape, dim),
    webgpu: ({ x, output }, attrs) => softmaxOnWebGPU(mode, x, output, linesOf(x, attrs)),
    wasm: ({ x, output }, attrs) => softmaxOnWasm(mode, x, output, linesOf(x, attrs)),
    composed: ({ x }, { dim }) => composed(x, dim),
    saves: ['output'],
    grad: (dy, { output: y }, { attrs, createGraph }) => ({
      x: createGraph ? composedBackward(y, dy, attrs.dim) : backward({ y, dy }, attrs),
    }),
    reference: ({ x }, { dim }) =>
      x.shape.length === 0
        ? ndarray([], line([...x.data]))
        : alongDim(x, normalizeDim(name, dim, x.shape.length), line),
    cases,
  });
}

const exps = (v: readonly number[]): number[] => {
  const top = v.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return v.map((x) => Math.exp(x - top));
};

/** x less the largest element of its line: no exponential of it overflows, and the result is the same. */
const lowered = (x: Tensor, dim: number): Tensor => sub(x, amax(x.detach(), dim, { keepdim: true }));

const softmaxOp = define({
  name: 'softmax',
  formula: 'y = exp(x − max x) / Σ exp(x − max x)',
  backwardFormula: 'dx = y · (dy − Σ dy·y)',
  line: (x) => {
    const e = exps(x);
    const total = sumOf(e);
    return e.map((v) => v / total);
  },
  slope: (y, dy) => {
    const total = sumOf(y.map((v, i) => v * dy[i]!));
    return y.map((v, i) => v * (dy[i]! - total));
  },
  composed: (x, dim) => {
    const e = exp(lowered(x, dim));
    return div(e, sum(e, dim, { keepdim: true }));
  },
  composedBackward: (y, dy, dim) => mul(y, sub(dy, sum(mul(dy, y), dim, { keepdim: true }))),
});

/**
 * Softmax along `dim`: exp(x − max x) / Σ exp(x − max x). Every line of the result is positive and adds up to 1; logits
 * may be as large as they like. float32, same shape.
 */
export const softmax = (x: Tensor, dim = -1): Tensor => softmaxOp({ x }, { dim });

const logSoftmaxOp = define({
  name: 'logSoftmax',
  formula: 'y = x − max x − log Σ exp(x − max x)',
  backwardFormula: 'dx = dy − exp y · Σ dy',
  line: (x) => {
    const top = x.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const rest = Math.log(sumOf(exps(x)));
    return x.map((v) => v - top - rest);
  },
  slope: (y, dy) => {
    const total = sumOf(dy);
    return y.map((v, i) => dy[i]! - Math.exp(v) * total);
  },
  composed: (x, dim) => {
    const z = lowered(x, dim);
    return sub(z, log(sum(exp(z), dim, { keepdim: true })));
  },
  composedBackward: (y, dy, dim) => sub(dy, mul(exp(y), sum(dy, dim, { keepdim: true }))),
});

/** The logarithm of the softmax along `dim`, exact also where the softmax itself would be 0. float32, same shape. */
export const logSoftmax = (x: Tensor, dim = -1): Tensor => logSoftmaxOp({ x }, { dim });
