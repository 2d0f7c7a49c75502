// output[…, c, …] = x[…, c, …] + Σ source[…, j, …] over the places j of its line with indices[…, j, …] = c.
//
// x, output: contiguous, six dimensions, outermost first, missing ones have size 1; x is read where base = 1, else it is
// taken as 0. indices, source: contiguous, of the sizes `limits`, which are at most those of output but along dimension
// `dim`. Each element of the output walks its line of the indices, so nothing is added by two invocations and the order of
// the sum is that of j.

// @include lib/index.wgsl

struct Params {
  total: u32,
  dim: u32,
  base: u32,
  sizes: array<vec4<u32>, 2>,
  limits: array<vec4<u32>, 2>,
  strides: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read> source: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  var rest = i;
  var first = 0u;
  var place = 0;
  var inside = true;
  for (var d = 5u; d < 6u; d--) {
    let size = params.sizes[d / 4u][d % 4u];
    let at = rest % size;
    rest /= size;
    if (d == params.dim) {
      place = i32(at);
    } else {
      inside = inside && at < params.limits[d / 4u][d % 4u];
      first += at * params.strides[d / 4u][d % 4u];
    }
  }
  var sum = 0.0;
  if (params.base == 1u) { sum = x[i]; }
  if (inside) {
    let count = params.limits[params.dim / 4u][params.dim % 4u];
    let step = params.strides[params.dim / 4u][params.dim % 4u];
    for (var j = 0u; j < count; j++) {
      if (indices[first + j * step] == place) { sum += source[first + j * step]; }
    }
  }
  output[i] = sum;
}
