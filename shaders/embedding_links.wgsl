// Strings the places of equal indices together, so that each row of a gradient can walk its own: first[row] is the first
// place of `row`, next[j] the next place with the index of place j, or NONE. Nothing is written for rows that do not occur:
// who reads first[row] checks that the place it names holds `row`.
//
// indices: [n]; first: [rows]; next: [n]. The index `blank` and those outside 0 … rows − 1 are left out. n² comparisons at
// most, without a barrier or an atomic, and the same result in any order.

// @include lib/index.wgsl

struct Params {
  n: u32,
  rows: u32,
  blank: i32,
}

const NONE: u32 = 0xffffffffu;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> first: array<u32>;
@group(0) @binding(3) var<storage, read_write> next: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let j = linearIndex(group, groups, local, 64u);
  if (j >= params.n) { return; }
  let row = indices[j];
  if (row < 0 || u32(row) >= params.rows || row == params.blank) { return; }
  var after = j + 1u;
  while (after < params.n && indices[after] != row) { after++; }
  next[j] = select(NONE, after, after < params.n);
  var before = j;
  while (before > 0u && indices[before - 1u] != row) { before--; }
  if (before == 0u) { first[row] = j; }
}
