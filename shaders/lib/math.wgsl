// Elementary functions to about 1e-7. WGSL promises far less of its own: sin and cos an absolute 2^-11 and nothing
// outside [-π, π], exp 3 + 2|x| units in the last place, log an absolute 2^-21 near 1; tanh overflows, pow takes no
// negative base, and erf is missing. Coefficients are minimax fits. Sums that must not be reordered are written with
// fma, which no compiler takes apart.
//
// A shader may assume that there is no NaN and no infinity, so where they matter they are known by their bits.

// @include lib/wide.wgsl

fn isNaN(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn isFinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// NaN and infinity cannot be written as constants: their bits have to come in at run time.
fn fromBits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}

// 2^n for n from -126 to 127.
fn powerOfTwo(n: i32) -> f32 {
  return bitcast<f32>(u32(n + 127) << 23u);
}

// e^x = 2^n · e^r with |r| ≤ ln 2 / 2.
fn preciseExp(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let c = clamp(x, -104.0, 89.0);
  let n = round(c * 1.44269504);
  let r = fma(-n, -2.12194440e-4, fma(-n, 0.693359375, c));
  var p = 0.00139517197;
  p = fma(p, r, 0.00836959854);
  p = fma(p, r, 0.0416661873);
  p = fma(p, r, 0.166665122);
  p = fma(p, r, 0.5);
  p = fma(r * r, p, r) + 1.0;
  // In two steps, since 2^128 and 2^-150 are out of range.
  let half = i32(n) / 2;
  return p * powerOfTwo(half) * powerOfTwo(i32(n) - half);
}

// log(1 + f) for f from √½ − 1 to √2 − 1, without the first term f: what is added to it.
fn logTail(f: f32) -> f32 {
  var p = 0.0675757006;
  p = fma(p, f, -0.116943352);
  p = fma(p, f, 0.118935123);
  p = fma(p, f, -0.124030836);
  p = fma(p, f, 0.142185539);
  p = fma(p, f, -0.166680902);
  p = fma(p, f, 0.200021669);
  p = fma(p, f, -0.250000089);
  p = fma(p, f, 0.333333105);
  return f * f * fma(p, f, -0.5);
}

// log x = e · ln 2 + log m with m from √½ to √2. log 0 is -∞, of a negative number NaN.
fn preciseLog(x: f32) -> f32 {
  if (isNaN(x) || x > 3.4028234e38) { return x; }
  if (x <= 0.0) { return fromBits(select(0x7fc00000u, 0xff800000u, x == 0.0)); }
  let small = x < 1.17549435e-38;
  let bits = bitcast<i32>(select(x, x * 16777216.0, small));
  let e = (bits - 0x3f3504f3) >> 23u;
  let f = bitcast<f32>(bits - (e << 23u)) - 1.0;
  let n = f32(e) - select(0.0, 24.0, small);
  return fma(n, 0.693359375, fma(n, -2.12194440e-4, logTail(f)) + f);
}

// log(1 + x), exact also where x is tiny.
fn preciseLog1p(x: f32) -> f32 {
  if (x > -0.292 && x < 0.414) { return x + logTail(x); }
  return preciseLog(1.0 + x);
}

// An angle as q quarter turns and the rest r, |r| ≤ π/4.
struct Angle {
  r: f32,
  q: u32,
}

fn reduceAngle(x: f32) -> Angle {
  let a = abs(x);
  var angle: Angle;
  if (a < 12800.0) {
    // π/2 in three parts; n times the first two is exact.
    let n = round(x * 0.636619772);
    angle.r = fma(-n, 7.54978995e-8, fma(-n, 4.83751297e-4, fma(-n, 1.5703125, x)));
    angle.q = u32(i32(n));
    return angle;
  }
  // Payne and Hanek: of x·2/π only the bits around the point are computed, from as many digits of 2/π as it takes.
  let bits = bitcast<u32>(a);
  let mantissa = (bits << 8u) | 0x80000000u;
  let exponent = (bits >> 23u) - 126u;
  let digits = array<u32, 8>(
    0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0u
  );
  let i = exponent >> 5u;
  let s = exponent & 31u;
  var high = digits[i];
  var middle = digits[i + 1u];
  var low = digits[i + 2u];
  if (s != 0u) {
    high = (high << s) | (middle >> (32u - s));
    middle = (middle << s) | (low >> (32u - s));
    low = (low << s) | (digits[i + 3u] >> (32u - s));
  }
  // The product in fixed point: two bits of quarter turns, 62 of fraction.
  let carry = mulHigh(mantissa, low);
  var lower = mantissa * middle + carry;
  var upper = mulHigh(mantissa, middle) + select(0u, 1u, lower < carry) + mantissa * high;
  var q = upper >> 30u;
  upper &= 0x3fffffffu;
  var negative = false;
  if (upper >= 0x20000000u) {
    // Above an eighth turn: count from the next quarter.
    q++;
    lower = ~lower + 1u;
    upper = (~upper + select(0u, 1u, lower == 0u)) & 0x3fffffffu;
    negative = true;
  }
  // Leading zeros are shifted out before the conversion, so that angles near a quarter turn keep their bits.
  let zeros = countLeadingZeros(upper);
  var top = upper;
  if (zeros > 0u && zeros < 32u) { top = (upper << zeros) | (lower >> (32u - zeros)); }
  if (zeros == 32u) { top = lower; }
  angle.r = f32(top) * powerOfTwo(-i32(zeros) - 30) * 1.57079633;
  if (negative != (x < 0.0)) { angle.r = -angle.r; }
  angle.q = select(q, ~q + 1u, x < 0.0);
  return angle;
}

fn sineOf(angle: Angle) -> f32 {
  let r = angle.r;
  let z = r * r;
  var y: f32;
  if ((angle.q & 1u) == 0u) {
    y = fma(r * z, fma(fma(-1.95140848e-4, z, 0.00833215471), z, -0.166666552), r);
  } else {
    y = fma(z * z, fma(fma(2.44348466e-5, z, -0.00138873374), z, 0.0416666456), fma(-0.5, z, 1.0));
  }
  return select(y, -y, (angle.q & 2u) != 0u);
}

fn preciseSin(x: f32) -> f32 {
  if (!isFinite(x)) { return fromBits(0x7fc00000u); }
  return sineOf(reduceAngle(x));
}

fn preciseCos(x: f32) -> f32 {
  if (!isFinite(x)) { return fromBits(0x7fc00000u); }
  let angle = reduceAngle(x);
  return sineOf(Angle(angle.r, angle.q + 1u));
}

fn preciseTanh(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let a = abs(x);
  if (a < 0.625) {
    let z = x * x;
    var p = -0.00571629032;
    p = fma(p, z, 0.0206499435);
    p = fma(p, z, -0.0537433103);
    p = fma(p, z, 0.133314893);
    p = fma(p, z, -0.333332837);
    return fma(x * z, p, x);
  }
  let y = 1.0 - 2.0 / (preciseExp(2.0 * min(a, 10.0)) + 1.0);
  return select(y, -y, x < 0.0);
}

// erfc x = e^(-x²) · t · P(t), t = 1 / (1 + 0.4 x), for x from 1.
fn erfcTail(x: f32) -> f32 {
  let t = 1.0 / fma(0.4, x, 1.0);
  var p = 0.0627426431;
  p = fma(p, t, -0.230753034);
  p = fma(p, t, 0.245631844);
  p = fma(p, t, -0.0719415471);
  p = fma(p, t, 0.175281063);
  p = fma(p, t, 0.158185825);
  p = fma(p, t, 0.209691197);
  p = fma(p, t, 0.225493357);
  p = fma(p, t, 0.225682795);
  return preciseExp(-x * x) * t * p;
}

// erf x for |x| ≤ 1.
fn erfMiddle(x: f32) -> f32 {
  let z = x * x;
  var p = 7.88912294e-5;
  p = fma(p, z, -8.02084222e-4);
  p = fma(p, z, 0.00518953567);
  p = fma(p, z, -0.0268544443);
  p = fma(p, z, 0.112836003);
  p = fma(p, z, -0.37612626);
  p = fma(p, z, 1.12837911);
  return x * p;
}

// The error function 2/√π · ∫₀ˣ e^(-t²) dt.
fn erf(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let a = abs(x);
  if (a < 1.0) { return erfMiddle(x); }
  let y = 1.0 - erfcTail(min(a, 10.0));
  return select(y, -y, x < 0.0);
}

// 1 − erf x without cancellation.
fn erfc(x: f32) -> f32 {
  if (isNaN(x)) { return x; }
  let a = abs(x);
  if (a < 1.0) { return 1.0 - erfMiddle(x); }
  let y = erfcTail(min(a, 10.0));
  return select(y, 2.0 - y, x < 0.0);
}

// 1 / (1 + e^-x); e^-|x| never overflows.
fn sigmoid(x: f32) -> f32 {
  let e = preciseExp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

// log(1 + e^x).
fn softplus(x: f32) -> f32 {
  return max(x, 0.0) + preciseLog1p(preciseExp(-abs(x)));
}

// The standard normal distribution function Φ(x).
fn normalCdf(x: f32) -> f32 {
  return 0.5 * erfc(-0.707106781 * x);
}

// x · Φ(x).
fn gelu(x: f32) -> f32 {
  return x * normalCdf(x);
}

// d gelu / dx = Φ(x) + x · φ(x).
fn geluGrad(x: f32) -> f32 {
  return normalCdf(x) + x * 0.398942280 * preciseExp(-0.5 * x * x);
}

// The approximation 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).
fn geluTanh(x: f32) -> f32 {
  return x * sigmoid(1.59576912 * x * fma(0.044715 * x, x, 1.0));
}

fn geluTanhGrad(x: f32) -> f32 {
  let s = sigmoid(1.59576912 * x * fma(0.044715 * x, x, 1.0));
  return s + x * s * (1.0 - s) * 1.59576912 * fma(0.134145 * x, x, 1.0);
}

// base^y as torch.pow has it. A negative base takes a whole exponent; another gives NaN.
fn precisePow(base: f32, y: f32) -> f32 {
  if (y == 0.0 || base == 1.0) { return 1.0; }
  if (isNaN(base)) { return base; }
  if (isNaN(y)) { return y; }
  let whole = y == trunc(y);
  if (whole && abs(y) <= 64.0) {
    var n = u32(abs(y));
    var square = base;
    var product = 1.0;
    while (n != 0u) {
      if ((n & 1u) != 0u) { product *= square; }
      square *= square;
      n >>= 1u;
    }
    return select(product, 1.0 / product, y < 0.0);
  }
  if (base == 0.0) { return fromBits(select(0u, 0x7f800000u, y < 0.0)); }
  if (base < 0.0 && !whole) { return fromBits(0x7fc00000u); }
  let power = preciseExp(y * preciseLog(abs(base)));
  // Numbers from 2^24 are even.
  let odd = whole && abs(y) < 16777216.0 && (i32(y) & 1) != 0;
  return select(power, -power, base < 0.0 && odd);
}
