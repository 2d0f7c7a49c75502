// The losses of all rows as one number: their sum, or (mean = 1) their mean over the rows whose target counts.
//
// losses, labels: [rows]; n: number of classes. output, scale: [1]; scale is what the sum was multiplied by, 0 where no
// row counts. One workgroup.

// @include lib/index.wgsl
// @include lib/tree.wgsl

struct Params {
  rows: u32,
  n: u32,
  ignore: i32,
  mean: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> losses: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@group(0) @binding(4) var<storage, read_write> scale: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  var total = 0.0;
  var count = 0.0;
  for (var i = row; i < params.rows; ) {
    let stop = min(params.rows, i + 16u * ROWS);
    var part = 0.0;
    for (; i < stop; i += ROWS) {
      let label = labels[i];
      part += losses[i];
      count += select(0.0, 1.0, label >= 0 && u32(label) < params.n && label != params.ignore);
    }
    total += part;
  }
  total = lineSum(row, slot, total);
  count = lineSum(row, slot, count);
  if (row == 0u) {
    var factor = 1.0;
    if (params.mean == 1u) { factor = select(0.0, 1.0 / max(count, 1.0), count > 0.0); }
    output[0] = total * factor;
    scale[0] = factor;
  }
}
