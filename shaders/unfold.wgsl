// Every window of x [planes, height, width] as a column: output [planes, kernelY, kernelX, outY, outX], 0 where a window
// reaches beyond the plane.

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
  var rest = i;
  let ox = rest % params.outX;
  rest /= params.outX;
  let oy = rest % params.outY;
  rest /= params.outY;
  let kx = rest % params.kernelX;
  rest /= params.kernelX;
  let ky = rest % params.kernelY;
  let plane = rest / params.kernelY;
  // Below 0 they wrap round, and are larger than every size.
  let y = oy * params.strideY + ky * params.dilationY - params.padY;
  let c = ox * params.strideX + kx * params.dilationX - params.padX;
  var value = 0.0;
  if (y < params.height && c < params.width) { value = x[(plane * params.height + y) * params.width + c]; }
  output[i] = value;
}
