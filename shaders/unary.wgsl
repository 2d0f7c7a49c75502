// output = f(x), element by element; OP says which function (engine/ops/defineUnary.ts lists the codes).

// @include lib/index.wgsl
// @include lib/math.wgsl

const OP: u32 = 0u; // @param

struct Params {
  total: u32,
  // The exponent of pow; the bounds of clamp.
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
    case 0u: { return -x; } // neg
    case 1u: { return preciseExp(x); } // exp
    case 2u: { return abs(x); } // abs
    case 3u: { return max(x, 0.0); } // relu
    case 4u: { return gelu(x); } // gelu
    case 5u: { return geluTanh(x); } // geluTanh
    case 6u: { return sigmoid(x); } // sigmoid
    case 7u: { return preciseTanh(x); } // tanh
    case 8u: { return x * sigmoid(x); } // silu
    case 9u: { return x * x; } // square
    case 10u: { return preciseSin(x); } // sin
    case 11u: { return preciseCos(x); } // cos
    case 12u: { return erf(x); } // erf
    case 13u: { return preciseLog(x); } // log
    case 14u: { return sqrt(x); } // sqrt
    case 15u: { return inverseSqrt(x); } // rsqrt
    case 16u: { return 1.0 / x; } // reciprocal
    case 17u: { return precisePow(x, params.a); } // pow
    case 18u: { return clampTo(x, params.a, params.b); } // clamp
    case 19u: { return sign(x); } // sign
    case 20u: { return floor(x); } // floor
    case 21u: { return ceil(x); } // ceil
    default: { return round(x); } // round
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
