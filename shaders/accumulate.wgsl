// output += x, element by element of their common shape, in place: both with any strides and offset.

// @include lib/index.wgsl

struct Params {
  total: u32,
  xOffset: u32,
  outputOffset: u32,
  sizes: array<vec4<u32>, 2>,
  xStrides: array<vec4<u32>, 2>,
  outputStrides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  var rest = i;
  var atX = params.xOffset;
  var atOutput = params.outputOffset;
  for (var d = 5u; d < 6u; d--) {
    let size = params.sizes[d / 4u][d % 4u];
    let at = rest % size;
    rest /= size;
    atX += at * params.xStrides[d / 4u][d % 4u];
    atOutput += at * params.outputStrides[d / 4u][d % 4u];
  }
  output[atOutput] += x[atX];
}
