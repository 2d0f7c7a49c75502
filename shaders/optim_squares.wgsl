// Sums of squares of x [total], each of 16384 elements: output[outputOffset + k] for elements 16384 k to 16384 (k + 1).

// @include lib/index.wgsl
// @include lib/tree.wgsl

struct Params {
  total: u32,
  xOffset: u32,
  outputOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let part = linearGroup(group, groups);
  let row = select(local / COLS, local % ROWS, ALONG == 1u);
  let col = select(local % COLS, local / ROWS, ALONG == 1u);
  let slot = col * ROWS + row;
  let begin = part * 16384u;
  let end = min(params.total, begin + 16384u);
  var sum = 0.0;
  for (var i = begin + local; i < end; i += 256u) {
    let value = x[params.xOffset + i];
    sum = fma(value, value, sum);
  }
  sum = lineSum(row, slot, sum);
  if (local == 0u && begin < params.total) { output[params.outputOffset + part] = sum; }
}
