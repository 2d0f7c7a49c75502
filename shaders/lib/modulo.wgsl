// Remainders of floats, exact for every pair: by long division of the significands, one bit of the quotient at a time.

// @include lib/math.wgsl

// x − trunc(x / y) · y: the sign is that of x.
fn fmodOf(x: f32, y: f32) -> f32 {
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  let sign = bitcast<u32>(x) & 0x80000000u;
  if (a >= 0x7f800000u || b > 0x7f800000u || b == 0u) { return fromBits(0x7fc00000u); }
  if (a < b) { return x; }
  var exponentA = i32(a >> 23u);
  var exponentB = i32(b >> 23u);
  var rest = (a & 0x7fffffu) | 0x800000u;
  var by = (b & 0x7fffffu) | 0x800000u;
  // Numbers without a leading one get it, and exponents below 1.
  if (exponentA == 0) {
    let shift = countLeadingZeros(a) - 8u;
    rest = a << shift;
    exponentA = 1 - i32(shift);
  }
  if (exponentB == 0) {
    let shift = countLeadingZeros(b) - 8u;
    by = b << shift;
    exponentB = 1 - i32(shift);
  }
  for (var n = exponentA - exponentB; n > 0; n--) {
    if (rest >= by) { rest -= by; }
    rest <<= 1u;
  }
  if (rest >= by) { rest -= by; }
  if (rest == 0u) { return bitcast<f32>(sign); }
  let shift = countLeadingZeros(rest) - 8u;
  rest <<= shift;
  let exponent = exponentB - i32(shift);
  var bits = rest >> u32(1 - min(exponent, 1));
  if (exponent > 0) { bits = (rest & 0x7fffffu) | (u32(exponent) << 23u); }
  return bitcast<f32>(bits | sign);
}

// x − floor(x / y) · y: the sign is that of y.
fn remainderOf(x: f32, y: f32) -> f32 {
  let r = fmodOf(x, y);
  if (isNaN(r)) { return r; }
  return select(r, r + y, r != 0.0 && (r < 0.0) != (y < 0.0));
}
