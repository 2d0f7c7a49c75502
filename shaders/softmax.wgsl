// Softmax, its logarithm, or the logarithm of its denominator, along the middle of x [outer, n, inner].
//
// MODE 0: output[o, i, j] = e^(x[o, i, j] - m) / s
//      1: output[o, i, j] = x[o, i, j] - m - log s
//      2: output[o, j]    = m + log s
// with m the largest x of the line and s = Σ e^(x - m): nothing overflows, and s is at least 1.

// @include lib/index.wgsl
// @include lib/math.wgsl
// @include lib/tree.wgsl

const MODE: u32 = 0u; // @param

struct Params {
  lines: u32,
  n: u32,
  inner: u32,
  xOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let line = linearGroup(group, groups) * COLS + col;
  let inner = params.inner;
  let end = select(0u, params.n, line < params.lines);
  let base = (line / inner) * params.n * inner + line % inner;
  let source = params.xOffset + base;

  var top = -3.4028234e38;
  for (var i = row; i < end; i += ROWS) { top = max(top, x[source + i * inner]); }
  top = lineMax(row, slot, top);

  var total = 0.0;
  for (var i = row; i < end; ) {
    // In blocks of 16, so that the rounding errors of a long line do not add up.
    let stop = min(end, i + 16u * ROWS);
    var chunk = 0.0;
    for (; i < stop; i += ROWS) { chunk += preciseExp(x[source + i * inner] - top); }
    total += chunk;
  }
  total = lineSum(row, slot, total);

  if (MODE == 2u) {
    if (row == 0u && end > 0u) { output[line] = top + preciseLog(total); }
    return;
  }
  let logTotal = preciseLog(total);
  let scale = 1.0 / total;
  for (var i = row; i < end; i += ROWS) {
    let lowered = x[source + i * inner] - top;
    if (MODE == 0u) {
      output[base + i * inner] = preciseExp(lowered) * scale;
    } else {
      output[base + i * inner] = lowered - logTotal;
    }
  }
}
