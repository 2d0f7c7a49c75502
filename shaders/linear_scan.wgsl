// output[o, i, j] = a[o, i, j] · output[o, i − 1, j] + b[o, i, j] along the middle of [outer, n, inner], from 0; with
// `reverse` from the last place to the first.
//
// A step is the map y → a·y + b, and two steps in a row are one such map: a scan over the threads, as for sums. A line is
// done in tiles of 8 elements for each thread.

// @include lib/index.wgsl
// @include lib/lines.wgsl

struct Params {
  lines: u32,
  n: u32,
  inner: u32,
  reverse: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

// What the elements up to a thread's last one make of y: factors·y + terms.
var<workgroup> factors: array<f32, 256>;
var<workgroup> terms: array<f32, 256>;

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
  let first = slot - row;

  var carry = 0.0;
  for (var tile = 0u; tile < n; tile += 8u * ROWS) {
    let begin = tile + 8u * row;
    let stop = min(end, begin + 8u);
    var factor = 1.0;
    var term = 0.0;
    for (var i = begin; i < stop; i++) {
      let at = base + select(i, n - 1u - i, params.reverse != 0u) * inner;
      term = a[at] * term + b[at];
      factor *= a[at];
    }
    factors[slot] = factor;
    terms[slot] = term;
    workgroupBarrier();
    for (var step = 1u; step < ROWS; step *= 2u) {
      if (row >= step) {
        term = factor * terms[slot - step] + term;
        factor = factor * factors[slot - step];
      }
      workgroupBarrier();
      factors[slot] = factor;
      terms[slot] = term;
      workgroupBarrier();
    }
    var running = carry;
    if (row > 0u) { running = factors[slot - 1u] * carry + terms[slot - 1u]; }
    carry = factors[first + ROWS - 1u] * carry + terms[first + ROWS - 1u];
    workgroupBarrier();

    for (var i = begin; i < stop; i++) {
      let at = base + select(i, n - 1u - i, params.reverse != 0u) * inner;
      running = a[at] * running + b[at];
      output[at] = running;
    }
  }
}
