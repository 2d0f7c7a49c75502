/**
 * Elementary functions on four lanes, to about 1e-7: the same reductions and polynomials as shaders/lib/math.wgsl, so
 * that both devices agree. The scalar of each is its first lane, so a value does not depend on where a range was cut.
 */

/** a·b + c: fused in the relaxed build, rounded twice in the plain one. */
// @ts-expect-error decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** a·b + c for one number, rounded as `madd` rounds it. */
// @ts-expect-error decorator
@inline
export function madd1(a: f32, b: f32, c: f32): f32 {
  if (ASC_FEATURE_RELAXED_SIMD) return first(f32x4.relaxed_madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)));
  return a * b + c;
}

// @ts-expect-error decorator
@inline
export function first(v: v128): f32 {
  return f32x4.extract_lane(v, 0);
}

/** The sum of the lanes, in a fixed order. */
// @ts-expect-error decorator
@inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2) + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

// @ts-expect-error decorator
@inline
export function maxLanes(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/** Four values of a constant. */
// @ts-expect-error decorator
@inline
export function c4(x: f32): v128 {
  return f32x4.splat(x);
}

/** 2^n for integer lanes from -126 to 127. */
// @ts-expect-error decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x = 2^n · e^r with |r| ≤ ln 2 / 2; 0 far below, ∞ far above, NaN stays NaN. */
// @ts-expect-error decorator
@inline
export function exp4(x: v128): v128 {
  const c = f32x4.pmin(f32x4.pmax(x, c4(-104.0)), c4(89.0));
  const n = f32x4.nearest(f32x4.mul(c, c4(1.44269504)));
  const r = madd(n, c4(2.1219444e-4), madd(n, c4(-0.693359375), c));
  let p = c4(0.00139517197);
  p = madd(p, r, c4(0.00836959854));
  p = madd(p, r, c4(0.0416661873));
  p = madd(p, r, c4(0.166665122));
  p = madd(p, r, c4(0.5));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), c4(1.0));
  // In two steps, since 2^128 and 2^-150 are out of range.
  const i = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(i, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(i, half)));
}

/** e^x − 1, exact also where x is tiny: 2^n · (e^r − 1) + (2^n − 1). */
// @ts-expect-error decorator
@inline
export function expm14(x: v128): v128 {
  const c = f32x4.pmin(f32x4.pmax(x, c4(-40.0)), c4(40.0));
  const n = f32x4.nearest(f32x4.mul(c, c4(1.44269504)));
  const r = madd(n, c4(2.1219444e-4), madd(n, c4(-0.693359375), c));
  let p = c4(0.00139517197);
  p = madd(p, r, c4(0.00836959854));
  p = madd(p, r, c4(0.0416661873));
  p = madd(p, r, c4(0.166665122));
  p = madd(p, r, c4(0.5));
  const scale = powerOfTwo(i32x4.trunc_sat_f32x4_s(n));
  const y = madd(scale, madd(f32x4.mul(r, r), p, r), f32x4.sub(scale, c4(1.0)));
  return v128.bitselect(y, exp4(x), f32x4.le(x, c4(40.0)));
}

export function exp(x: f32): f32 {
  return first(exp4(c4(x)));
}

/** log(1 + f) − f for f from √½ − 1 to √2 − 1. */
// @ts-expect-error decorator
@inline
function logTail(f: v128): v128 {
  let p = c4(0.0675757006);
  p = madd(p, f, c4(-0.116943352));
  p = madd(p, f, c4(0.118935123));
  p = madd(p, f, c4(-0.124030836));
  p = madd(p, f, c4(0.142185539));
  p = madd(p, f, c4(-0.166680902));
  p = madd(p, f, c4(0.200021669));
  p = madd(p, f, c4(-0.250000089));
  p = madd(p, f, c4(0.333333105));
  return f32x4.mul(f32x4.mul(f, f), madd(p, f, c4(-0.5)));
}

/** log x = e · ln 2 + log m with m from √½ to √2. log 0 is -∞, of a negative number NaN. */
// @ts-expect-error decorator
@inline
export function log4(x: v128): v128 {
  const small = f32x4.lt(x, c4(1.17549435e-38));
  const bits = v128.bitselect(f32x4.mul(x, c4(16777216.0)), x, small);
  const e = i32x4.shr_s(i32x4.sub(bits, i32x4.splat(0x3f3504f3)), 23);
  const f = f32x4.sub(i32x4.sub(bits, i32x4.shl(e, 23)), c4(1.0));
  const n = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(c4(24.0), small));
  let y = madd(n, c4(0.693359375), f32x4.add(madd(n, c4(-2.1219444e-4), logTail(f)), f));
  const zero = c4(0.0);
  y = v128.bitselect(c4(-Infinity), y, f32x4.eq(x, zero));
  y = v128.bitselect(c4(NaN), y, f32x4.lt(x, zero));
  // ∞ and NaN are their own logarithms.
  return v128.bitselect(y, x, f32x4.le(x, c4(3.4028234e38)));
}

/** log(1 + x), exact also where x is tiny. */
// @ts-expect-error decorator
@inline
export function log1p4(x: v128): v128 {
  const near = v128.and(f32x4.gt(x, c4(-0.292)), f32x4.lt(x, c4(0.414)));
  return v128.bitselect(f32x4.add(x, logTail(x)), log4(f32x4.add(x, c4(1.0))), near);
}

export function log(x: f32): f32 {
  return first(log4(c4(x)));
}

/** `magnitude` with the sign of x. */
// @ts-expect-error decorator
@inline
export function withSignOf(magnitude: v128, x: v128): v128 {
  return v128.bitselect(x, magnitude, i32x4.splat(0x80000000));
}

/** tanh x: a polynomial near 0, 1 − 2/(e^2x + 1) beyond. */
// @ts-expect-error decorator
@inline
export function tanh4(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = c4(-0.00571629032);
  p = madd(p, z, c4(0.0206499435));
  p = madd(p, z, c4(-0.0537433103));
  p = madd(p, z, c4(0.133314893));
  p = madd(p, z, c4(-0.333332837));
  const near = madd(f32x4.mul(x, z), p, x);
  const e = exp4(f32x4.mul(c4(2.0), f32x4.pmin(a, c4(10.0))));
  const far = f32x4.sub(c4(1.0), f32x4.div(c4(2.0), f32x4.add(e, c4(1.0))));
  return v128.bitselect(near, withSignOf(far, x), f32x4.lt(a, c4(0.625)));
}

export function tanh(x: f32): f32 {
  return first(tanh4(c4(x)));
}

/** erfc x = e^(-x²) · t · P(t), t = 1 / (1 + 0.4 x), for x from 1 to 10. */
// @ts-expect-error decorator
@inline
function erfcTail(x: v128): v128 {
  const t = f32x4.div(c4(1.0), madd(c4(0.4), x, c4(1.0)));
  let p = c4(0.0627426431);
  p = madd(p, t, c4(-0.230753034));
  p = madd(p, t, c4(0.245631844));
  p = madd(p, t, c4(-0.0719415471));
  p = madd(p, t, c4(0.175281063));
  p = madd(p, t, c4(0.158185825));
  p = madd(p, t, c4(0.209691197));
  p = madd(p, t, c4(0.225493357));
  p = madd(p, t, c4(0.225682795));
  return f32x4.mul(f32x4.mul(exp4(f32x4.neg(f32x4.mul(x, x))), t), p);
}

/** erf x for |x| ≤ 1. */
// @ts-expect-error decorator
@inline
function erfMiddle(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let p = c4(7.88912294e-5);
  p = madd(p, z, c4(-8.02084222e-4));
  p = madd(p, z, c4(0.00518953567));
  p = madd(p, z, c4(-0.0268544443));
  p = madd(p, z, c4(0.112836003));
  p = madd(p, z, c4(-0.37612626));
  p = madd(p, z, c4(1.12837911));
  return f32x4.mul(x, p);
}

/** The error function 2/√π · ∫₀ˣ e^(-t²) dt. */
// @ts-expect-error decorator
@inline
export function erf4(x: v128): v128 {
  const a = f32x4.abs(x);
  const far = f32x4.sub(c4(1.0), erfcTail(f32x4.pmin(a, c4(10.0))));
  return v128.bitselect(erfMiddle(x), withSignOf(far, x), f32x4.lt(a, c4(1.0)));
}

export function erf(x: f32): f32 {
  return first(erf4(c4(x)));
}

/** 1 − erf x without cancellation. */
// @ts-expect-error decorator
@inline
export function erfc4(x: v128): v128 {
  const a = f32x4.abs(x);
  const tail = erfcTail(f32x4.pmin(a, c4(10.0)));
  const far = v128.bitselect(f32x4.sub(c4(2.0), tail), tail, f32x4.lt(x, c4(0.0)));
  return v128.bitselect(f32x4.sub(c4(1.0), erfMiddle(x)), far, f32x4.lt(a, c4(1.0)));
}

export function erfc(x: f32): f32 {
  return first(erfc4(c4(x)));
}

/** 1 / (1 + e^-x); e^-|x| never overflows. */
// @ts-expect-error decorator
@inline
export function sigmoid4(x: v128): v128 {
  const e = exp4(f32x4.neg(f32x4.abs(x)));
  const top = v128.bitselect(c4(1.0), e, f32x4.ge(x, c4(0.0)));
  return f32x4.div(top, f32x4.add(c4(1.0), e));
}

export function sigmoid(x: f32): f32 {
  return first(sigmoid4(c4(x)));
}

/** sin of x turned by `quarters` quarter turns (1 makes it the cosine), for |x| below 12,800. */
// @ts-expect-error decorator
@inline
function sine4(x: v128, quarters: i32): v128 {
  // π/2 in three parts; n times the first two is exact.
  const n = f32x4.nearest(f32x4.mul(x, c4(0.636619772)));
  const r = madd(n, c4(-7.54978995e-8), madd(n, c4(-4.83751297e-4), madd(n, c4(-1.5703125), x)));
  const q = i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(quarters));
  const z = f32x4.mul(r, r);
  let s = madd(c4(-1.95140848e-4), z, c4(0.00833215471));
  s = madd(s, z, c4(-0.166666552));
  s = madd(f32x4.mul(r, z), s, r);
  let c = madd(c4(2.44348466e-5), z, c4(-0.00138873374));
  c = madd(c, z, c4(0.0416666456));
  c = madd(f32x4.mul(z, z), c, madd(c4(-0.5), z, c4(1.0)));
  const odd = i32x4.shr_s(i32x4.shl(q, 31), 31);
  const y = v128.bitselect(c, s, odd);
  // The sign bit from bit 1 of the quarter.
  return v128.xor(y, i32x4.shl(i32x4.shr_s(q, 1), 31));
}

/** Lanes out of the fast range one by one in float64. */
function sineFar(x: v128, quarters: i32): v128 {
  let y = c4(0.0);
  y = f32x4.replace_lane(y, 0, sineOf(f32x4.extract_lane(x, 0), quarters));
  y = f32x4.replace_lane(y, 1, sineOf(f32x4.extract_lane(x, 1), quarters));
  y = f32x4.replace_lane(y, 2, sineOf(f32x4.extract_lane(x, 2), quarters));
  return f32x4.replace_lane(y, 3, sineOf(f32x4.extract_lane(x, 3), quarters));
}

function sineOf(x: f32, quarters: i32): f32 {
  return <f32>(quarters === 0 ? NativeMath.sin(<f64>x) : NativeMath.cos(<f64>x));
}

// @ts-expect-error decorator
@inline
function sine(x: v128, quarters: i32): v128 {
  const near = f32x4.lt(f32x4.abs(x), c4(12800.0));
  const y = sine4(x, quarters);
  return i32x4.all_true(near) ? y : v128.bitselect(y, sineFar(x, quarters), near);
}

// @ts-expect-error decorator
@inline
export function sin4(x: v128): v128 {
  return sine(x, 0);
}

// @ts-expect-error decorator
@inline
export function cos4(x: v128): v128 {
  return sine(x, 1);
}

export function sin(x: f32): f32 {
  return first(sin4(c4(x)));
}

export function cos(x: f32): f32 {
  return first(cos4(c4(x)));
}

/** base^y with the rules of C's pow, in float64. */
export function pow(base: f32, y: f32): f32 {
  return <f32>NativeMath.pow(<f64>base, <f64>y);
}
