// What all matmul kernels share: where the operands and the bias lie.

// @include lib/index.wgsl

struct Params {
  m: u32,
  n: u32,
  k: u32,
  hasBias: u32,
  // Where element (0, 0) of the first matrix lies, and the steps to the next row and column, in elements.
  aOffset: u32,
  aRow: u32,
  aCol: u32,
  bOffset: u32,
  bRow: u32,
  bCol: u32,
  biasOffset: u32,
  biasStep: u32,
  // Sizes of up to three batch dimensions, outermost first; missing ones are 1. The last number is their product.
  batch: vec4<u32>,
  // Steps along them; 0 where the operand is broadcast.
  aBatch: vec4<u32>,
  bBatch: vec4<u32>,
  // The sums over k are cut into so many slices of `span` (matmul_quads.wgsl alone).
  slices: u32,
  span: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> bias: array<f32>;

// Step to matrix number z of the batch, given the steps along its dimensions.
fn batchStep(z: u32, steps: vec4<u32>) -> u32 {
  let last = z % params.batch.z;
  let rest = z / params.batch.z;
  return (rest / params.batch.y) * steps.x + (rest % params.batch.y) * steps.y + last * steps.z;
}

fn biasAt(col: u32) -> f32 {
  if (params.hasBias == 0u || col >= params.n) { return 0.0; }
  return bias[params.biasOffset + col * params.biasStep];
}
