// The k largest elements along the middle of x [outer, n, inner], largest first, of equal ones the first first, and where
// they lie.
//
// output:  [outer, k, inner]
// indices: [outer, k, inner], i32
//
// Round by round: the largest of those that come after the last one found. Nothing is sorted or marked, so k may be
// anything, and is expected to be small.

// @include lib/index.wgsl
// @include lib/lines.wgsl

struct Params {
  lines: u32,
  n: u32,
  inner: u32,
  k: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<storage, read_write> indices: array<i32>;

// The best of each thread, and where it lies; n where the thread has seen none.
var<workgroup> values: array<f32, 256>;
var<workgroup> places: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let line = linearGroup(group, groups) * COLS + col;
  let n = params.n;
  let inner = params.inner;
  let inside = line < params.lines;
  let end = select(0u, n, inside);
  let outer = line / inner;
  let column = line % inner;
  let base = outer * n * inner + column;

  // The element found last.
  var last = 0.0;
  var lastAt = n;
  for (var turn = 0u; turn < params.k; turn++) {
    var best = 0.0;
    var at = n;
    for (var i = row; i < end; i += ROWS) {
      let v = x[base + i * inner];
      let left = turn == 0u || v < last || (v == last && i > lastAt);
      if (left && (at == n || v > best)) {
        best = v;
        at = i;
      }
    }
    values[slot] = best;
    places[slot] = at;
    workgroupBarrier();
    for (var width = ROWS / 2u; width > 0u; width /= 2u) {
      if (row < width) {
        let other = places[slot + width];
        let v = values[slot + width];
        if (other < n && (at == n || v > best || (v == best && other < at))) {
          best = v;
          at = other;
          values[slot] = v;
          places[slot] = other;
        }
      }
      workgroupBarrier();
    }
    last = values[slot - row];
    lastAt = places[slot - row];
    if (row == 0u && inside) {
      let to = (outer * params.k + turn) * inner + column;
      output[to] = last;
      indices[to] = i32(lastAt);
    }
    workgroupBarrier();
  }
}
