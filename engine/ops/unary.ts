import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { zerosLike } from './accumulate.ts';
import { add, div, gt, logicalOr, lt, maximum, minimum, mul } from './binary.ts';
import { CODES, defineUnary } from './defineUnary.ts';
import { erf64 } from './special.ts';
import * as fused from './unaryBackward.ts';
import { maskedFill } from './where.ts';

/**
 * Functions applied to each element of a float32 tensor. A gradient is one fused kernel, or, where it must itself be
 * differentiable, the same formula in tensor operations.
 */

/** 1 − x. */
const oneMinus = (x: Tensor): Tensor => add(mul(x, -1), 1);

const plain = (name: keyof typeof CODES): { readonly attrs: object; readonly code: () => number } => ({
  attrs: {},
  code: () => CODES[name],
});

const negOp = defineUnary('neg', { ...plain('neg'), formula: '−x', f: (x) => -x, grad: (dy) => neg(dy) });

/** −x. Also of int32. */
export const neg = (x: Tensor): Tensor => (x.dtype === 'float32' ? negOp({ x }) : mul(x, -1));

const expOp = defineUnary('exp', {
  ...plain('exp'),
  formula: 'eˣ',
  f: Math.exp,
  bench: true,
  saves: 'output',
  grad: (dy, y) => mul(dy, y),
});

/** e to the power of x. */
export const exp = (x: Tensor): Tensor => expOp({ x });

const logOp = defineUnary('log', {
  ...plain('log'),
  formula: 'ln x',
  f: Math.log,
  saves: 'x',
  grad: (dy, x) => div(dy, x),
  values: 'positive',
});

/** The natural logarithm; −∞ at 0, NaN below. */
export const log = (x: Tensor): Tensor => logOp({ x });

const absOp = defineUnary('abs', {
  ...plain('abs'),
  formula: '|x|',
  f: Math.abs,
  saves: 'x',
  grad: (dy, x, _attrs, graph) => (graph ? mul(dy, sign(x)) : fused.absBackward(dy, x)),
});

/** The absolute value; the gradient at 0 is 0. */
export const abs = (x: Tensor): Tensor => absOp({ x });

const squareOp = defineUnary('square', {
  ...plain('square'),
  formula: 'x²',
  f: (x) => x * x,
  saves: 'x',
  grad: (dy, x, _attrs, graph) => (graph ? mul(dy, mul(x, 2)) : fused.squareBackward(dy, x)),
});

/** x · x. */
export const square = (x: Tensor): Tensor => squareOp({ x });

const sqrtOp = defineUnary('sqrt', {
  ...plain('sqrt'),
  formula: '√x',
  f: Math.sqrt,
  saves: 'output',
  grad: (dy, y, _attrs, graph) => (graph ? div(mul(dy, 0.5), y) : fused.sqrtBackward(dy, y)),
  values: 'positive',
});

/** The square root; NaN below 0. */
export const sqrt = (x: Tensor): Tensor => sqrtOp({ x });

const rsqrtOp = defineUnary('rsqrt', {
  ...plain('rsqrt'),
  formula: '1/√x',
  f: (x) => 1 / Math.sqrt(x),
  saves: 'output',
  grad: (dy, y, _attrs, graph) => (graph ? mul(dy, mul(mul(y, square(y)), -0.5)) : fused.rsqrtBackward(dy, y)),
  values: 'positive',
});

/** One divided by the square root. */
export const rsqrt = (x: Tensor): Tensor => rsqrtOp({ x });

const reciprocalOp = defineUnary('reciprocal', {
  ...plain('reciprocal'),
  formula: '1/x',
  f: (x) => 1 / x,
  saves: 'output',
  grad: (dy, y, _attrs, graph) => (graph ? mul(mul(dy, square(y)), -1) : fused.reciprocalBackward(dy, y)),
  values: 'positive',
});

/** One divided by x. */
export const reciprocal = (x: Tensor): Tensor => reciprocalOp({ x });

const powOp = defineUnary('pow', {
  attrs: { exponent: 2 },
  code: () => CODES.pow,
  numbers: ({ exponent }) => ({ a: exponent, b: 0 }),
  formula: 'x^exponent',
  f: (x, { exponent }) => x ** exponent,
  saves: 'x',
  grad: (dy, x, { exponent }, graph) => {
    if (!graph) return fused.powBackward(dy, x, { exponent });
    return exponent === 0 ? zerosLike(dy) : mul(dy, mul(pow(x, exponent - 1), exponent));
  },
  cases: [
    { inputs: { x: [5, 7] }, attrs: { exponent: 3 }, note: 'negative bases' },
    { inputs: { x: { shape: [9], values: [-2, -1.5, 0, 0.5, 1, 2, 3, -0.25, 4] } }, attrs: { exponent: 5 } },
    { inputs: { x: { shape: [5, 7], values: 'positive' } }, attrs: { exponent: -0.5 } },
    { inputs: { x: { shape: [5, 7], values: 'positive' } }, attrs: { exponent: -3 } },
    { inputs: { x: { shape: [11], values: 'positive' } }, attrs: { exponent: 2.7 } },
    { inputs: { x: [4] }, attrs: { exponent: 0 } },
    { inputs: { x: [4] }, attrs: { exponent: 1 } },
  ],
});

/** x to the power of a number, with the gradient p · x^(p−1). A negative x takes a whole exponent; another gives NaN. */
export const pow = (x: Tensor, exponent: number): Tensor => powOp({ x }, { exponent });

const sinOp = defineUnary('sin', {
  ...plain('sin'),
  formula: 'sin x',
  f: Math.sin,
  saves: 'x',
  grad: (dy, x, _attrs, graph) => (graph ? mul(dy, cos(x)) : fused.sinBackward(dy, x)),
  cases: [{ inputs: { x: { shape: [40], scale: 3000 } }, note: 'large angles', gradient: false }],
});

/** The sine of x in radians. */
export const sin = (x: Tensor): Tensor => sinOp({ x });

const cosOp = defineUnary('cos', {
  ...plain('cos'),
  formula: 'cos x',
  f: Math.cos,
  saves: 'x',
  grad: (dy, x, _attrs, graph) => (graph ? mul(mul(dy, sin(x)), -1) : fused.cosBackward(dy, x)),
  cases: [{ inputs: { x: { shape: [40], scale: 3000 } }, note: 'large angles', gradient: false }],
});

/** The cosine of x in radians. */
export const cos = (x: Tensor): Tensor => cosOp({ x });

/** Where functions are flat and a careless formula overflows. */
const SATURATED = {
  inputs: { x: { shape: [9], values: [-1e20, -100, -20, -1e-6, 0, 1e-6, 20, 100, 1e20] } },
  note: 'saturation: no NaN',
} as const;

const erfOp = defineUnary('erf', {
  ...plain('erf'),
  formula: '2/√π · ∫₀ˣ exp(−t²) dt',
  f: erf64,
  saves: 'x',
  grad: (dy, x, _attrs, graph) =>
    graph ? mul(dy, mul(exp(mul(square(x), -1)), 2 / Math.sqrt(Math.PI))) : fused.erfBackward(dy, x),
  cases: [SATURATED],
});

/** The error function. */
export const erf = (x: Tensor): Tensor => erfOp({ x });

const sigmoidOp = defineUnary('sigmoid', {
  ...plain('sigmoid'),
  formula: '1 / (1 + exp(−x))',
  f: (x) => 1 / (1 + Math.exp(-x)),
  saves: 'output',
  grad: (dy, y, _attrs, graph) => (graph ? mul(dy, mul(y, oneMinus(y))) : fused.sigmoidBackward(dy, y)),
  cases: [SATURATED],
});

/** The logistic function. */
export const sigmoid = (x: Tensor): Tensor => sigmoidOp({ x });

const tanhOp = defineUnary('tanh', {
  ...plain('tanh'),
  formula: 'tanh x',
  f: Math.tanh,
  bench: true,
  saves: 'output',
  grad: (dy, y, _attrs, graph) => (graph ? mul(dy, oneMinus(square(y))) : fused.tanhBackward(dy, y)),
  cases: [SATURATED],
});

/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => tanhOp({ x });

const reluOp = defineUnary('relu', {
  ...plain('relu'),
  formula: 'max(x, 0)',
  f: (x) => Math.max(x, 0),
  bench: true,
  saves: 'output',
  half: true,
  grad: (dy, y, _attrs, graph) => (graph ? mul(dy, gt(y, 0)) : fused.reluBackward(dy, y)),
});

/** x where it is positive, else 0; the gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor => reluOp({ x });

const siluOp = defineUnary('silu', {
  ...plain('silu'),
  formula: 'x · σ(x)',
  f: (x) => x / (1 + Math.exp(-x)),
  bench: true,
  saves: 'x',
  half: true,
  grad: (dy, x, _attrs, graph) => {
    if (!graph) return fused.siluBackward(dy, x);
    const s = sigmoid(x);
    return mul(dy, mul(s, add(mul(x, oneMinus(s)), 1)));
  },
  composed: (x) => mul(x, sigmoid(x)),
  cases: [{ ...SATURATED, gradient: false }],
});

/** x times its logistic function (also called swish). */
export const silu = (x: Tensor): Tensor => siluOp({ x });

export interface GeluOptions {
  /** `tanh`: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), within 5e-4 of the exact one. */
  readonly approximate?: 'none' | 'tanh';
}

/** 2u of the approximation. */
const GELU_SCALE = 2 * Math.sqrt(2 / Math.PI);
const twiceU = (x: Tensor): Tensor => mul(mul(x, add(mul(square(x), 0.044715), 1)), GELU_SCALE);

const geluOp = defineUnary('gelu', {
  attrs: { approximate: 'none' as 'none' | 'tanh' },
  code: ({ approximate }) => (approximate === 'tanh' ? CODES.geluTanh : CODES.gelu),
  formula: 'x · Φ(x), Φ(x) = ½ (1 + erf(x/√2))',
  f: (x, { approximate }) =>
    approximate === 'tanh'
      ? 0.5 * x * (1 + Math.tanh(0.5 * GELU_SCALE * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + erf64(x / Math.SQRT2)),
  bench: true,
  saves: 'x',
  half: true,
  grad: (dy, x, { approximate }, graph) => {
    if (approximate === 'tanh') {
      if (!graph) return fused.geluTanhBackward(dy, x);
      // Beyond ±30 the slope is 0 or 1, and u′ would overflow.
      const c = clamp(x, -30, 30);
      const s = sigmoid(twiceU(c));
      const inner = mul(add(mul(square(c), 3 * 0.044715), 1), GELU_SCALE);
      return mul(dy, add(mul(mul(c, mul(s, oneMinus(s))), inner), s));
    }
    if (!graph) return fused.geluBackward(dy, x);
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(dy, add(mul(x, density), mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5)));
  },
  composed: (x, { approximate }) =>
    approximate === 'tanh' ? mul(x, sigmoid(twiceU(x))) : mul(x, mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5)),
  cases: [
    { inputs: { x: { shape: [5, 33], scale: 2 } }, attrs: { approximate: 'tanh' } },
    { inputs: { x: { shape: [7], values: [-100, -20, -6, 0, 6, 20, 100] } }, note: 'saturation: no NaN' },
    { ...SATURATED, gradient: false, attrs: { approximate: 'tanh' } },
  ],
});

/**
 * The Gaussian error linear unit x · Φ(x). Source: Hendrycks and Gimpel 2016. Throws ArgumentError for an unknown
 * approximation.
 */
export function gelu(x: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
  if (approximate !== 'none' && approximate !== 'tanh') {
    throw new ArgumentError(`gelu: approximate ${JSON.stringify(approximate)}. Expected 'none' or 'tanh'.`);
  }
  return geluOp({ x }, { approximate });
}

const clampOp = defineUnary('clamp', {
  attrs: { min: -1, max: 1 },
  code: () => CODES.clamp,
  numbers: ({ min, max }) => ({ a: min, b: max }),
  formula: 'min(max(x, min), max)',
  f: (x, { min, max }) => Math.min(Math.max(x, min), max),
  saves: 'x',
  grad: (dy, x, { min, max }, graph) =>
    graph ? maskedFill(dy, logicalOr(lt(x, min), gt(x, max)), 0) : fused.clampBackward(dy, x, { min, max }),
  cases: [
    { inputs: { x: [6, 11] }, attrs: { min: -0.5, max: 0.8 } },
    { inputs: { x: [6, 11] }, attrs: { min: 0.1, max: Number.POSITIVE_INFINITY } },
  ],
});

/**
 * x held between `min` and `max`, either of which may be missing; the gradient passes where min ≤ x ≤ max. Also of
 * int32. Throws ArgumentError when neither is given.
 */
export function clamp(x: Tensor, min?: number | null, max?: number | null): Tensor {
  const [low, high] = [min ?? null, max ?? null];
  if (low === null && high === null)
    throw new ArgumentError('clamp: neither min nor max was given. Pass at least one.');
  if (x.dtype === 'float32') {
    return clampOp({ x }, { min: low ?? Number.NEGATIVE_INFINITY, max: high ?? Number.POSITIVE_INFINITY });
  }
  const raised = low === null ? x : maximum(x, low);
  const held = high === null ? raised : minimum(raised, high);
  if (raised !== x && raised !== held) raised.dispose();
  return held;
}

/** Functions with steps: constant between them, so the gradient is 0. */
const step = (name: 'sign' | 'floor' | 'ceil' | 'round' | 'trunc', formula: string, f: (x: number) => number) =>
  defineUnary(name, { ...plain(name), formula, f, grad: zerosLike });

const signOp = step('sign', '−1, 0 or 1 as x is below, at or above 0', Math.sign);
const floorOp = step('floor', '⌊x⌋', Math.floor);
const ceilOp = step('ceil', '⌈x⌉', Math.ceil);
const truncOp = step('trunc', 'x without what is behind the point', Math.trunc);
const roundOp = step('round', 'the nearest integer, the even one of two', (x) => {
  const half = x - Math.floor(x) === 0.5;
  return half ? 2 * Math.round(x / 2) : Math.round(x);
});

/** −1, 0 or 1. */
export const sign = (x: Tensor): Tensor => signOp({ x });
/** The largest integer not above x. */
export const floor = (x: Tensor): Tensor => floorOp({ x });
/** The smallest integer not below x. */
export const ceil = (x: Tensor): Tensor => ceilOp({ x });
/** The integer next to x on the way to 0. */
export const trunc = (x: Tensor): Tensor => truncOp({ x });
/** The nearest integer; of two as near, the even one. */
export const round = (x: Tensor): Tensor => roundOp({ x });
