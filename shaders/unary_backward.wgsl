// output = dy · f′, element by element, for the functions whose gradient in tensor operations would take several passes. v
// is the x or the y of y = f(x), whichever is said in engine/ops/unaryBackward.ts. OP says which function
// (engine/ops/codes.json).

// @include lib/index.wgsl
// @include lib/math.wgsl
// @include lib/unary_codes.generated.wgsl

const OP: u32 = 3u; // @param

struct Params {
  total: u32,
  // The exponent of pow; the bounds of clamp; what softplus, leakyRelu and elu take.
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

fn quickGeluGrad(x: f32) -> f32 {
  let s = sigmoid(1.702 * x);
  return s + 1.702 * x * (s * (1.0 - s));
}

fn hardswishGrad(x: f32) -> f32 {
  return select(select((2.0 * x + 3.0) / 6.0, 1.0, x >= 3.0), 0.0, x <= -3.0);
}

fn apply(dy: f32, v: f32) -> f32 {
  switch (OP) {
    case RELU: { return select(0.0, dy, v > 0.0); }
    case GELU: { return dy * geluGrad(v); }
    case GELU_TANH: { return dy * geluTanhGrad(clamp(v, -30.0, 30.0)); }
    case SIGMOID: { return dy * v * (1.0 - v); }
    case TANH: { return dy * (1.0 - v * v); }
    case SILU: { return dy * siluGrad(v); }
    case SQUARE: { return dy * (v + v); }
    case SIN: { return dy * preciseCos(v); }
    case COS: { return -dy * preciseSin(v); }
    case ERF: { return dy * 1.12837917 * preciseExp(-v * v); }
    case SQRT: { return dy * 0.5 / v; }
    case RSQRT: { return dy * -0.5 * v * v * v; }
    case RECIPROCAL: { return -dy * v * v; }
    case POW: { return dy * params.a * precisePow(v, params.a - 1.0); }
    case CLAMP: { return select(0.0, dy, v >= params.a && v <= params.b); }
    case SOFTPLUS: { return dy * sigmoid(params.a * v); }
    case LEAKY_RELU: { return select(params.a * dy, dy, v > 0.0); }
    case ELU: { return select(dy * (params.a * preciseExp(min(v, 0.0))), dy, v > 0.0); }
    case HARDSWISH: { return dy * hardswishGrad(v); }
    case QUICK_GELU: { return dy * quickGeluGrad(v); }
    default: { return dy * sign(v); } // ABS
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
