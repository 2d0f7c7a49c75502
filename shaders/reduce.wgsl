// Sum, largest or smallest element along the middle of x [outer, n, inner].
//
// x:      [outer, n, inner] from xOffset on
// output: [outer, parts, inner]; part p of a line covers elements p·span to (p + 1)·span, so that long lines that are few
//         are spread over many workgroups and a second dispatch reduces the parts. Each result is times `scale`.
//
// Sums are made in blocks of 32 elements for each thread, then over blocks, then in a tree over the threads, so that the
// error grows with the logarithm rather than with n.

// @include lib/index.wgsl
// @include lib/lines.wgsl

alias Element = f32; // @param
const OP: u32 = 0u; // @param  0 sum, 1 largest, 2 smallest

struct Params {
  outputs: u32,
  n: u32,
  inner: u32,
  parts: u32,
  span: u32,
  xOffset: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> output: array<Element>;

var<workgroup> partial: array<Element, 256>;

fn combine(a: Element, b: Element) -> Element {
  if (OP == 1u) { return max(a, b); }
  if (OP == 2u) { return min(a, b); }
  return a + b;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let line = linearGroup(group, groups) * COLS + col;
  let inner = params.inner;
  let part = (line / inner) % params.parts;
  let base = params.xOffset + (line / (inner * params.parts)) * params.n * inner + line % inner;
  let begin = part * params.span;
  let end = min(params.n, begin + params.span);

  // Sums begin at 0. The others begin at the line's first element, which is there: they refuse empty lines.
  var start = Element(0);
  if (OP != 0u && line < params.outputs) { start = x[base + begin * inner]; }
  var total = start;
  if (line < params.outputs) {
    for (var i = begin + row; i < end; ) {
      let stop = min(end, i + 32u * ROWS);
      var a = start;
      var b = start;
      var c = start;
      var d = start;
      for (; i + 3u * ROWS < stop; i += 4u * ROWS) {
        let at = base + i * inner;
        let step = ROWS * inner;
        a = combine(a, x[at]);
        b = combine(b, x[at + step]);
        c = combine(c, x[at + 2u * step]);
        d = combine(d, x[at + 3u * step]);
      }
      for (; i < stop; i += ROWS) { a = combine(a, x[base + i * inner]); }
      total = combine(total, combine(combine(a, b), combine(c, d)));
    }
  }

  partial[slot] = total;
  workgroupBarrier();
  for (var width = ROWS / 2u; width > 0u; width /= 2u) {
    if (row < width) { partial[slot] = combine(partial[slot], partial[slot + width]); }
    workgroupBarrier();
  }
  if (row == 0u && line < params.outputs) {
    var result = partial[slot];
    if (OP == 0u) { result *= Element(params.scale); }
    output[line] = result;
  }
}
