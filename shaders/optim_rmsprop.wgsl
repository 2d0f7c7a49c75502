// One step of RMSprop over a range of parameters, in place:
//
//   g = scale · gradient + l2 · p,   squares = α squares + (1 - α) g²
//   CENTERED:  mean = mean + (1 - α)(g - mean), and squares - mean² in place of squares below
//   d = g / (√squares + ε);   MOMENTUM:  velocity = momentum · velocity + d, and velocity in place of d
//   p = p - rate · d
//
// All states begin at the same offset; those that are not kept are not touched.

// @include lib/index.wgsl

const CENTERED: bool = false; // @param
const MOMENTUM: bool = false; // @param

struct Params {
  total: u32,
  pOffset: u32,
  gOffset: u32,
  stateOffset: u32,
  l2: f32,
  rate: f32,
  alpha: f32,
  oneMinusAlpha: f32,
  momentum: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> squares: array<f32>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(6) var<storage, read> scale: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let at = params.pOffset + i;
  let state = params.stateOffset + i;
  let old = p[at];
  let g = fma(params.l2, old, scale[0] * gradient[params.gOffset + i]);
  let square = fma(params.alpha, squares[state], params.oneMinusAlpha * g * g);
  squares[state] = square;
  var spread = square;
  if (CENTERED) {
    let middle = fma(params.oneMinusAlpha, g - mean[state], mean[state]);
    mean[state] = middle;
    spread = max(0.0, fma(-middle, middle, square));
  }
  var step = g / (sqrt(spread) + params.eps);
  if (MOMENTUM) {
    step = fma(params.momentum, velocity[state], step);
    velocity[state] = step;
  }
  p[at] = fma(-params.rate, step, old);
}
