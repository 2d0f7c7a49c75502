// Gradient of cross entropy: output[r, c] = dy · scale · (e^(x[r, c] - m) / s - ε/n - (1 - ε)·[c = target[r]]), and 0 in rows
// that do not count; m and log s are stats[r].
//
// dy: [rows], or [1] where the losses were summed (each = 0); scale: [1], read where they were averaged (mean = 1).

// @include lib/index.wgsl
// @include lib/math.wgsl

struct Params {
  total: u32,
  n: u32,
  ignore: i32,
  smoothing: f32,
  each: u32,
  mean: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<i32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> scale: array<f32>;
@group(0) @binding(6) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let row = i / params.n;
  let column = i - row * params.n;
  let label = labels[row];
  var gradient = 0.0;
  if (label >= 0 && u32(label) < params.n && label != params.ignore) {
    var factor = dy[select(0u, row, params.each == 1u)];
    if (params.mean == 1u) { factor *= scale[0]; }
    let p = preciseExp(logits[i] - stats[2u * row] - stats[2u * row + 1u]);
    let wanted = params.smoothing / f32(params.n) + select(0.0, 1.0 - params.smoothing, u32(label) == column);
    gradient = factor * (p - wanted);
  }
  output[i] = gradient;
}
