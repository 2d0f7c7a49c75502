// Rows picked by index: x [outer, rows, inner], indices [n] → output [outer, n, inner],
// output[o, j, :] = x[o, indices[j], :]. An index outside 0 … rows − 1, and the index `blank`, give zeros. Bits are kept, so
// one kernel serves every dtype.

// @include lib/index.wgsl

struct Params {
  total: u32,
  n: u32,
  rows: u32,
  inner: u32,
  blank: i32,
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
  let line = i / params.inner;
  let column = i - line * params.inner;
  let outer = line / params.n;
  let row = indices[line - outer * params.n];
  var word = 0u;
  if (row >= 0 && u32(row) < params.rows && row != params.blank) {
    word = x[(outer * params.rows + u32(row)) * params.inner + column];
  }
  output[i] = word;
}
