// Copies x, halves with any strides and offset, into output, row-major without gaps; two lie in a word, and each thread
// writes one. Bits are kept. Six dimensions, outermost first, missing ones have size 1; strides in halves.

// @include lib/index.wgsl

struct Params {
  total: u32,
  xOffset: u32,
  sizes: array<vec4<u32>, 2>,
  xStrides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

// Element i of the output.
fn halfOf(i: u32) -> u32 {
  if (i >= params.total) { return 0u; }
  var rest = i;
  var at = params.xOffset;
  for (var d = 5u; d < 6u; d--) {
    let size = params.sizes[d / 4u][d % 4u];
    at += rest % size * params.xStrides[d / 4u][d % 4u];
    rest /= size;
  }
  return (x[at / 2u] >> (16u * (at % 2u))) & 0xffffu;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = 2u * linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  output[i / 2u] = halfOf(i) | (halfOf(i + 1u) << 16u);
}
