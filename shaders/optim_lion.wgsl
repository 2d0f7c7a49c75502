// One step of Lion over a range of parameters, in place:
//
//   g = scale · gradient,   u = sign(β1 m + (1 - β1) g)
//   p = p - decay · p - rate · u,   m = β2 m + (1 - β2) g

// @include lib/index.wgsl

struct Params {
  total: u32,
  pOffset: u32,
  gOffset: u32,
  stateOffset: u32,
  decay: f32,
  rate: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let at = params.pOffset + i;
  let state = params.stateOffset + i;
  let old = p[at];
  let g = scale[0] * gradient[params.gOffset + i];
  let mean = m[state];
  let direction = sign(fma(params.beta1, mean, params.oneMinusBeta1 * g));
  m[state] = fma(params.beta2, mean, params.oneMinusBeta2 * g);
  p[at] = fma(-params.rate, direction, fma(-params.decay, old, old));
}
