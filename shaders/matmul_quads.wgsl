// Matrix product of float32 operands that can be read four numbers at a time:
// output[z, i, j] = Σ_k a[z, i, k] · b[z, k, j] (+ bias[j]).
//
// a: [batch.., m, k], b: [batch.., k, n]; each has one of its last two dimensions without gaps, and the size along it, all
// other steps and the offset are multiples of 4. n is a multiple of 4. bias and output as in matmul.wgsl.
//
// A workgroup computes a tile of the output, BLOCK_M quads of rows by BLOCK_N quads of columns in the registers of each
// thread, and carries TILE_K columns of a and rows of b at a time through workgroup memory. The first threads fetch a block
// of 4 × 4 numbers of a each, the next ones of b, and keep the following block in registers while the tile is worked on:
// the wait for the memory is over when it is needed.
//
// k is cut into `slices` of `span` and a workgroup sums one of them: output is [slices, batch.., m, n], and
// the bias is added to slice 0. A product with few tiles and long sums keeps all of the device at work so.

// @include lib/matmul_layout.wgsl

@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4<f32>>;

const THREADS_M: u32 = 16u; // @param
const THREADS_N: u32 = 16u; // @param
const BLOCK_M: u32 = 2u; // @param
const BLOCK_N: u32 = 2u; // @param
const TILE_K: u32 = 16u; // @param
// The dimension without gaps: k or m in a, n or k in b.
const A_ALONG_K: bool = true; // @param
const B_ALONG_N: bool = true; // @param

const THREADS = THREADS_M * THREADS_N;
const QUADS_M = THREADS_M * BLOCK_M;
const QUADS_N = THREADS_N * BLOCK_N;
const QUADS_K = TILE_K / 4u;
// One quad of padding moves the rows of a tile to different banks of the memory.
const PITCH_M = QUADS_M + 1u;
const PITCH_N = QUADS_N + 1u;
// Blocks of 4 × 4 in a tile of each operand; together at most one for each thread.
const BLOCKS_A = QUADS_M * QUADS_K;
const BLOCKS_B = QUADS_N * QUADS_K;

// Row k of a tile holds its column of a, and its row of b, in quads.
var<workgroup> tileA: array<vec4<f32>, TILE_K * PITCH_M>;
var<workgroup> tileB: array<vec4<f32>, TILE_K * PITCH_N>;

// Quad i of the block of a that begins at this row and k: its column k + i. Zero outside.
fn blockOfA(base: u32, row: u32, k: u32, end: u32) -> mat4x4<f32> {
  var quads = mat4x4<f32>();
  if (A_ALONG_K) {
    if (k >= end) { return quads; }
    let at = base + row * params.aRow + k;
    if (row < params.m) { quads[0] = a[at / 4u]; }
    if (row + 1u < params.m) { quads[1] = a[(at + params.aRow) / 4u]; }
    if (row + 2u < params.m) { quads[2] = a[(at + 2u * params.aRow) / 4u]; }
    if (row + 3u < params.m) { quads[3] = a[(at + 3u * params.aRow) / 4u]; }
    return transpose(quads);
  }
  if (row >= params.m) { return quads; }
  let at = base + k * params.aCol + row;
  if (k < end) { quads[0] = a[at / 4u]; }
  if (k + 1u < end) { quads[1] = a[(at + params.aCol) / 4u]; }
  if (k + 2u < end) { quads[2] = a[(at + 2u * params.aCol) / 4u]; }
  if (k + 3u < end) { quads[3] = a[(at + 3u * params.aCol) / 4u]; }
  return quads;
}

// Quad i of the block of b that begins at this k and column: its row k + i. Zero outside.
fn blockOfB(base: u32, k: u32, col: u32, end: u32) -> mat4x4<f32> {
  var quads = mat4x4<f32>();
  if (B_ALONG_N) {
    if (col >= params.n) { return quads; }
    let at = base + k * params.bRow + col;
    if (k < end) { quads[0] = b[at / 4u]; }
    if (k + 1u < end) { quads[1] = b[(at + params.bRow) / 4u]; }
    if (k + 2u < end) { quads[2] = b[(at + 2u * params.bRow) / 4u]; }
    if (k + 3u < end) { quads[3] = b[(at + 3u * params.bRow) / 4u]; }
    return quads;
  }
  if (k >= end) { return quads; }
  let at = base + col * params.bCol + k;
  if (col < params.n) { quads[0] = b[at / 4u]; }
  if (col + 1u < params.n) { quads[1] = b[(at + params.bCol) / 4u]; }
  if (col + 2u < params.n) { quads[2] = b[(at + 2u * params.bCol) / 4u]; }
  if (col + 3u < params.n) { quads[3] = b[(at + 3u * params.bCol) / 4u]; }
  return transpose(quads);
}

// A quad of a row of the output, if it lies inside.
fn store(base: u32, row: u32, col: u32, quad: vec4<f32>) {
  if (row < params.m && col < params.n) { output[(base + row * params.n + col) / 4u] = quad; }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let tilesM = (params.m + QUADS_M * 4u - 1u) / (QUADS_M * 4u);
  let tilesN = (params.n + QUADS_N * 4u - 1u) / (QUADS_N * 4u);
  let tile = linearGroup(group, groups);
  let matrix = tile / (tilesM * tilesN);
  let slice = matrix / params.batch.w;
  // The grid may be a little larger than the work.
  if (slice >= params.slices) { return; }
  let z = matrix % params.batch.w;
  let row0 = (tile / tilesN % tilesM) * QUADS_M * 4u;
  let col0 = (tile % tilesN) * QUADS_N * 4u;
  let aBase = params.aOffset + batchStep(z, params.aBatch);
  let bBase = params.bOffset + batchStep(z, params.bBatch);
  let start = slice * params.span;
  let end = min(params.k, start + params.span);

  // Where the block lies that this thread fetches, in its tile: threads that follow one another read along the dimension
  // without gaps.
  let ofA = local < BLOCKS_A;
  let ofB = local >= BLOCKS_A && local < BLOCKS_A + BLOCKS_B;
  let slot = select(local - BLOCKS_A, local, ofA);
  var quad = select(slot / QUADS_K, slot % QUADS_N, B_ALONG_N);
  var inK = select(slot % QUADS_K, slot / QUADS_N, B_ALONG_N) * 4u;
  if (ofA) {
    quad = select(slot % QUADS_M, slot / QUADS_K, A_ALONG_K);
    inK = select(slot / QUADS_M, slot % QUADS_K, A_ALONG_K) * 4u;
  }
  let threadM = local / THREADS_N;
  let threadN = local % THREADS_N;

  // Row r of the block of this thread, quad c.
  var sum00 = vec4<f32>(0.0);
  var sum01 = vec4<f32>(0.0);
  var sum10 = vec4<f32>(0.0);
  var sum11 = vec4<f32>(0.0);
  var sum20 = vec4<f32>(0.0);
  var sum21 = vec4<f32>(0.0);
  var sum30 = vec4<f32>(0.0);
  var sum31 = vec4<f32>(0.0);
  var sum40 = vec4<f32>(0.0);
  var sum41 = vec4<f32>(0.0);
  var sum50 = vec4<f32>(0.0);
  var sum51 = vec4<f32>(0.0);
  var sum60 = vec4<f32>(0.0);
  var sum61 = vec4<f32>(0.0);
  var sum70 = vec4<f32>(0.0);
  var sum71 = vec4<f32>(0.0);

  var quads = mat4x4<f32>();
  if (ofA) { quads = blockOfA(aBase, row0 + quad * 4u, start + inK, end); }
  if (ofB) { quads = blockOfB(bBase, start + inK, col0 + quad * 4u, end); }
  for (var k0 = start; k0 < end; k0 += TILE_K) {
    if (ofA) {
      tileA[inK * PITCH_M + quad] = quads[0];
      tileA[(inK + 1u) * PITCH_M + quad] = quads[1];
      tileA[(inK + 2u) * PITCH_M + quad] = quads[2];
      tileA[(inK + 3u) * PITCH_M + quad] = quads[3];
    }
    if (ofB) {
      tileB[inK * PITCH_N + quad] = quads[0];
      tileB[(inK + 1u) * PITCH_N + quad] = quads[1];
      tileB[(inK + 2u) * PITCH_N + quad] = quads[2];
      tileB[(inK + 3u) * PITCH_N + quad] = quads[3];
    }
    workgroupBarrier();
    if (k0 + TILE_K < end) {
      if (ofA) { quads = blockOfA(aBase, row0 + quad * 4u, k0 + TILE_K + inK, end); }
      if (ofB) { quads = blockOfB(bBase, k0 + TILE_K + inK, col0 + quad * 4u, end); }
    }
    for (var k = 0u; k < TILE_K; k++) {
      let rows0 = tileA[k * PITCH_M + threadM];
      let cols0 = tileB[k * PITCH_N + threadN];
      sum00 = fma(vec4<f32>(rows0.x), cols0, sum00);
      sum10 = fma(vec4<f32>(rows0.y), cols0, sum10);
      sum20 = fma(vec4<f32>(rows0.z), cols0, sum20);
      sum30 = fma(vec4<f32>(rows0.w), cols0, sum30);
      if (BLOCK_N == 2u) {
        let cols1 = tileB[k * PITCH_N + threadN + THREADS_N];
        sum01 = fma(vec4<f32>(rows0.x), cols1, sum01);
        sum11 = fma(vec4<f32>(rows0.y), cols1, sum11);
        sum21 = fma(vec4<f32>(rows0.z), cols1, sum21);
        sum31 = fma(vec4<f32>(rows0.w), cols1, sum31);
        if (BLOCK_M == 2u) {
          let rows1 = tileA[k * PITCH_M + threadM + THREADS_M];
          sum41 = fma(vec4<f32>(rows1.x), cols1, sum41);
          sum51 = fma(vec4<f32>(rows1.y), cols1, sum51);
          sum61 = fma(vec4<f32>(rows1.z), cols1, sum61);
          sum71 = fma(vec4<f32>(rows1.w), cols1, sum71);
        }
      }
      if (BLOCK_M == 2u) {
        let rows1 = tileA[k * PITCH_M + threadM + THREADS_M];
        sum40 = fma(vec4<f32>(rows1.x), cols0, sum40);
        sum50 = fma(vec4<f32>(rows1.y), cols0, sum50);
        sum60 = fma(vec4<f32>(rows1.z), cols0, sum60);
        sum70 = fma(vec4<f32>(rows1.w), cols0, sum70);
      }
    }
    workgroupBarrier();
  }

  let base = matrix * params.m * params.n;
  let row = row0 + threadM * 4u;
  let col = col0 + threadN * 4u;
  let row1 = row + THREADS_M * 4u;
  let col1 = col + THREADS_N * 4u;
  var bias0 = vec4<f32>(0.0);
  var bias1 = vec4<f32>(0.0);
  if (slice == 0u) {
    bias0 = vec4<f32>(biasAt(col), biasAt(col + 1u), biasAt(col + 2u), biasAt(col + 3u));
    if (BLOCK_N == 2u) {
      bias1 = vec4<f32>(biasAt(col1), biasAt(col1 + 1u), biasAt(col1 + 2u), biasAt(col1 + 3u));
    }
  }
  store(base, row, col, sum00 + bias0);
  store(base, row + 1u, col, sum10 + bias0);
  store(base, row + 2u, col, sum20 + bias0);
  store(base, row + 3u, col, sum30 + bias0);
  if (BLOCK_N == 2u) {
    store(base, row, col1, sum01 + bias1);
    store(base, row + 1u, col1, sum11 + bias1);
    store(base, row + 2u, col1, sum21 + bias1);
    store(base, row + 3u, col1, sum31 + bias1);
  }
  if (BLOCK_M == 2u) {
    store(base, row1, col, sum40 + bias0);
    store(base, row1 + 1u, col, sum50 + bias0);
    store(base, row1 + 2u, col, sum60 + bias0);
    store(base, row1 + 3u, col, sum70 + bias0);
    if (BLOCK_N == 2u) {
      store(base, row1, col1, sum41 + bias1);
      store(base, row1 + 1u, col1, sum51 + bias1);
      store(base, row1 + 2u, col1, sum61 + bias1);
      store(base, row1 + 3u, col1, sum71 + bias1);
    }
  }
}
