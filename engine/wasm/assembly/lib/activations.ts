import { c4, erfc4, exp4, madd, pow, sigmoid4 } from './math';

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
