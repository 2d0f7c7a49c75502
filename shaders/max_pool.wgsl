// The largest element of every window of x [planes, height, width] → output [planes, outY, outX], and its place in the
// plane, the first of equal ones → indices. Beyond the plane there is nothing; a window with nothing inside, which dilation
// can bring about, gives 0 and −1.

// @include lib/index.wgsl
// @include lib/window.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 256u);
  if (i >= params.total) { return; }
  let ox = i % params.outX;
  let oy = (i / params.outX) % params.outY;
  let base = i / (params.outX * params.outY) * params.height * params.width;
  var best = 0.0;
  var place = 0xffffffffu;
  var seen = false;
  for (var ky = 0u; ky < params.kernelY; ky++) {
    let y = oy * params.strideY + ky * params.dilationY - params.padY;
    if (y >= params.height) { continue; }
    for (var kx = 0u; kx < params.kernelX; kx++) {
      let c = ox * params.strideX + kx * params.dilationX - params.padX;
      if (c >= params.width) { continue; }
      let v = x[base + y * params.width + c];
      if (!seen || v > best) {
        best = v;
        place = y * params.width + c;
        seen = true;
      }
    }
  }
  output[i] = best;
  indices[i] = place;
}
