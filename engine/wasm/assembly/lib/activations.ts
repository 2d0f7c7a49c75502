import { c4, erfc4, exp4, expm14, log1p4, madd, pow, sigmoid4 } from './math';

/** Activation functions and their slopes, on four lanes; see shaders/lib/math.wgsl for the same ones. */

/** The standard normal distribution function Φ(x). */
// @ts-expect-error decorator
@inline
function normalCdf4(x: v128): v128 {
  return f32x4.mul(c4(0.5), erfc4(f32x4.mul(x, c4(-0.707106781))));
}

/** x · Φ(x). */
// @ts-expect-error decorator
@inline
export function gelu4(x: v128): v128 {
  return f32x4.mul(x, normalCdf4(x));
}

/** Φ(x) + x · φ(x). */
// @ts-expect-error decorator
@inline
export function geluSlope4(x: v128): v128 {
  const density = f32x4.mul(c4(0.39894228), exp4(f32x4.mul(f32x4.mul(x, x), c4(-0.5))));
  return madd(x, density, normalCdf4(x));
}

/** ½ (1 + tanh u) = σ(2u) for u = √(2/π) (x + 0.044715 x³). */
// @ts-expect-error decorator
@inline
function geluGate4(x: v128): v128 {
  const inner = madd(f32x4.mul(x, c4(0.044715)), x, c4(1.0));
  return sigmoid4(f32x4.mul(f32x4.mul(x, c4(1.59576912)), inner));
}

/** x · σ(2u): GELU with the hyperbolic tangent. */
// @ts-expect-error decorator
@inline
export function geluTanh4(x: v128): v128 {
  return f32x4.mul(x, geluGate4(x));
}

/** σ(2u) + x · σ(2u) (1 − σ(2u)) · 2u′. Beyond ±30 it is 0 or 1, and 2u′ would overflow. */
// @ts-expect-error decorator
@inline
export function geluTanhSlope4(v: v128): v128 {
  const x = f32x4.max(f32x4.min(v, c4(30.0)), c4(-30.0));
  const s = geluGate4(x);
  const inner = f32x4.mul(c4(1.59576912), madd(f32x4.mul(x, c4(0.134145)), x, c4(1.0)));
  return madd(f32x4.mul(x, f32x4.mul(s, f32x4.sub(c4(1.0), s))), inner, s);
}

/** x · σ(x). */
// @ts-expect-error decorator
@inline
export function silu4(x: v128): v128 {
  return f32x4.mul(x, sigmoid4(x));
}

/** σ(x) (1 + x (1 − σ(x))). */
// @ts-expect-error decorator
@inline
export function siluSlope4(x: v128): v128 {
  const s = sigmoid4(x);
  return madd(x, f32x4.mul(s, f32x4.sub(c4(1.0), s)), s);
}

/** log(1 + e^(a·x)) / a. */
// @ts-expect-error decorator
@inline
export function softplus4(x: v128, a: f32): v128 {
  const z = f32x4.mul(x, c4(a));
  const tail = log1p4(exp4(f32x4.neg(f32x4.abs(z))));
  return f32x4.div(f32x4.add(f32x4.max(z, c4(0.0)), tail), c4(a));
}

/** x where it is positive, else a·x. */
// @ts-expect-error decorator
@inline
export function leakyRelu4(x: v128, a: f32): v128 {
  return v128.bitselect(x, f32x4.mul(c4(a), x), f32x4.gt(x, c4(0.0)));
}

/** x where it is positive, else a·(e^x − 1). */
// @ts-expect-error decorator
@inline
export function elu4(x: v128, a: f32): v128 {
  return v128.bitselect(x, f32x4.mul(c4(a), expm14(f32x4.min(x, c4(0.0)))), f32x4.gt(x, c4(0.0)));
}

/** 1 where x is positive, else a·e^x. */
// @ts-expect-error decorator
@inline
export function eluSlope4(x: v128, a: f32): v128 {
  return v128.bitselect(c4(1.0), f32x4.mul(c4(a), exp4(f32x4.min(x, c4(0.0)))), f32x4.gt(x, c4(0.0)));
}

/** x · min(max(x + 3, 0), 6) / 6. */
// @ts-expect-error decorator
@inline
export function hardswish4(x: v128): v128 {
  const gate = f32x4.min(f32x4.max(f32x4.add(x, c4(3.0)), c4(0.0)), c4(6.0));
  return f32x4.mul(x, f32x4.div(gate, c4(6.0)));
}

/** 0 up to −3, 1 from 3 on, (2x + 3) / 6 between. */
// @ts-expect-error decorator
@inline
export function hardswishSlope4(x: v128): v128 {
  const middle = f32x4.div(f32x4.add(f32x4.add(x, x), c4(3.0)), c4(6.0));
  const y = v128.bitselect(c4(1.0), middle, f32x4.ge(x, c4(3.0)));
  return v128.andnot(y, f32x4.le(x, c4(-3.0)));
}

/** x · σ(1.702 x). */
// @ts-expect-error decorator
@inline
export function quickGelu4(x: v128): v128 {
  return f32x4.mul(x, sigmoid4(f32x4.mul(x, c4(1.702))));
}

/** σ(1.702 x) (1 + 1.702 x (1 − σ(1.702 x))). */
// @ts-expect-error decorator
@inline
export function quickGeluSlope4(x: v128): v128 {
  const z = f32x4.mul(x, c4(1.702));
  const s = sigmoid4(z);
  return madd(z, f32x4.mul(s, f32x4.sub(c4(1.0), s)), s);
}

/** −1, 0 or 1. */
// @ts-expect-error decorator
@inline
export function sign4(x: v128): v128 {
  const one = c4(1.0);
  return f32x4.sub(v128.and(one, f32x4.gt(x, c4(0.0))), v128.and(one, f32x4.lt(x, c4(0.0))));
}

/** base^y: by multiplication for small whole exponents, else in float64. A negative base takes a whole exponent. */
// @ts-expect-error decorator
@inline
export function pow4(base: v128, y: f32): v128 {
  if (Mathf.trunc(y) === y && Mathf.abs(y) <= 64.0) {
    let product = c4(1.0);
    let square = base;
    for (let n = <u32>Mathf.abs(y); n !== 0; n >>= 1) {
      if (n & 1) product = f32x4.mul(product, square);
      square = f32x4.mul(square, square);
    }
    return y < 0.0 ? f32x4.div(c4(1.0), product) : product;
  }
  let v = c4(pow(f32x4.extract_lane(base, 0), y));
  v = f32x4.replace_lane(v, 1, pow(f32x4.extract_lane(base, 1), y));
  v = f32x4.replace_lane(v, 2, pow(f32x4.extract_lane(base, 2), y));
  return f32x4.replace_lane(v, 3, pow(f32x4.extract_lane(base, 3), y));
}
