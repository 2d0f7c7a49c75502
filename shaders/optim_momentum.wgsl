// One step of gradient descent with momentum over a range of parameters, in place:
//
//   g = scale · gradient + l2 · p,   v = momentum · v + g
//   p = p - rate · v, or (nesterov = 1) p - rate · (g + momentum · v)

// @include lib/index.wgsl

struct Params {
  total: u32,
  pOffset: u32,
  gOffset: u32,
  stateOffset: u32,
  l2: f32,
  rate: f32,
  momentum: f32,
  nesterov: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let at = params.pOffset + i;
  let state = params.stateOffset + i;
  let old = p[at];
  let g = fma(params.l2, old, scale[0] * gradient[params.gOffset + i]);
  let next = fma(params.momentum, velocity[state], g);
  velocity[state] = next;
  let step = select(next, fma(params.momentum, next, g), params.nesterov == 1u);
  p[at] = fma(-params.rate, step, old);
}
