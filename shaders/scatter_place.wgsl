// First half of scatter: winners[place] = the number, from 1, of the last element of `indices` that names the place. The
// winners begin as 0. The largest number wins in whatever order the threads come, so that the result is the same in
// every run.
//
// indices: contiguous. The strides of the output, over the shape of indices, are 0 along the dimension chosen, which has
// `size` places `step` apart. A place outside is passed over.

// @include lib/index.wgsl

struct Params {
  total: u32,
  size: u32,
  step: u32,
  sizes: array<vec4<u32>, 2>,
  outputStrides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> winners: array<atomic<u32>>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let place = indices[i];
  if (place < 0 || u32(place) >= params.size) { return; }
  var rest = i;
  var to = u32(place) * params.step;
  for (var d = 5u; d < 6u; d--) {
    let size = params.sizes[d / 4u][d % 4u];
    to += (rest % size) * params.outputStrides[d / 4u][d % 4u];
    rest /= size;
  }
  atomicMax(&winners[to], i + 1u);
}
