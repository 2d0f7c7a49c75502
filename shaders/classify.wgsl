// 1 where a float is of a kind, else 0. The bits are looked at: WGSL may assume that there is neither NaN nor infinity.

// @include lib/index.wgsl

const KIND: u32 = 0u; // @param  0 NaN, 1 infinite, 2 finite, 3 +infinity, 4 −infinity

struct Params {
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let word = x[i];
  let size = word & 0x7fffffffu;
  var holds = size > 0x7f800000u;
  if (KIND == 1u) { holds = size == 0x7f800000u; }
  if (KIND == 2u) { holds = size < 0x7f800000u; }
  if (KIND == 3u) { holds = word == 0x7f800000u; }
  if (KIND == 4u) { holds = word == 0xff800000u; }
  output[i] = select(0u, 1u, holds);
}
