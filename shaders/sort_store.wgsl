// What a sort found, laid out like x [outer, n, inner]: the elements of each line in order, and where they lay.
//
// places: [lines, padded]

// @include lib/index.wgsl

struct Params {
  total: u32,
  n: u32,
  inner: u32,
  padded: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> output: array<u32>;
@group(0) @binding(4) var<storage, read_write> indices: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let column = i % params.inner;
  let outer = i / (params.inner * params.n);
  let rank = (i / params.inner) % params.n;
  let place = places[(outer * params.inner + column) * params.padded + rank];
  output[i] = x[(outer * params.n + place) * params.inner + column];
  indices[i] = place;
}
