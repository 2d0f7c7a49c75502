import { ShapeError, show } from '../errors.ts';
import { type CompositeOp, defineComposite, type OpCase } from '../op.ts';
import { at, build, map } from '../reference.ts';
import { normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, ge, gt, le, maximum, mul } from './binary.ts';
import { CODES, defineUnary } from './defineUnary.ts';
import { expm1, log1p } from './transcendental.ts';
import { abs, clamp, exp, neg, sigmoid, tanh } from './unary.ts';
import * as fused from './unaryBackward.ts';
import { chunk, reshape } from './views.ts';
import { where } from './where.ts';

/**
 * Activations besides relu, gelu, silu, sigmoid and tanh (unary.ts): the common ones as kernels, the others made of other
 * operations.
 */

/** Where functions are flat and a careless formula overflows, and the kinks. */
const EDGES = [-1e20, -100, -20, -3, -1e-6, 1e-6, 3, 20, 100, 1e20];

interface Activation<A extends object> {
  readonly formula: string;
  readonly attrs: A;
  readonly f: (x: number, attrs: A) => number;
  readonly compute: (x: Tensor, attrs: A) => Tensor;
  readonly cases?: readonly OpCase<'x', never, A>[];
}

function activation<A extends object>(name: string, spec: Activation<A>): CompositeOp<'x', never, A> {
  const { formula, attrs, f, compute, cases = [] } = spec;
  return defineComposite<'x', A>({
    name,
    formula,
    inputs: ['x'],
    attrs,
    compute: ({ x }, given) => compute(x, given),
    reference: ({ x }, given) => map(x, (v) => f(v, given)),
    cases: [
      { inputs: { x: { shape: [5, 33], scale: 3 } } },
      { inputs: { x: { shape: [10], values: EDGES } }, gradient: false },
      { inputs: { x: [] } },
      { inputs: { x: [0, 2] } },
      ...cases,
    ],
  });
}

const softplus64 = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const kinks = { inputs: { x: { shape: [10], values: EDGES } }, gradient: false } as const;

const softplusOp = defineUnary('softplus', {
  attrs: { beta: 1 },
  code: () => CODES.softplus,
  numbers: ({ beta }) => ({ a: beta, b: 0 }),
  formula: 'log(1 + exp(beta · x)) / beta',
  f: (x, { beta }) => softplus64(beta * x) / beta,
  saves: 'x',
  half: true,
  grad: (dy, x, { beta }, graph) => (graph ? mul(dy, sigmoid(mul(x, beta))) : fused.softplusBackward(dy, x, { beta })),
  composed: (x, { beta }) => {
    const z = mul(x, beta);
    return mul(add(maximum(z, 0), log1p(exp(neg(abs(z))))), 1 / beta);
  },
  cases: [
    kinks,
    { inputs: { x: { shape: [9], scale: 3 } }, attrs: { beta: 2.5 } },
    { inputs: { x: { shape: [1], values: [0] } } },
  ],
});

/** log(1 + exp(beta · x)) / beta, a smooth relu; no x is too large for it. float32. */
export const softplus = (x: Tensor, { beta = 1 }: { readonly beta?: number } = {}): Tensor =>
  softplusOp({ x }, { beta });

const logSigmoidOp = activation('logSigmoid', {
  formula: 'log(1 / (1 + exp(−x)))',
  attrs: {},
  f: (x) => -softplus64(-x),
  compute: (x) => neg(softplus(neg(x))),
});

/** The logarithm of the logistic function, exact also where that is 0. float32. */
export const logSigmoid = (x: Tensor): Tensor => logSigmoidOp({ x });

const leakyReluOp = defineUnary('leakyRelu', {
  attrs: { negativeSlope: 0.01 },
  code: () => CODES.leakyRelu,
  numbers: ({ negativeSlope }) => ({ a: negativeSlope, b: 0 }),
  formula: 'x where it is positive, else negativeSlope · x',
  f: (x, { negativeSlope }) => (x > 0 ? x : negativeSlope * x),
  saves: 'x',
  half: true,
  grad: (dy, x, { negativeSlope }, graph) =>
    graph ? where(gt(x, 0), dy, mul(dy, negativeSlope)) : fused.leakyReluBackward(dy, x, { negativeSlope }),
  composed: (x, { negativeSlope }) => where(gt(x, 0), x, mul(x, negativeSlope)),
  cases: [kinks, { inputs: { x: [9] }, attrs: { negativeSlope: 0.3 } }],
});

/** x where it is positive, else negativeSlope · x (Maas et al. 2013). float32. */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor => leakyReluOp({ x }, { negativeSlope });

const preluOp = defineComposite({
  name: 'prelu',
  formula: 'x where it is positive, else weight · x',
  inputs: ['x', 'weight'],
  attrs: {},
  compute: ({ x, weight }) => {
    if (weight.ndim !== 1 || (weight.size !== 1 && weight.size !== x.shape[1])) {
      throw new ShapeError(
        `prelu: weight ${show(weight.shape)} with x ${show(x.shape)}. Expected one number, or one for each channel.`,
      );
    }
    const slope = weight.size === 1 ? weight : reshape(weight, [weight.size, ...x.shape.slice(2).map(() => 1)]);
    return where(gt(x, 0), x, mul(x, slope));
  },
  reference: ({ x, weight }) =>
    build(x.shape, (index) => {
      const v = at(x, index);
      return v > 0 ? v : v * weight.data[weight.data.length === 1 ? 0 : index[1]!]!;
    }),
  cases: [{ inputs: { x: [2, 3, 4], weight: [3] } }, { inputs: { x: [5], weight: [1] } }],
});

/** x where it is positive, else weight · x, with one weight or one for each channel of x [batch, channels, …] (He et al. 2015). */
export const prelu = (x: Tensor, weight: Tensor): Tensor => preluOp({ x, weight });

const eluOp = defineUnary('elu', {
  attrs: { alpha: 1 },
  code: () => CODES.elu,
  numbers: ({ alpha }) => ({ a: alpha, b: 0 }),
  formula: 'x where it is positive, else alpha · (exp(x) − 1)',
  f: (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
  saves: 'x',
  half: true,
  grad: (dy, x, { alpha }, graph) =>
    graph ? where(gt(x, 0), dy, mul(dy, mul(exp(clamp(x, null, 0)), alpha))) : fused.eluBackward(dy, x, { alpha }),
  composed: (x, { alpha }) => where(gt(x, 0), x, mul(expm1(clamp(x, null, 0)), alpha)),
  cases: [kinks, { inputs: { x: [9] }, attrs: { alpha: 0.5 } }],
});

/** x where it is positive, else alpha · (exp(x) − 1) (Clevert et al. 2016). float32. */
export const elu = (x: Tensor, alpha = 1): Tensor => eluOp({ x }, { alpha });

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

const seluOp = activation('selu', {
  formula: '1.0507 · (x where it is positive, else 1.6733 · (exp(x) − 1))',
  attrs: {},
  f: (x) => SELU.scale * (x > 0 ? x : SELU.alpha * Math.expm1(x)),
  compute: (x) => mul(elu(x, SELU.alpha), SELU.scale),
});

/** Scaled elu with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017). float32. */
export const selu = (x: Tensor): Tensor => seluOp({ x });

const mishOp = activation('mish', {
  formula: 'x · tanh(softplus x)',
  attrs: {},
  f: (x) => x * Math.tanh(softplus64(x)),
  compute: (x) => mul(x, tanh(softplus(x))),
});

/** x · tanh(softplus x) (Misra 2020). float32. */
export const mish = (x: Tensor): Tensor => mishOp({ x });

const hardsigmoidOp = activation('hardsigmoid', {
  formula: 'min(max(x + 3, 0), 6) / 6',
  attrs: {},
  f: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  compute: (x) => mul(clamp(add(x, 3), 0, 6), 1 / 6),
});

/** min(max(x + 3, 0), 6) / 6, a straight line for the logistic function. float32. */
export const hardsigmoid = (x: Tensor): Tensor => hardsigmoidOp({ x });

const hardswishOp = defineUnary('hardswish', {
  attrs: {},
  code: () => CODES.hardswish,
  formula: 'x · min(max(x + 3, 0), 6) / 6',
  f: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  saves: 'x',
  half: true,
  grad: (dy, x, _attrs, graph) =>
    graph ? where(le(x, -3), 0, where(ge(x, 3), dy, mul(dy, add(mul(x, 1 / 3), 0.5)))) : fused.hardswishBackward(dy, x),
  composed: (x) => mul(x, hardsigmoid(x)),
  cases: [kinks],
});

/** x · min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). float32. */
export const hardswish = (x: Tensor): Tensor => hardswishOp({ x });

const relu6Op = activation('relu6', {
  formula: 'min(max(x, 0), 6)',
  attrs: {},
  f: (x) => Math.min(Math.max(x, 0), 6),
  compute: (x) => clamp(x, 0, 6),
});

/** min(max(x, 0), 6). float32. */
export const relu6 = (x: Tensor): Tensor => relu6Op({ x });

const quickGeluOp = defineUnary('quickGelu', {
  attrs: {},
  code: () => CODES.quickGelu,
  formula: 'x · σ(1.702 x)',
  f: (x) => x / (1 + Math.exp(-1.702 * x)),
  bench: true,
  saves: 'x',
  half: true,
  grad: (dy, x, _attrs, graph) => {
    if (!graph) return fused.quickGeluBackward(dy, x);
    const z = mul(x, 1.702);
    const s = sigmoid(z);
    return mul(dy, add(s, mul(z, mul(s, add(neg(s), 1)))));
  },
  composed: (x) => mul(x, sigmoid(mul(x, 1.702))),
  cases: [kinks],
});

/** x · σ(1.702 x), the approximation of gelu that CLIP has (Hendrycks and Gimpel 2016). float32. */
export const quickGelu = (x: Tensor): Tensor => quickGeluOp({ x });

const gluOp = defineComposite({
  name: 'glu',
  formula: 'a · σ(b), a and b being the halves of x along dim',
  inputs: ['x'],
  attrs: { dim: -1 },
  compute: ({ x }, { dim }) => {
    const d = normalizeDim('glu', dim, x.ndim);
    if (x.ndim === 0 || x.shape[d]! % 2 !== 0) {
      throw new ShapeError(`glu: ${show(x.shape)} along dim ${dim} has no halves. Expected an even size.`);
    }
    const [a, b] = chunk(x, 2, d);
    return mul(a!, sigmoid(b!));
  },
  reference: ({ x }, { dim }) => {
    const d = normalizeDim('glu', dim, x.shape.length);
    const half = x.shape[d]! / 2;
    return build(
      x.shape.map((s, e) => (e === d ? half : s)),
      (index) => {
        const gate = index.map((i, e) => (e === d ? i + half : i));
        return at(x, index) / (1 + Math.exp(-at(x, gate)));
      },
    );
  },
  cases: [{ inputs: { x: [3, 8] } }, { inputs: { x: [4, 2, 3] }, attrs: { dim: 0 } }, { inputs: { x: [0, 4] } }],
});

/** a · σ(b), where a and b are the halves of `x` along `dim` (Dauphin et al. 2017). float32. */
export const glu = (x: Tensor, dim = -1): Tensor => gluOp({ x }, { dim });
