// output = x · scale where the random number of the element is at least p, else 0; scale = 1 / (1 − p).
//
// Element i takes word i % 4 of Philox block i / 4; its upper 24 bits are compared with threshold = ⌈p · 2^24⌉, which is
// the comparison of the uniform number with p, exactly. One invocation for each block.

// @include lib/index.wgsl
// @include lib/philox.wgsl

struct Params {
  total: u32,
  threshold: u32,
  scale: f32,
  stream: u32,
  seed: vec2<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let quad = linearIndex(group, groups, local, 256u);
  if (quad >= (params.total + 3u) / 4u) { return; }
  let words = randomBlock(quad, params.stream, params.seed);
  let first = 4u * quad;
  for (var k = 0u; k < 4u && first + k < params.total; k++) {
    let kept = (words[k] >> 8u) >= params.threshold;
    output[first + k] = select(0.0, x[first + k] * params.scale, kept);
  }
}
