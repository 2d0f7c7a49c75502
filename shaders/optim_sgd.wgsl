// One step of gradient descent over a range of parameters, in place: p = p - rate · (scale · gradient + l2 · p).

// @include lib/index.wgsl

struct Params {
  total: u32,
  pOffset: u32,
  gOffset: u32,
  l2: f32,
  rate: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let at = params.pOffset + i;
  let old = p[at];
  let g = fma(params.l2, old, scale[0] * gradient[params.gOffset + i]);
  p[at] = fma(-params.rate, g, old);
}
