// Functions that only the elementwise kernels need, to about 2e-7; see lib/math.wgsl. The coefficients are a minimax fit.

// @include lib/math.wgsl
// @include lib/arctangent.wgsl

// e^x − 1, exact also where x is tiny: 2^n · (e^r − 1) + (2^n − 1).
fn preciseExpm1(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  if (x > 40.0) { return preciseExp(x); }
  let c = max(x, -40.0);
  let n = round(c * 1.44269504);
  let r = fma(-n, -2.12194440e-4, fma(-n, 0.693359375, c));
  var p = 0.00139517197;
  p = fma(p, r, 0.00836959854);
  p = fma(p, r, 0.0416661873);
  p = fma(p, r, 0.166665122);
  p = fma(p, r, 0.5);
  let scale = powerOfTwo(i32(n));
  return fma(scale, fma(r * r, p, r), scale - 1.0);
}

fn preciseTan(x: f32) -> f32 {
  if (!isFinite(x)) { return fromBits(0x7fc00000u); }
  let angle = reduceAngle(x);
  return sineOf(angle) / sineOf(Angle(angle.r, angle.q + 1u));
}

// asin x for |x| ≤ ½.
fn asinMiddle(x: f32) -> f32 {
  let z = x * x;
  var p = 0.0421663299;
  p = fma(p, z, 0.0241795015);
  p = fma(p, z, 0.0454703793);
  p = fma(p, z, 0.0749529749);
  p = fma(p, z, 0.166667521);
  return fma(x * z, p, x);
}

// Half the angle whose cosine is a, for a from ½ to 1.
fn halfAcos(a: f32) -> f32 {
  return asinMiddle(sqrt(max(0.0, 0.5 - 0.5 * a)));
}

fn preciseAsin(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x) || a > 1.0) { return fromBits(0x7fc00000u); }
  if (a <= 0.5) { return asinMiddle(x); }
  let y = 1.57079633 - 2.0 * halfAcos(a);
  return select(y, -y, x < 0.0);
}

fn preciseAcos(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x) || a > 1.0) { return fromBits(0x7fc00000u); }
  if (a <= 0.5) { return 1.57079633 - asinMiddle(x); }
  let y = 2.0 * halfAcos(a);
  return select(y, 3.14159265 - y, x < 0.0);
}

// ½ e^a for a from 20 to where it overflows, which is later than e^a.
fn halfExp(a: f32) -> f32 {
  let h = preciseExp(0.5 * a);
  return 0.5 * h * h;
}

fn preciseSinh(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x)) { return x; }
  var y = 0.0;
  if (a > 20.0) {
    y = halfExp(a);
  } else {
    let t = preciseExpm1(a);
    y = 0.5 * (t + t / (t + 1.0));
  }
  return select(y, -y, x < 0.0);
}

fn preciseCosh(x: f32) -> f32 {
  let a = abs(x);
  if (isNaN(x)) { return x; }
  if (a > 20.0) { return halfExp(a); }
  let e = preciseExp(a);
  return 0.5 * (e + 1.0 / e);
}
