// output = dy · f′, element by element, for the functions whose gradient in tensor operations would take several passes. v
// is the x or the y of y = f(x), whichever is said in engine/ops/unaryBackward.ts. OP says which function
// (engine/ops/defineUnary.ts lists the codes).

// @include lib/index.wgsl
// @include lib/math.wgsl

const OP: u32 = 3u; // @param

struct Params {
  total: u32,
  // The exponent of pow; the bounds of clamp.
  a: f32,
  b: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

fn siluGrad(x: f32) -> f32 {
  let s = sigmoid(x);
  return s + x * (s * (1.0 - s));
}

fn apply(dy: f32, v: f32) -> f32 {
  switch (OP) {
    case 3u: { return select(0.0, dy, v > 0.0); } // relu
    case 4u: { return dy * geluGrad(v); } // gelu
    case 5u: { return dy * geluTanhGrad(clamp(v, -30.0, 30.0)); } // geluTanh
    case 6u: { return dy * v * (1.0 - v); } // sigmoid
    case 7u: { return dy * (1.0 - v * v); } // tanh
    case 8u: { return dy * siluGrad(v); } // silu
    case 9u: { return dy * (v + v); } // square
    case 10u: { return dy * preciseCos(v); } // sin
    case 11u: { return -dy * preciseSin(v); } // cos
    case 12u: { return dy * 1.12837917 * preciseExp(-v * v); } // erf
    case 14u: { return dy * 0.5 / v; } // sqrt
    case 15u: { return dy * -0.5 * v * v * v; } // rsqrt
    case 16u: { return -dy * v * v; } // reciprocal
    case 17u: { return dy * params.a * precisePow(v, params.a - 1.0); } // pow
    case 18u: { return select(0.0, dy, v >= params.a && v <= params.b); } // clamp
    default: { return dy * sign(v); } // abs
  }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let first = linearGroup(group, groups) * 1024u + local;
  for (var k = 0u; k < 4u; k++) {
    let i = first + k * 256u;
    if (i >= params.total) { return; }
    output[i] = apply(dy[i], v[i]);
  }
}
