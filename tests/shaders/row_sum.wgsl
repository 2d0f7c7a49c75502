// y[row] = Σ x[row, :], one workgroup per row; it has workgroup memory and no uniforms.
const THREADS = 32; // @param

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) row: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  partial[local.x] = x[row.x * THREADS + local.x];
  workgroupBarrier();
  for (var width = u32(THREADS) / 2u; width > 0u; width /= 2u) {
    if (local.x < width) { partial[local.x] += partial[local.x + width]; }
    workgroupBarrier();
  }
  if (local.x == 0u) { y[row.x] = partial[0]; }
}
