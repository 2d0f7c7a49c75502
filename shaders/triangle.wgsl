// The lower triangle of each matrix of x [.., rows, columns], or with UPPER the upper one; 0 elsewhere. The diagonal is
// the one of elements with column − row = diagonal. Words are moved as they are, so one kernel serves every dtype.

// @include lib/index.wgsl

const UPPER: bool = false; // @param

struct Params {
  total: u32,
  rows: u32,
  columns: u32,
  diagonal: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let column = i % params.columns;
  let row = (i / params.columns) % params.rows;
  let over = i32(column) - i32(row) - params.diagonal;
  let kept = select(over <= 0, over >= 0, UPPER);
  output[i] = select(0u, x[i], kept);
}
