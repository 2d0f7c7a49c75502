// Gradient of rows picked by index: dy [outer, n, inner] → output [outer, rows, inner],
// output[o, row, :] = Σ dy[o, j, :] over the places j with indices[j] = row, in rising order of j.
//
// first, next: the places of each row, from embedding_links.wgsl. Sums are made in blocks of 32, so that a row that is
// picked thousands of times keeps its accuracy.

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
@group(0) @binding(2) var<storage, read> first: array<u32>;
@group(0) @binding(3) var<storage, read> next: array<u32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let line = i / params.inner;
  let column = i - line * params.inner;
  let outer = line / params.rows;
  let row = i32(line - outer * params.rows);
  var sum = 0.0;
  // What stands in first[row] for a row that does not occur was never written: it may be any number.
  var j = first[row];
  if (j < params.n && row != params.blank && indices[j] == row) {
    var part = 0.0;
    var count = 0u;
    while (j < params.n) {
      part += dy[(outer * params.n + j) * params.inner + column];
      count++;
      if ((count & 31u) == 0u) {
        sum += part;
        part = 0.0;
      }
      j = next[j];
    }
    sum += part;
  }
  output[i] = sum;
}
