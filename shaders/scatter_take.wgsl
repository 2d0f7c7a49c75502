// Second half of scatter: each element of the output takes that element of `source` that won its place, counted from 1;
// where none did, its own of x. Words are moved as they are, so one kernel serves every dtype.

// @include lib/index.wgsl

struct Params {
  total: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> source: array<u32>;
@group(0) @binding(3) var<storage, read> winners: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let winner = winners[i];
  if (winner > 0u) {
    output[i] = source[winner - 1u];
  } else {
    output[i] = x[i];
  }
}
