// The gradient of avg_pool: each element of output [planes, height, width] adds up its share of dy [planes, outY, outX] of
// every window that it lies in.

// @include lib/index.wgsl
// @include lib/window_size.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let c = i % params.width;
  let y = (i / params.width) % params.height;
  let base = i / (params.width * params.height) * params.outY * params.outX;
  var sum = 0.0;
  for (var ky = 0u; ky < params.kernelY; ky++) {
    let fromY = y + params.padY - ky;
    let oy = fromY / params.strideY;
    if (fromY % params.strideY != 0u || oy >= params.outY) { continue; }
    for (var kx = 0u; kx < params.kernelX; kx++) {
      let fromX = c + params.padX - kx;
      let ox = fromX / params.strideX;
      if (fromX % params.strideX != 0u || ox >= params.outX) { continue; }
      sum += dy[base + oy * params.outX + ox] / divisorOf(params, oy, ox);
    }
  }
  output[i] = sum;
}
