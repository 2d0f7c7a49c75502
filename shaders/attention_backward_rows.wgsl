// What the gradient kernels of attention want to know of each query: rows[z, i] = (lse, Σ_d dO[z, i, d] · o[z, i, d]).
// Source: Dao et al. 2022, who call the second D.
//
// o, dO: [B, H, L, D], any offset and steps; lse: [B, H, L]; rows: [B, H, L, 2] without gaps. One invocation to a
// query.

// @include lib/index.wgsl

struct Params {
  // B · H · L, H, L, D
  total: u32,
  heads: u32,
  queries: u32,
  dim: u32,
  // Offset, steps for b, h and row.
  outputAt: vec4<u32>,
  outputGradAt: vec4<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> output: array<f32>;
@group(0) @binding(2) var<storage, read> outputGrad: array<f32>;
@group(0) @binding(3) var<storage, read> lse: array<f32>;
@group(0) @binding(4) var<storage, read_write> rows: array<vec2<f32>>;

fn rowAt(i: u32, at: vec4<u32>) -> u32 {
  let z = i / params.queries;
  return at.x + (z / params.heads) * at.y + (z % params.heads) * at.z + (i % params.queries) * at.w;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let i = linearIndex(group, groups, local, 64u);
  if (i >= params.total) { return; }
  let start = rowAt(i, params.outputAt);
  let gradStart = rowAt(i, params.outputGradAt);
  var sum = 0.0;
  for (var d = 0u; d < params.dim; d++) { sum += output[start + d] * outputGrad[gradStart + d]; }
  rows[i] = vec2<f32>(lse[i], sum);
}
