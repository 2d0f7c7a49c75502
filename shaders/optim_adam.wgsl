// One step of Adam over a range of parameters, in place:
//
//   g = scale · gradient + l2 · p
//   m = m + (1 - β1) (g - m),   v = β2 v + (1 - β2) g²
//   p = p - decay · p - rate · m / (√v / correction + ε)
//
// rate = lr / (1 - β1^t), correction = √(1 - β2^t); decay = lr · weight decay for AdamW, l2 = weight decay for Adam. The
// ranges of m and v begin at the same offset.

// @include lib/index.wgsl

struct Params {
  total: u32,
  pOffset: u32,
  gOffset: u32,
  stateOffset: u32,
  l2: f32,
  decay: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  rate: f32,
  correction: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;
@group(0) @binding(5) var<storage, read> scale: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let at = params.pOffset + i;
  let state = params.stateOffset + i;
  let old = p[at];
  let g = fma(params.l2, old, scale[0] * gradient[params.gOffset + i]);
  let first = fma(params.oneMinusBeta1, g - m[state], m[state]);
  let second = fma(params.beta2, v[state], params.oneMinusBeta2 * g * g);
  m[state] = first;
  v[state] = second;
  let decayed = fma(-params.decay, old, old);
  p[at] = decayed - params.rate * first / (sqrt(second) / params.correction + params.eps);
}
