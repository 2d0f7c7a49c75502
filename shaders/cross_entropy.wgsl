// Cross entropy of each row of logits [rows, n] with the class target[row]:
// loss = (1 - ε) (log s - (x[t] - m)) + ε/n Σ (log s - (x[c] - m)), m = max x, s = Σ e^(x - m), ε the label smoothing.
//
// losses: [rows]; stats: [rows, 2] takes m and log s for the gradient. The sums are of x - m, so that large logits keep
// their digits. A row whose target is `ignore`, or no class, gives 0.

// @include lib/index.wgsl
// @include lib/math.wgsl
// @include lib/tree.wgsl

struct Params {
  rows: u32,
  n: u32,
  ignore: i32,
  smoothing: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let line = linearGroup(group, groups) * COLS + col;
  let here = line < params.rows;
  var label = -1;
  if (here) { label = labels[line]; }
  let counts = label >= 0 && u32(label) < params.n && label != params.ignore;
  let end = select(0u, params.n, counts);
  let base = line * params.n;

  var top = -3.4028234e38;
  for (var i = row; i < end; i += ROWS) { top = max(top, logits[base + i]); }
  top = lineMax(row, slot, top);

  // In blocks of 16, so that the rounding errors of a long row do not add up.
  var total = 0.0;
  var distance = 0.0;
  for (var i = row; i < end; ) {
    let stop = min(end, i + 16u * ROWS);
    var part = 0.0;
    var gap = 0.0;
    for (; i < stop; i += ROWS) {
      let x = logits[base + i] - top;
      part += preciseExp(x);
      gap += x;
    }
    total += part;
    distance += gap;
  }
  total = lineSum(row, slot, total);
  if (params.smoothing > 0.0) { distance = lineSum(row, slot, distance); }

  if (here && row == 0u) {
    var loss = 0.0;
    var logTotal = 0.0;
    if (counts) {
      logTotal = preciseLog(total);
      loss = logTotal - (1.0 - params.smoothing) * (logits[base + u32(label)] - top);
      if (params.smoothing > 0.0) { loss -= params.smoothing / f32(params.n) * distance; }
    }
    losses[line] = loss;
    stats[2u * line] = top;
    stats[2u * line + 1u] = logTotal;
  }
}
