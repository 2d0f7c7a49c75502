// output = x where the condition holds, else y, with broadcasting: inputs with any strides and offset, output row-major.
// Words are moved as they are, so one kernel serves every dtype, NaN and infinity included.
//
// The walk has DIMS dimensions after neighbours were merged; nothing is divided for the outermost one.

// @include lib/index.wgsl

const DIMS: u32 = 6u; // @param

struct Params {
  total: u32,
  conditionOffset: u32,
  xOffset: u32,
  yOffset: u32,
  sizes: array<vec4<u32>, 2>,
  conditionStrides: array<vec4<u32>, 2>,
  xStrides: array<vec4<u32>, 2>,
  yStrides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> condition: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read> y: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  var rest = i;
  var atCondition = params.conditionOffset;
  var atX = params.xOffset;
  var atY = params.yOffset;
  for (var d = 5u; d > 6u - DIMS; d--) {
    let size = params.sizes[d / 4u][d % 4u];
    let at = rest % size;
    rest /= size;
    atCondition += at * params.conditionStrides[d / 4u][d % 4u];
    atX += at * params.xStrides[d / 4u][d % 4u];
    atY += at * params.yStrides[d / 4u][d % 4u];
  }
  let d = 6u - DIMS;
  atCondition += rest * params.conditionStrides[d / 4u][d % 4u];
  atX += rest * params.xStrides[d / 4u][d % 4u];
  atY += rest * params.yStrides[d / 4u][d % 4u];
  if (condition[atCondition] != 0u) {
    output[i] = x[atX];
  } else {
    output[i] = y[atY];
  }
}
