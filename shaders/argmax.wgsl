// Where the largest (or smallest) element lies along the middle of x [outer, n, inner]; the first of equal ones.
//
// output: [outer, inner], i32

// @include lib/index.wgsl
// @include lib/lines.wgsl

alias Element = f32; // @param
const SMALLEST: u32 = 0u; // @param

struct Params {
  lines: u32,
  n: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> output: array<i32>;

// The best of each thread, and where it lies; n where the thread has seen none.
var<workgroup> values: array<Element, 256>;
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
  let end = select(0u, n, line < params.lines);
  let base = (line / inner) * n * inner + line % inner;

  var best = Element(0);
  var at = n;
  for (var i = row; i < end; i += ROWS) {
    let v = x[base + i * inner];
    if (at == n || select(v > best, v < best, SMALLEST == 1u)) {
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
      if (other < n && (at == n || select(v > best, v < best, SMALLEST == 1u) || (v == best && other < at))) {
        best = v;
        at = other;
        values[slot] = v;
        places[slot] = other;
      }
    }
    workgroupBarrier();
  }
  if (row == 0u && line < params.lines) { output[line] = i32(at); }
}
