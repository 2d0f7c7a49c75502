// The columns x [planes, kernelY, kernelX, outY, outX] added up where the windows they come from lie: output
// [planes, height, width]. Each element looks for the windows that reach it, so the order of the sum is fixed.

// @include lib/index.wgsl
// @include lib/window.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let c = i % params.width;
  let y = (i / params.width) % params.height;
  let plane = i / (params.width * params.height);
  let outs = params.outY * params.outX;
  var sum = 0.0;
  for (var ky = 0u; ky < params.kernelY; ky++) {
    let fromY = y + params.padY - ky * params.dilationY;
    let oy = fromY / params.strideY;
    if (fromY % params.strideY != 0u || oy >= params.outY) { continue; }
    for (var kx = 0u; kx < params.kernelX; kx++) {
      let fromX = c + params.padX - kx * params.dilationX;
      let ox = fromX / params.strideX;
      if (fromX % params.strideX != 0u || ox >= params.outX) { continue; }
      sum += x[((plane * params.kernelY + ky) * params.kernelX + kx) * outs + oy * params.outX + ox];
    }
  }
  output[i] = sum;
}
