// What the two gradient kernels of attention share: operands and where they lie.

// @include lib/attention.wgsl

struct Params {
  // B · H, H, L, S, D
  count: u32,
  heads: u32,
  queries: u32,
  keys: u32,
  dim: u32,
  causal: u32,
  hasMask: u32,
  maskOffset: u32,
  scale: f32,
  // Dropout: ⌈p · 2^24⌉ (0: none), 1 / (1 − p), stream and seed.
  threshold: u32,
  keepScale: f32,
  stream: u32,
  seed: vec2<u32>,
  maskSteps: vec4<u32>,
  // Offset, steps for b, h and row.
  qAt: vec4<u32>,
  kAt: vec4<u32>,
  vAt: vec4<u32>,
  outputGradAt: vec4<u32>,
  qGradAt: vec4<u32>,
  kGradAt: vec4<u32>,
  vGradAt: vec4<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<u32>;
@group(0) @binding(2) var<storage, read> k: array<u32>;
@group(0) @binding(3) var<storage, read> v: array<u32>;
@group(0) @binding(4) var<storage, read> mask: array<i32>;
@group(0) @binding(5) var<storage, read> outputGrad: array<f32>;
// lse and rowsum(dO ∘ o) of each query, from attention_backward_rows.wgsl
@group(0) @binding(6) var<storage, read> rows: array<vec2<f32>>;

// Column d of four rows of v; zero outside.
fn quadOfV(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (d >= params.dim) { return quad; }
  let step = params.vAt.w;
  let at = base + row * step + d;
  if (row < params.keys) { quad.x = vElement(at); }
  if (row + 1u < params.keys) { quad.y = vElement(at + step); }
  if (row + 2u < params.keys) { quad.z = vElement(at + 2u * step); }
  if (row + 3u < params.keys) { quad.w = vElement(at + 3u * step); }
  return quad;
}

// Column d of four rows of dO.
fn quadOfGrad(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (d >= params.dim) { return quad; }
  let step = params.outputGradAt.w;
  let at = base + row * step + d;
  if (row < params.queries) { quad.x = outputGrad[at]; }
  if (row + 1u < params.queries) { quad.y = outputGrad[at + step]; }
  if (row + 2u < params.queries) { quad.z = outputGrad[at + 2u * step]; }
  if (row + 3u < params.queries) { quad.w = outputGrad[at + 3u * step]; }
  return quad;
}
