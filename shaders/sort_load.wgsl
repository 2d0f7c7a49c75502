// The elements of each line of x [outer, n, inner] as pairs of a key and a place, for sort_block and sort_step:
// keys, places: [lines, padded], padded a power of two. A key is an unsigned number in the order of the elements (0 and -0
// alike, every NaN the largest), or in the opposite order. What pads a line has the largest key and the largest places.

// @include lib/index.wgsl

struct Params {
  total: u32,
  n: u32,
  inner: u32,
  padded: u32,
  descending: u32,
  integers: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> keys: array<u32>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let place = i % params.padded;
  let line = i / params.padded;
  var key = 0xffffffffu;
  if (place < params.n) {
    let word = x[((line / params.inner) * params.n + place) * params.inner + line % params.inner];
    if (params.integers != 0u) {
      key = word ^ 0x80000000u;
    } else if ((word & 0x7fffffffu) > 0x7f800000u) {
      key = 0xffffffffu;
    } else if (word == 0x80000000u || (word >> 31u) == 0u) {
      key = word | 0x80000000u;
    } else {
      key = ~word;
    }
    if (params.descending != 0u) { key = ~key; }
  }
  keys[i] = key;
  places[i] = place;
}
