// Gradient of layer normalisation with respect to x [rows, n]. With g = dy · weight and h = (x - mean) · rstd:
//
//   output = rstd · (g - Σ g / n - h · Σ g·h / n)
//
// Where `centered` is 0, of root mean square normalisation: 0 for mean and for Σ g.
//
// weight: [n], or anything where hasWeight is 0.  mean, rstd: [rows]; mean may be anything where `centered` is 0.

// @include lib/index.wgsl
// @include lib/tree.wgsl

struct Params {
  rows: u32,
  n: u32,
  centered: u32,
  hasWeight: u32,
  perElement: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> rstd: array<f32>;
@group(0) @binding(5) var<storage, read> dy: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let line = linearGroup(group, groups) * COLS + col;
  let inside = line < params.rows;
  let end = select(0u, params.n, inside);
  let base = line * params.n;
  var center = 0.0;
  var scale = 0.0;
  if (inside) {
    scale = rstd[line];
    if (params.centered != 0u) { center = mean[line]; }
  }

  var sumG = 0.0;
  var sumGH = 0.0;
  for (var i = row; i < end; ) {
    let stop = min(end, i + 16u * ROWS);
    var chunkG = 0.0;
    var chunkGH = 0.0;
    for (; i < stop; i += ROWS) {
      var g = dy[base + i];
      if (params.hasWeight != 0u) { g *= weight[i]; }
      chunkG += g;
      chunkGH += g * (x[base + i] - center) * scale;
    }
    sumG += chunkG;
    sumGH += chunkGH;
  }
  var meanG = 0.0;
  if (params.centered != 0u) { meanG = lineSum(row, slot, sumG) * params.perElement; }
  let meanGH = lineSum(row, slot, sumGH) * params.perElement;

  for (var i = row; i < end; i += ROWS) {
    var g = dy[base + i];
    if (params.hasWeight != 0u) { g *= weight[i]; }
    output[base + i] = scale * (g - meanG - (x[base + i] - center) * scale * meanGH);
  }
}
