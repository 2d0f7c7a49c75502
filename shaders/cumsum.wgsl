// Running sums along the middle of x [outer, n, inner]: output[o, i, j] = Σ x[o, 0 … i, j], or with `reverse` the sum of
// x[o, i … n - 1, j].
//
// A line is done in tiles of 8 elements for each thread: every thread adds up its own, a scan over the threads gives what
// comes before them, and the sum of a tile is carried to the next, with what rounding took from it (where the compiler
// leaves the order of additions alone).

// @include lib/index.wgsl
// @include lib/lines.wgsl

alias Element = f32; // @param

struct Params {
  lines: u32,
  n: u32,
  inner: u32,
  reverse: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> output: array<Element>;

var<workgroup> partial: array<Element, 256>;

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

  // The sum of the tiles before, and what rounding took from it.
  var carry = Element(0);
  var lost = Element(0);
  for (var tile = 0u; tile < n; tile += 8u * ROWS) {
    let begin = tile + 8u * row;
    let stop = min(end, begin + 8u);
    var own = Element(0);
    for (var i = begin; i < stop; i++) {
      let at = select(i, n - 1u - i, params.reverse != 0u);
      own += x[base + at * inner];
    }
    partial[slot] = own;
    workgroupBarrier();
    for (var step = 1u; step < ROWS; step *= 2u) {
      var value = partial[slot];
      if (row >= step) { value += partial[slot - step]; }
      workgroupBarrier();
      partial[slot] = value;
      workgroupBarrier();
    }
    var before = lost;
    if (row > 0u) { before += partial[slot - 1u]; }
    before += carry;
    let whole = partial[first + ROWS - 1u];
    let next = carry + whole;
    let added = next - carry;
    lost += (carry - (next - added)) + (whole - added);
    carry = next;
    workgroupBarrier();

    var running = Element(0);
    for (var i = begin; i < stop; i++) {
      let at = select(i, n - 1u - i, params.reverse != 0u);
      running += x[base + at * inner];
      output[base + at * inner] = before + running;
    }
  }
}
