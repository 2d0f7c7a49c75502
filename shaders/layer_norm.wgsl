// Layer normalisation of the rows of x [rows, n]:
//
//   mean = Σ x / n,  rstd = 1 / √(Σ (x - mean)² / n + eps),  output = (x - mean) · rstd · weight + bias
//
// or, where `centered` is 0, root mean square normalisation: the same with 0 for the mean.
//
// weight, bias: [n], or anything where hasWeight or hasBias is 0
// mean, rstd:   [rows], for the gradient; mean is not written where `centered` is 0

// @include lib/index.wgsl
// @include lib/tree.wgsl

struct Params {
  rows: u32,
  n: u32,
  centered: u32,
  hasWeight: u32,
  hasBias: u32,
  perElement: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let line = linearGroup(group, groups) * COLS + col;
  let end = select(0u, params.n, line < params.rows);
  let base = line * params.n;

  var center = 0.0;
  if (params.centered != 0u) {
    var total = 0.0;
    for (var i = row; i < end; ) {
      // In chunks of 16, so that the rounding errors of a long row do not add up.
      let stop = min(end, i + 16u * ROWS);
      var chunk = 0.0;
      for (; i < stop; i += ROWS) { chunk += x[base + i]; }
      total += chunk;
    }
    center = lineSum(row, slot, total) * params.perElement;
  }

  var squares = 0.0;
  for (var i = row; i < end; ) {
    let stop = min(end, i + 16u * ROWS);
    var chunk = 0.0;
    for (; i < stop; i += ROWS) {
      let d = x[base + i] - center;
      chunk += d * d;
    }
    squares += chunk;
  }
  let scale = 1.0 / sqrt(lineSum(row, slot, squares) * params.perElement + params.eps);

  if (row == 0u && line < params.rows) {
    rstd[line] = scale;
    if (params.centered != 0u) { mean[line] = center; }
  }
  for (var i = row; i < end; i += ROWS) {
    var y = (x[base + i] - center) * scale;
    if (params.hasWeight != 0u) { y *= weight[i]; }
    if (params.hasBias != 0u) { y += bias[i]; }
    output[base + i] = y;
  }
}
