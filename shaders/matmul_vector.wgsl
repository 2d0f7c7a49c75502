// Matrix product of few rows, as in decoding one token: output[z, i, j] = Σ_k a[z, i, k] · b[z, k, j] (+ bias[j]).
//
// Shapes and strides as in matmul.wgsl. The work is reading b once for each row: COLS columns to a workgroup, the sum
// over k of each cut into SLICES that run side by side and are added up in workgroup memory.
//
// One workgroup to COLS columns of one row: first along a row, then rows, then matrices.

// @include lib/matmul.wgsl

const COLS: u32 = 32u; // @param
// A power of two.
const SLICES: u32 = 4u; // @param
// Neighbouring threads should read neighbouring numbers of b: along n or along k.
const B_ALONG_N: bool = true; // @param

const THREADS = COLS * SLICES;

var<workgroup> partial: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let pieces = (params.n + COLS - 1u) / COLS;
  let piece = linearGroup(group, groups);
  let row = piece / pieces;
  let z = row / params.m;
  if (z >= params.batch.w) { return; }
  let col = select(local / SLICES, local % COLS, B_ALONG_N);
  let slice = select(local % SLICES, local / COLS, B_ALONG_N);
  let j = piece % pieces * COLS + col;
  let aBase = params.aOffset + batchStep(z, params.aBatch) + row % params.m * params.aRow;
  let bBase = params.bOffset + batchStep(z, params.bBatch) + j * params.bCol;

  var sum = 0.0;
  if (j < params.n) {
    for (var k = slice; k < params.k; k += SLICES) {
      sum += aAt(aBase + k * params.aCol) * bAt(bBase + k * params.bRow);
    }
  }
  partial[slice * COLS + col] = sum;
  workgroupBarrier();
  for (var half = SLICES / 2u; half > 0u; half /= 2u) {
    if (slice < half) { partial[slice * COLS + col] += partial[(slice + half) * COLS + col]; }
    workgroupBarrier();
  }
  if (slice == 0u && j < params.n) { output[row * params.n + j] = partial[col] + biasAt(j); }
}
