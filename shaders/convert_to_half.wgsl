// Each element as a half, two to a word; see lib/half.wgsl. The second half of the last word may be nobody's: it is 0.

// @include lib/index.wgsl
// @include lib/half.wgsl

alias From = f32; // @param

struct Params {
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<From>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = 2u * linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  var word = halfBits(f32(x[i]));
  if (i + 1u < params.total) { word |= halfBits(f32(x[i + 1u])) << 16u; }
  output[i / 2u] = word;
}
