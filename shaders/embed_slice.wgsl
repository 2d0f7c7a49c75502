// Writes x [outer, n, inner] into output [outer, size, inner] at the places start, start + step, … of the middle
// dimension, and `value` everywhere else. Bits are kept, so one kernel serves every dtype.

// @include lib/index.wgsl

struct Params {
  total: u32,
  n: u32,
  size: u32,
  inner: u32,
  start: u32,
  step: u32,
  value: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let line = i / params.inner;
  let column = i - line * params.inner;
  let outer = line / params.size;
  let place = line - outer * params.size;
  var word = params.value;
  if (place >= params.start) {
    let k = (place - params.start) / params.step;
    if (k < params.n && params.start + k * params.step == place) {
      word = x[(outer * params.n + k) * params.inner + column];
    }
  }
  output[i] = word;
}
