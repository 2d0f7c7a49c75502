// The angle whose tangent is given, to about 1e-7. The coefficients are a minimax fit.

// @include lib/math.wgsl

// atan x for |x| ≤ √2 − 1.
fn atanMiddle(x: f32) -> f32 {
  let z = x * x;
  var p = -0.0607821979;
  p = fma(p, z, 0.105938129);
  p = fma(p, z, -0.142435327);
  p = fma(p, z, 0.199984714);
  p = fma(p, z, -0.333333164);
  return fma(x * z, p, x);
}

// The angle of the point (x, y) in the first quadrant, from 0 to π/2: in eighths of a turn, so that the quotient is small.
fn firstAngle(y: f32, x: f32) -> f32 {
  let low = min(x, y);
  let high = max(x, y);
  if (high == 0.0) { return 0.0; }
  // Infinities alike are half way.
  let ratio = select(low / high, 1.0, low == high);
  let steep = ratio > 0.414213562;
  let eighth = select(atanMiddle(ratio), 0.785398163 + atanMiddle((ratio - 1.0) / (ratio + 1.0)), steep);
  return select(eighth, 1.57079633 - eighth, y > x);
}

fn preciseAtan(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let a = firstAngle(abs(x), 1.0);
  return select(a, -a, (bitcast<u32>(x) >> 31u) != 0u);
}

// The angle of the point (x, y), from −π to π.
fn preciseAtan2(y: f32, x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  if (isNaN(y)) { return y; }
  var a = firstAngle(abs(y), abs(x));
  if ((bitcast<u32>(x) >> 31u) != 0u) { a = 3.14159265 - a; }
  return select(a, -a, (bitcast<u32>(y) >> 31u) != 0u);
}
