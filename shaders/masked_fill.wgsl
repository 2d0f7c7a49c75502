// output = value where the mask is true (or, with KEEP, where it is false), else x, with broadcasting: inputs with any
// strides and offset, output row-major. Words are moved as they are, so one kernel serves every dtype.
//
// The walk has DIMS dimensions after neighbours were merged; nothing is divided for the outermost one.

// @include lib/index.wgsl

const DIMS: u32 = 6u; // @param
const KEEP: bool = false; // @param

struct Params {
  total: u32,
  // The bits of the value.
  value: u32,
  xOffset: u32,
  maskOffset: u32,
  sizes: array<vec4<u32>, 2>,
  xStrides: array<vec4<u32>, 2>,
  maskStrides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  var rest = i;
  var atX = params.xOffset;
  var atMask = params.maskOffset;
  for (var d = 5u; d > 6u - DIMS; d--) {
    let size = params.sizes[d / 4u][d % 4u];
    let at = rest % size;
    rest /= size;
    atX += at * params.xStrides[d / 4u][d % 4u];
    atMask += at * params.maskStrides[d / 4u][d % 4u];
  }
  let d = 6u - DIMS;
  atX += rest * params.xStrides[d / 4u][d % 4u];
  atMask += rest * params.maskStrides[d / 4u][d % 4u];
  if ((mask[atMask] != 0u) != KEEP) {
    output[i] = params.value;
  } else {
    output[i] = x[atX];
  }
}
