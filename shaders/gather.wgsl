// output[…, j, …] = x[…, indices[…, j, …], …]: along one dimension the place in x is read from indices, along the others it is
// the place in the output. A place outside x gives 0. Bits are kept, so one kernel serves every dtype.
//
// indices, x: any strides and offset over the shape of the output (six dimensions, outermost first, missing ones have size
// 1); the strides of x are 0 along the dimension chosen, which has `size` places `step` apart.

// @include lib/index.wgsl

struct Params {
  total: u32,
  size: u32,
  step: u32,
  indexOffset: u32,
  xOffset: u32,
  sizes: array<vec4<u32>, 2>,
  indexStrides: array<vec4<u32>, 2>,
  xStrides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read> x: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  var rest = i;
  var which = params.indexOffset;
  var first = params.xOffset;
  for (var d = 5u; d < 6u; d--) {
    let size = params.sizes[d / 4u][d % 4u];
    let at = rest % size;
    rest /= size;
    which += at * params.indexStrides[d / 4u][d % 4u];
    first += at * params.xStrides[d / 4u][d % 4u];
  }
  let place = indices[which];
  var word = 0u;
  if (place >= 0 && u32(place) < params.size) { word = x[first + u32(place) * params.step]; }
  output[i] = word;
}
