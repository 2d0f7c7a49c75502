import { c4, cos4, exp4, expm14, madd, sin4, withSignOf } from './math';

/** Functions that only the elementwise kernels need, on four lanes, to about 2e-7; the same as shaders/lib/functions.wgsl. */

// @ts-expect-error decorator
@inline
export function tan4(x: v128): v128 {
  return f32x4.div(sin4(x), cos4(x));
}

/** asin x for |x| ≤ ½. */
// @ts-expect-error decorator
@inline
function asinMiddle(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = c4(0.0421663299);
  p = madd(p, z, c4(0.0241795015));
  p = madd(p, z, c4(0.0454703793));
  p = madd(p, z, c4(0.0749529749));
  p = madd(p, z, c4(0.166667521));
  return madd(f32x4.mul(x, z), p, x);
}

/** Half the angle whose cosine is a, for a from ½ to 1; NaN beyond. */
// @ts-expect-error decorator
@inline
function halfAcos(a: v128): v128 {
  return asinMiddle(f32x4.sqrt(f32x4.sub(c4(0.5), f32x4.mul(c4(0.5), a))));
}

// @ts-expect-error decorator
@inline
export function asin4(x: v128): v128 {
  const a = f32x4.abs(x);
  const far = withSignOf(f32x4.sub(c4(1.57079633), f32x4.mul(c4(2.0), halfAcos(a))), x);
  return v128.bitselect(asinMiddle(x), far, f32x4.le(a, c4(0.5)));
}

// @ts-expect-error decorator
@inline
export function acos4(x: v128): v128 {
  const a = f32x4.abs(x);
  const half = f32x4.mul(c4(2.0), halfAcos(a));
  const far = v128.bitselect(f32x4.sub(c4(3.14159265), half), half, f32x4.lt(x, c4(0.0)));
  return v128.bitselect(f32x4.sub(c4(1.57079633), asinMiddle(x)), far, f32x4.le(a, c4(0.5)));
}

/** atan x for |x| ≤ √2 − 1. */
// @ts-expect-error decorator
@inline
function atanMiddle(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = c4(-0.0607821979);
  p = madd(p, z, c4(0.105938129));
  p = madd(p, z, c4(-0.142435327));
  p = madd(p, z, c4(0.199984714));
  p = madd(p, z, c4(-0.333333164));
  return madd(f32x4.mul(x, z), p, x);
}

/** The angle of the point (x, y) in the first quadrant, from 0 to π/2: in eighths of a turn, so that the quotient is small. */
// @ts-expect-error decorator
@inline
function firstAngle(y: v128, x: v128): v128 {
  const low = f32x4.min(x, y);
  const high = f32x4.max(x, y);
  // Infinities alike are half way; at the origin the angle is 0.
  let ratio = v128.bitselect(c4(1.0), f32x4.div(low, high), f32x4.eq(low, high));
  ratio = v128.andnot(ratio, f32x4.eq(high, c4(0.0)));
  const steep = f32x4.gt(ratio, c4(0.414213562));
  const turned = f32x4.div(f32x4.sub(ratio, c4(1.0)), f32x4.add(ratio, c4(1.0)));
  const near = atanMiddle(v128.bitselect(turned, ratio, steep));
  const eighth = f32x4.add(near, v128.and(c4(0.785398163), steep));
  return v128.bitselect(f32x4.sub(c4(1.57079633), eighth), eighth, f32x4.gt(y, x));
}

// @ts-expect-error decorator
@inline
export function atan4(x: v128): v128 {
  return withSignOf(firstAngle(f32x4.abs(x), c4(1.0)), x);
}

/** The angle of the point (x, y), from −π to π. */
// @ts-expect-error decorator
@inline
export function atan24(y: v128, x: v128): v128 {
  const a = firstAngle(f32x4.abs(y), f32x4.abs(x));
  const left = i32x4.shr_s(x, 31);
  return withSignOf(v128.bitselect(f32x4.sub(c4(3.14159265), a), a, left), y);
}

/** ½ e^a for a from 20 to where it overflows, which is later than e^a. */
// @ts-expect-error decorator
@inline
function halfExp(a: v128): v128 {
  const h = exp4(f32x4.mul(c4(0.5), a));
  return f32x4.mul(f32x4.mul(c4(0.5), h), h);
}

// @ts-expect-error decorator
@inline
export function sinh4(x: v128): v128 {
  const a = f32x4.abs(x);
  const t = expm14(f32x4.pmin(a, c4(20.0)));
  const near = f32x4.mul(c4(0.5), f32x4.add(t, f32x4.div(t, f32x4.add(t, c4(1.0)))));
  return withSignOf(v128.bitselect(near, halfExp(a), f32x4.le(a, c4(20.0))), x);
}

// @ts-expect-error decorator
@inline
export function cosh4(x: v128): v128 {
  const a = f32x4.abs(x);
  const e = exp4(f32x4.pmin(a, c4(20.0)));
  const near = f32x4.mul(c4(0.5), f32x4.add(e, f32x4.div(c4(1.0), e)));
  return v128.bitselect(near, halfExp(a), f32x4.le(a, c4(20.0)));
}
