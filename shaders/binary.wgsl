// output = x ∘ y with broadcasting: x and y with any strides (0 along what is repeated) and offset, output row-major.
//
// The walk has DIMS dimensions after neighbours were merged: 1 for equal contiguous shapes and for a single number, 2
// where a row is repeated. Nothing is divided for the outermost one.

// @include lib/index.wgsl
// @include lib/binary.wgsl

const DIMS: u32 = 6u; // @param

struct Params {
  total: u32,
  xOffset: u32,
  yOffset: u32,
  sizes: array<vec4<u32>, 2>,
  xStrides: array<vec4<u32>, 2>,
  yStrides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> y: array<T>;
@group(0) @binding(3) var<storage, read_write> output: array<R>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let first = linearGroup(group, groups) * 1024u + local;
  for (var k = 0u; k < 4u; k++) {
    let i = first + k * 256u;
    if (i >= params.total) { return; }
    var rest = i;
    var atX = params.xOffset;
    var atY = params.yOffset;
    for (var d = 5u; d > 6u - DIMS; d--) {
      let size = params.sizes[d / 4u][d % 4u];
      let at = rest % size;
      rest /= size;
      atX += at * params.xStrides[d / 4u][d % 4u];
      atY += at * params.yStrides[d / 4u][d % 4u];
    }
    let d = 6u - DIMS;
    atX += rest * params.xStrides[d / 4u][d % 4u];
    atY += rest * params.yStrides[d / 4u][d % 4u];
    output[i] = combine(x[atX], y[atY]);
  }
}
