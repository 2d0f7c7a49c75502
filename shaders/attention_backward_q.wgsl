// Gradient of attention for the queries: dQ = scale · ds·k with ds = p ∘ (dropout(dO·vᵀ) − rowsum(dO ∘ o)), where the
// weights p = e^(score − lse) are computed again tile by tile. Source: Dao et al. 2022.
//
// Shapes as in attention.wgsl; dO and dQ are [B, H, L, D] with any offset and steps for b, h and row. A query that
// sees no key gets 0.
//
// Tile: 4 · THREADS_M queries by 4 · THREADS_N keys. One workgroup to each tile of queries, numbered as in
// attention.wgsl. D at most 4 · THREADS_N · DIM_QUADS.

// @include lib/attention_backward.wgsl

@group(0) @binding(7) var<storage, read_write> qGrad: array<f32>;

const THREADS_M: u32 = 8u; // @param
const THREADS_N: u32 = 8u; // @param
// Groups of four columns of dQ that one thread computes.
const DIM_QUADS: u32 = 2u; // @param
// Columns of q, k, v and dO in workgroup memory at a time.
const CHUNK: u32 = 8u; // @param
// Rows of k in workgroup memory at a time; a divisor of 4 · THREADS_N.
const ROWS_K: u32 = 8u; // @param

const THREADS = THREADS_M * THREADS_N;
const TILE_M = 4u * THREADS_M;
const TILE_N = 4u * THREADS_N;
// One quad of padding moves the rows to different banks of the memory.
const PITCH_M = THREADS_M + 1u;
const PITCH_N = THREADS_N + 1u;
const WIDTH = DIM_QUADS * THREADS_N;

// [column][quad of queries or keys]
var<workgroup> chunkQ: array<vec4<f32>, CHUNK * PITCH_M>;
var<workgroup> chunkGrad: array<vec4<f32>, CHUNK * PITCH_M>;
var<workgroup> chunkK: array<vec4<f32>, CHUNK * PITCH_N>;
var<workgroup> chunkV: array<vec4<f32>, CHUNK * PITCH_N>;
// [key][quad of queries]
var<workgroup> slopes: array<vec4<f32>, TILE_N * PITCH_M>;
// [key][quad of columns]
var<workgroup> rowsK: array<vec4<f32>, ROWS_K * WIDTH>;

// Four columns of a row of k.
fn rowOfK(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (row >= params.keys) { return quad; }
  let at = base + row * params.kAt.w + d;
  if (d < params.dim) { quad.x = kElement(at); }
  if (d + 1u < params.dim) { quad.y = kElement(at + 1u); }
  if (d + 2u < params.dim) { quad.z = kElement(at + 2u); }
  if (d + 3u < params.dim) { quad.w = kElement(at + 3u); }
  return quad;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let tiles = (params.queries + TILE_M - 1u) / TILE_M;
  let tile = linearGroup(group, groups);
  let z = tile / tiles;
  // The grid may be a little larger than the work.
  if (z >= params.count) { return; }
  let row0 = (tile % tiles) * TILE_M;
  let qBase = headAt(z, params.qAt);
  let kBase = headAt(z, params.kAt);
  let vBase = headAt(z, params.vAt);
  let gradBase = headAt(z, params.outputGradAt);
  let threadM = local / THREADS_N;
  let threadN = local % THREADS_N;
  let row = row0 + threadM * 4u;

  var lse = vec4<f32>(NO_KEYS);
  var delta = vec4<f32>(0.0);
  for (var r = 0u; r < 4u; r++) {
    if (row + r < params.queries) {
      let about = rows[z * params.queries + row + r];
      lse[r] = about.x;
      delta[r] = about.y;
    }
  }

  // sums[r · DIM_QUADS + j] of the columns of dQ
  var sums: array<vec4<f32>, 4u * DIM_QUADS>;
  let end = keysSeenBy(min(row0 + TILE_M, params.queries) - 1u);
  for (var key0 = 0u; key0 < end; key0 += TILE_N) {
    // [c]: four queries with key c: q·k, and dO·v
    var scores = array<vec4<f32>, 4>();
    var grads = array<vec4<f32>, 4>();
    for (var d0 = 0u; d0 < params.dim; d0 += CHUNK) {
      for (var slot = local; slot < CHUNK * THREADS_M; slot += THREADS) {
        let d = slot % CHUNK;
        let at = d * PITCH_M + slot / CHUNK;
        chunkQ[at] = quadOfQ(qBase, row0 + slot / CHUNK * 4u, d0 + d);
        chunkGrad[at] = quadOfGrad(gradBase, row0 + slot / CHUNK * 4u, d0 + d);
      }
      for (var slot = local; slot < CHUNK * THREADS_N; slot += THREADS) {
        let d = slot % CHUNK;
        let at = d * PITCH_N + slot / CHUNK;
        chunkK[at] = quadOfK(kBase, key0 + slot / CHUNK * 4u, d0 + d);
        chunkV[at] = quadOfV(vBase, key0 + slot / CHUNK * 4u, d0 + d);
      }
      workgroupBarrier();
      for (var d = 0u; d < CHUNK; d++) {
        let queries = chunkQ[d * PITCH_M + threadM];
        let keys = chunkK[d * PITCH_N + threadN];
        scores[0] += queries * keys.x;
        scores[1] += queries * keys.y;
        scores[2] += queries * keys.z;
        scores[3] += queries * keys.w;
        let outputs = chunkGrad[d * PITCH_M + threadM];
        let values = chunkV[d * PITCH_N + threadN];
        grads[0] += outputs * values.x;
        grads[1] += outputs * values.y;
        grads[2] += outputs * values.z;
        grads[3] += outputs * values.w;
      }
      workgroupBarrier();
    }

    let key = key0 + threadN * 4u;
    var kept = array<vec4<f32>, 4>();
    for (var r = 0u; r < 4u; r++) { kept[r] = keptKeys(z, row + r, key); }
    for (var c = 0u; c < 4u; c++) {
      var slope = vec4<f32>(0.0);
      for (var r = 0u; r < 4u; r++) {
        if (!isHidden(z, row + r, key + c)) {
          let weight = exp(scores[c][r] * params.scale - lse[r]);
          slope[r] = weight * (grads[c][r] * kept[r][c] - delta[r]) * params.scale;
        }
      }
      slopes[(threadN * 4u + c) * PITCH_M + threadM] = slope;
    }

    for (var j0 = 0u; j0 < TILE_N; j0 += ROWS_K) {
      for (var slot = local; slot < ROWS_K * WIDTH; slot += THREADS) {
        rowsK[slot] = rowOfK(kBase, key0 + j0 + slot / WIDTH, slot % WIDTH * 4u);
      }
      workgroupBarrier();
      for (var j = 0u; j < ROWS_K; j++) {
        let slope = slopes[(j0 + j) * PITCH_M + threadM];
        for (var i = 0u; i < DIM_QUADS; i++) {
          let values = rowsK[j * WIDTH + threadN + i * THREADS_N];
          sums[i] += slope.x * values;
          sums[DIM_QUADS + i] += slope.y * values;
          sums[2u * DIM_QUADS + i] += slope.z * values;
          sums[3u * DIM_QUADS + i] += slope.w * values;
        }
      }
      workgroupBarrier();
    }
  }

  let base = headAt(z, params.qGradAt);
  for (var r = 0u; r < 4u; r++) {
    if (row + r >= params.queries) { break; }
    for (var i = 0u; i < DIM_QUADS; i++) {
      let d = (threadN + i * THREADS_N) * 4u;
      let quad = sums[r * DIM_QUADS + i];
      for (var c = 0u; c < 4u; c++) {
        if (d + c < params.dim) { qGrad[base + (row + r) * params.qGradAt.w + d + c] = quad[c]; }
      }
    }
  }
}
