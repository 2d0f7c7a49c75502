// Matrix product: output[z, i, j] = Σ_k a[z, i, k] · b[z, k, j] (+ bias[j]), summed in f32.
//
// a: [batch.., m, k], b: [batch.., k, n], any strides and offset (a transpose is a matter of strides, a broadcast batch
// dimension has step 0); bias: [n], any step; output: [batch.., m, n] without gaps.
//
// A workgroup computes a tile of the output. It carries TILE_K columns of a and rows of b at a time into workgroup
// memory, and each thread keeps a block of 4 rows by 4 columns in registers, so that a number fetched from workgroup
// memory is used 4 times, and one fetched from the buffer as often as the tile is wide. The block is four variables and
// no array: a compiler that does not unroll keeps an array in memory, which was three times slower.
//
// Tile: THREADS_M · 4 rows by THREADS_N · 4 columns. One workgroup each: tiles of a row of tiles first, then rows of
// tiles, then matrices, numbered over a grid of two dimensions.

// @include lib/matmul.wgsl

const THREADS_M: u32 = 16u; // @param
const THREADS_N: u32 = 16u; // @param
const TILE_K: u32 = 16u; // @param
// Neighbouring threads should read neighbouring numbers: along k or along m in a, along n or along k in b.
const A_ALONG_K: bool = true; // @param
const B_ALONG_N: bool = true; // @param

const THREADS = THREADS_M * THREADS_N;
// One quad of padding moves the rows of a tile to different banks of the memory.
const PITCH_M = THREADS_M + 1u;
const PITCH_N = THREADS_N + 1u;

// Row k of a tile holds its column of a, and its row of b, in quads.
var<workgroup> tileA: array<vec4<f32>, TILE_K * PITCH_M>;
var<workgroup> tileB: array<vec4<f32>, TILE_K * PITCH_N>;

// Four rows of a column of a; zero outside.
fn quadOfA(base: u32, row: u32, k: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (k >= params.k) { return quad; }
  let at = base + row * params.aRow + k * params.aCol;
  if (row < params.m) { quad.x = aAt(at); }
  if (row + 1u < params.m) { quad.y = aAt(at + params.aRow); }
  if (row + 2u < params.m) { quad.z = aAt(at + 2u * params.aRow); }
  if (row + 3u < params.m) { quad.w = aAt(at + 3u * params.aRow); }
  return quad;
}

// Four columns of a row of b; zero outside.
fn quadOfB(base: u32, k: u32, col: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (k >= params.k) { return quad; }
  let at = base + k * params.bRow + col * params.bCol;
  if (col < params.n) { quad.x = bAt(at); }
  if (col + 1u < params.n) { quad.y = bAt(at + params.bCol); }
  if (col + 2u < params.n) { quad.z = bAt(at + 2u * params.bCol); }
  if (col + 3u < params.n) { quad.w = bAt(at + 3u * params.bCol); }
  return quad;
}

// Four columns of a row of the output, as far as they lie inside.
fn storeRow(at: u32, row: u32, col: u32, quad: vec4<f32>) {
  if (row >= params.m) { return; }
  if (col < params.n) { output[at] = quad.x; }
  if (col + 1u < params.n) { output[at + 1u] = quad.y; }
  if (col + 2u < params.n) { output[at + 2u] = quad.z; }
  if (col + 3u < params.n) { output[at + 3u] = quad.w; }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let tilesM = (params.m + THREADS_M * 4u - 1u) / (THREADS_M * 4u);
  let tilesN = (params.n + THREADS_N * 4u - 1u) / (THREADS_N * 4u);
  let tile = linearGroup(group, groups);
  let z = tile / (tilesM * tilesN);
  // The grid may be a little larger than the work.
  if (z >= params.batch.w) { return; }
  let row0 = (tile / tilesN % tilesM) * THREADS_M * 4u;
  let col0 = (tile % tilesN) * THREADS_N * 4u;
  let aBase = params.aOffset + batchStep(z, params.aBatch);
  let bBase = params.bOffset + batchStep(z, params.bBatch);
  let threadM = local / THREADS_N;
  let threadN = local % THREADS_N;

  // Row r of the block.
  var sum0 = vec4<f32>(0.0);
  var sum1 = vec4<f32>(0.0);
  var sum2 = vec4<f32>(0.0);
  var sum3 = vec4<f32>(0.0);
  for (var k0 = 0u; k0 < params.k; k0 += TILE_K) {
    for (var slot = local; slot < TILE_K * THREADS_M; slot += THREADS) {
      let quad = select(slot % THREADS_M, slot / TILE_K, A_ALONG_K);
      let k = select(slot / THREADS_M, slot % TILE_K, A_ALONG_K);
      tileA[k * PITCH_M + quad] = quadOfA(aBase, row0 + quad * 4u, k0 + k);
    }
    for (var slot = local; slot < TILE_K * THREADS_N; slot += THREADS) {
      let quad = select(slot / TILE_K, slot % THREADS_N, B_ALONG_N);
      let k = select(slot % TILE_K, slot / THREADS_N, B_ALONG_N);
      tileB[k * PITCH_N + quad] = quadOfB(bBase, k0 + k, col0 + quad * 4u);
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      let rows = tileA[k * PITCH_M + threadM];
      let cols = tileB[k * PITCH_N + threadN];
      sum0 += rows.x * cols;
      sum1 += rows.y * cols;
      sum2 += rows.z * cols;
      sum3 += rows.w * cols;
    }
    workgroupBarrier();
  }

  let row = row0 + threadM * 4u;
  let col = col0 + threadN * 4u;
  let at = (z * params.m + row) * params.n + col;
  let bias4 = vec4<f32>(biasAt(col), biasAt(col + 1u), biasAt(col + 2u), biasAt(col + 3u));
  storeRow(at, row, col, sum0 + bias4);
  storeRow(at + params.n, row + 1u, col, sum1 + bias4);
  storeRow(at + 2u * params.n, row + 2u, col, sum2 + bias4);
  storeRow(at + 3u * params.n, row + 3u, col, sum3 + bias4);
}
