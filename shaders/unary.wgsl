// output = f(x), element by element; OP says which function (engine/ops/codes.json).

// @include lib/index.wgsl
// @include lib/math.wgsl
// @include lib/functions.wgsl
// @include lib/unary_codes.generated.wgsl

const OP: u32 = 0u; // @param

struct Params {
  total: u32,
  // The exponent of pow; the bounds of clamp; what softplus, leakyRelu and elu take.
  a: f32,
  b: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

fn clampTo(x: f32, low: f32, high: f32) -> f32 {
  let y = select(x, low, x < low);
  return select(y, high, y > high);
}

fn apply(x: f32) -> f32 {
  switch (OP) {
    case NEG: { return -x; }
    case EXP: { return preciseExp(x); }
    case ABS: { return abs(x); }
    case RELU: { return max(x, 0.0); }
    case GELU: { return gelu(x); }
    case GELU_TANH: { return geluTanh(x); }
    case SIGMOID: { return sigmoid(x); }
    case TANH: { return preciseTanh(x); }
    case SILU: { return x * sigmoid(x); }
    case SQUARE: { return x * x; }
    case SIN: { return preciseSin(x); }
    case COS: { return preciseCos(x); }
    case ERF: { return erf(x); }
    case LOG: { return preciseLog(x); }
    case SQRT: { return sqrt(x); }
    case RSQRT: { return inverseSqrt(x); }
    case RECIPROCAL: { return 1.0 / x; }
    case POW: { return precisePow(x, params.a); }
    case CLAMP: { return clampTo(x, params.a, params.b); }
    case SIGN: { return sign(x); }
    case FLOOR: { return floor(x); }
    case CEIL: { return ceil(x); }
    case TRUNC: { return trunc(x); }
    case LOG1P: { return preciseLog1p(x); }
    case EXPM1: { return preciseExpm1(x); }
    case TAN: { return preciseTan(x); }
    case ASIN: { return preciseAsin(x); }
    case ACOS: { return preciseAcos(x); }
    case ATAN: { return preciseAtan(x); }
    case SINH: { return preciseSinh(x); }
    case COSH: { return preciseCosh(x); }
    case SOFTPLUS: { return softplus(params.a * x) / params.a; }
    case LEAKY_RELU: { return select(params.a * x, x, x > 0.0); }
    case ELU: { return select(params.a * preciseExpm1(min(x, 0.0)), x, x > 0.0); }
    case HARDSWISH: { return x * (clamp(x + 3.0, 0.0, 6.0) / 6.0); }
    case QUICK_GELU: { return x * sigmoid(1.702 * x); }
    default: { return round(x); } // ROUND
  }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let first = linearGroup(group, groups) * 1024u + local;
  for (var k = 0u; k < 4u; k++) {
    let i = first + k * 256u;
    if (i >= params.total) { return; }
    output[i] = apply(x[i]);
  }
}
