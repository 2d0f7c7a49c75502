// Gradient of softmax or log-softmax, along the middle of y, dy and output [outer, n, inner]:
//
// MODE 0, y = softmax x:     output = y · (dy - Σ dy·y)
//      1, y = log softmax x: output = dy - e^y · Σ dy

// @include lib/index.wgsl
// @include lib/math.wgsl
// @include lib/tree.wgsl

const MODE: u32 = 0u; // @param

struct Params {
  lines: u32,
  n: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;

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

  var total = 0.0;
  for (var i = row; i < end; ) {
    let stop = min(end, i + 16u * ROWS);
    var chunk = 0.0;
    for (; i < stop; i += ROWS) {
      let at = base + i * inner;
      if (MODE == 0u) {
        chunk += dy[at] * y[at];
      } else {
        chunk += dy[at];
      }
    }
    total += chunk;
  }
  total = lineSum(row, slot, total);

  for (var i = row; i < end; i += ROWS) {
    let at = base + i * inner;
    if (MODE == 0u) {
      output[at] = y[at] * (dy[at] - total);
    } else {
      output[at] = dy[at] - preciseExp(y[at]) * total;
    }
  }
}
