// Each half, two to a word, as an element of another type. To int32 cuts towards zero; to bool is 1 where it is not 0.

// @include lib/index.wgsl
// @include lib/half.wgsl

const TO_BOOL: bool = false; // @param
// Bits are kept: an infinite number stays one.
const TO_FLOAT: bool = true; // @param

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
  let half = (x[i / 2u] >> (16u * (i % 2u))) & 0xffffu;
  let bits = halfAsFloatBits(half);
  if (TO_FLOAT) {
    output[i] = bits;
  } else if (TO_BOOL) {
    output[i] = u32((half & 0x7fffu) != 0u);
  } else {
    output[i] = bitcast<u32>(i32(bitcast<f32>(bits)));
  }
}
