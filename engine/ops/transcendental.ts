import type { Tensor } from '../tensor.ts';
import { add, div, mul } from './binary.ts';
import { CODES, defineUnary } from './defineUnary.ts';
import { neg, rsqrt, square } from './unary.ts';

/**
 * Further functions applied to each element of a float32 tensor: they are less common, so their gradients are tensor
 * operations and no kernels of their own.
 */

const plain = (name: keyof typeof CODES): { readonly attrs: object; readonly code: () => number } => ({
  attrs: {},
  code: () => CODES[name],
});

/** Where a value is hard to come by: tiny numbers, both ends of the domain. */
const at = (...values: readonly number[]) => ({ inputs: { x: { shape: [values.length], values } }, gradient: false });

const log1pOp = defineUnary('log1p', {
  ...plain('log1p'),
  formula: 'ln(1 + x)',
  f: Math.log1p,
  saves: 'x',
  grad: (dy, x) => div(dy, add(x, 1)),
  values: 'positive',
  cases: [{ inputs: { x: { shape: [5], values: [-0.9, -0.3, -0.1, 1e-6, -1e-20] } } }],
});

/** ln(1 + x), exact also where x is tiny; −∞ at −1, NaN below. */
export const log1p = (x: Tensor): Tensor => log1pOp({ x });

const expm1Op = defineUnary('expm1', {
  ...plain('expm1'),
  formula: 'eˣ − 1',
  f: Math.expm1,
  saves: 'output',
  grad: (dy, y) => mul(dy, add(y, 1)),
  cases: [at(-1e20, -100, -1e-6, 1e-20, 1e-6, 0.5, 80)],
});

/** eˣ − 1, exact also where x is tiny. */
export const expm1 = (x: Tensor): Tensor => expm1Op({ x });

const tanOp = defineUnary('tan', {
  ...plain('tan'),
  formula: 'tan x',
  f: Math.tan,
  saves: 'output',
  grad: (dy, y) => mul(dy, add(square(y), 1)),
  scale: 0.5,
  cases: [{ inputs: { x: { shape: [40], scale: 3000 } }, note: 'large angles', gradient: false }],
});

/** The tangent of x in radians. */
export const tan = (x: Tensor): Tensor => tanOp({ x });

const asinOp = defineUnary('asin', {
  ...plain('asin'),
  formula: 'the angle from −π/2 to π/2 whose sine is x',
  f: Math.asin,
  saves: 'x',
  grad: (dy, x) => mul(dy, rsqrt(add(neg(square(x)), 1))),
  scale: 0.2,
  cases: [at(-1, -0.999, -0.5, 1e-6, 0.7, 1)],
});

/** The angle from −π/2 to π/2 whose sine is x; NaN beyond ±1. */
export const asin = (x: Tensor): Tensor => asinOp({ x });

const acosOp = defineUnary('acos', {
  ...plain('acos'),
  formula: 'the angle from 0 to π whose cosine is x',
  f: Math.acos,
  saves: 'x',
  grad: (dy, x) => neg(mul(dy, rsqrt(add(neg(square(x)), 1)))),
  scale: 0.2,
  cases: [at(-1, -0.999, -0.5, 1e-6, 0.7, 1)],
});

/** The angle from 0 to π whose cosine is x; NaN beyond ±1. */
export const acos = (x: Tensor): Tensor => acosOp({ x });

const atanOp = defineUnary('atan', {
  ...plain('atan'),
  formula: 'the angle from −π/2 to π/2 whose tangent is x',
  f: Math.atan,
  saves: 'x',
  grad: (dy, x) => div(dy, add(square(x), 1)),
  cases: [at(-1e20, -100, -1, -1e-6, 1e-20, 0.4142, 1e6)],
});

/** The angle from −π/2 to π/2 whose tangent is x. */
export const atan = (x: Tensor): Tensor => atanOp({ x });

const sinhOp = defineUnary('sinh', {
  ...plain('sinh'),
  formula: '(eˣ − e⁻ˣ) / 2',
  f: Math.sinh,
  saves: 'x',
  grad: (dy, x) => mul(dy, cosh(x)),
  cases: [at(-89, -20, -1e-6, 1e-20, 0.5), at(-30, 30)],
});

/** The hyperbolic sine. */
export const sinh = (x: Tensor): Tensor => sinhOp({ x });

const coshOp = defineUnary('cosh', {
  ...plain('cosh'),
  formula: '(eˣ + e⁻ˣ) / 2',
  f: Math.cosh,
  saves: 'x',
  grad: (dy, x) => mul(dy, sinh(x)),
  cases: [at(-20, -1e-6, 0, 0.5), at(-30, 30)],
});

/** The hyperbolic cosine. */
export const cosh = (x: Tensor): Tensor => coshOp({ x });
