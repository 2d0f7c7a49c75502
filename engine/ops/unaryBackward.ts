import { CODES, defineUnaryBackward } from './defineUnary.ts';
import { erf64 } from './special.ts';

/**
 * Gradients of functions of one tensor as single kernels: dx = dy · f′, where f′ comes from v, the input or the output
 * of the function. They have no gradient of their own: where a second derivative is wanted, engine/ops/unary.ts writes
 * the same formulas in tensor operations.
 */

const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

const plain = { attrs: {} } as const;

export const absBackward = defineUnaryBackward('absBackward', {
  ...plain,
  code: CODES.abs,
  formula: 'dy · sign(x)',
  slope: Math.sign,
});

export const reluBackward = defineUnaryBackward('reluBackward', {
  ...plain,
  code: CODES.relu,
  formula: 'dy where y > 0, else 0',
  bench: true,
  slope: (y) => (y > 0 ? 1 : 0),
});

export const geluBackward = defineUnaryBackward('geluBackward', {
  ...plain,
  code: CODES.gelu,
  formula: 'dy · (Φ(x) + x · φ(x))',
  bench: true,
  slope: (x) => 0.5 * (1 + erf64(x / Math.SQRT2)) + x * density(x),
});

export const geluTanhBackward = defineUnaryBackward('geluTanhBackward', {
  ...plain,
  code: CODES.geluTanh,
  formula: 'dy · (s + x · s (1 − s) · 2u′), s = σ(2u), u = √(2/π) (x + 0.044715 x³)',
  slope: (x) => {
    const k = 2 * Math.sqrt(2 / Math.PI);
    const s = logistic(k * (x + 0.044715 * x ** 3));
    return s + x * s * (1 - s) * k * (1 + 3 * 0.044715 * x * x);
  },
});

export const sigmoidBackward = defineUnaryBackward('sigmoidBackward', {
  ...plain,
  code: CODES.sigmoid,
  formula: 'dy · y (1 − y)',
  slope: (y) => y * (1 - y),
});

export const tanhBackward = defineUnaryBackward('tanhBackward', {
  ...plain,
  code: CODES.tanh,
  formula: 'dy · (1 − y²)',
  slope: (y) => 1 - y * y,
});

export const siluBackward = defineUnaryBackward('siluBackward', {
  ...plain,
  code: CODES.silu,
  formula: 'dy · σ(x) (1 + x (1 − σ(x)))',
  slope: (x) => logistic(x) * (1 + x * (1 - logistic(x))),
});

export const squareBackward = defineUnaryBackward('squareBackward', {
  ...plain,
  code: CODES.square,
  formula: 'dy · 2x',
  slope: (x) => 2 * x,
});

export const sinBackward = defineUnaryBackward('sinBackward', {
  ...plain,
  code: CODES.sin,
  formula: 'dy · cos x',
  slope: Math.cos,
});

export const cosBackward = defineUnaryBackward('cosBackward', {
  ...plain,
  code: CODES.cos,
  formula: '−dy · sin x',
  slope: (x) => -Math.sin(x),
});

export const erfBackward = defineUnaryBackward('erfBackward', {
  ...plain,
  code: CODES.erf,
  formula: 'dy · 2/√π · exp(−x²)',
  slope: (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
});

export const sqrtBackward = defineUnaryBackward('sqrtBackward', {
  ...plain,
  code: CODES.sqrt,
  formula: 'dy / (2y)',
  slope: (y) => 0.5 / y,
  values: 'positive',
});

export const rsqrtBackward = defineUnaryBackward('rsqrtBackward', {
  ...plain,
  code: CODES.rsqrt,
  formula: '−dy · y³ / 2',
  slope: (y) => -0.5 * y ** 3,
  values: 'positive',
});

export const reciprocalBackward = defineUnaryBackward('reciprocalBackward', {
  ...plain,
  code: CODES.reciprocal,
  formula: '−dy · y²',
  slope: (y) => -y * y,
});

export const powBackward = defineUnaryBackward('powBackward', {
  code: CODES.pow,
  attrs: { exponent: 2 },
  numbers: ({ exponent }) => ({ a: exponent, b: 0 }),
  formula: 'dy · p · x^(p − 1)',
  slope: (x, { exponent }) => (exponent === 0 ? 0 : exponent * x ** (exponent - 1)),
});

export const clampBackward = defineUnaryBackward('clampBackward', {
  code: CODES.clamp,
  attrs: { min: -1, max: 1 },
  numbers: ({ min, max }) => ({ a: min, b: max }),
  formula: 'dy where min ≤ x ≤ max, else 0',
  slope: (x, { min, max }) => (x >= min && x <= max ? 1 : 0),
});

export const softplusBackward = defineUnaryBackward('softplusBackward', {
  code: CODES.softplus,
  formula: 'dy · σ(beta · x)',
  attrs: { beta: 1 },
  numbers: ({ beta }) => ({ a: beta, b: 0 }),
  slope: (x, { beta }) => logistic(beta * x),
});

export const leakyReluBackward = defineUnaryBackward('leakyReluBackward', {
  code: CODES.leakyRelu,
  formula: 'dy where x > 0, else negativeSlope · dy',
  attrs: { negativeSlope: 0.01 },
  numbers: ({ negativeSlope }) => ({ a: negativeSlope, b: 0 }),
  slope: (x, { negativeSlope }) => (x > 0 ? 1 : negativeSlope),
});

export const eluBackward = defineUnaryBackward('eluBackward', {
  code: CODES.elu,
  formula: 'dy where x > 0, else dy · alpha · eˣ',
  attrs: { alpha: 1 },
  numbers: ({ alpha }) => ({ a: alpha, b: 0 }),
  slope: (x, { alpha }) => (x > 0 ? 1 : alpha * Math.exp(x)),
});

export const hardswishBackward = defineUnaryBackward('hardswishBackward', {
  ...plain,
  code: CODES.hardswish,
  formula: 'dy · (2x + 3) / 6 between −3 and 3; 0 below, dy above',
  slope: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
});

export const quickGeluBackward = defineUnaryBackward('quickGeluBackward', {
  ...plain,
  code: CODES.quickGelu,
  formula: 'dy · (s + 1.702 x · s (1 − s)), s = σ(1.702 x)',
  slope: (x) => {
    const s = logistic(1.702 * x);
    return s + 1.702 * x * s * (1 - s);
  },
});
