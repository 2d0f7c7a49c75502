// Attention: o = dropout(softmax(q·kᵀ·scale, hidden scores −∞))·v, and lse = log Σ e^score for the backward pass.
// Source: Milakov and Gimelshein 2018 (online softmax); Dao et al. 2022 (tiles, so that no L × S matrix is stored).
//
// q: [B, H, L, D], k, v: [B, H, S, D], o: [B, H, L, D], each with any offset and steps for b, h and row; the numbers
// of a row lie side by side. mask: [B, H, L, S] i32, non-zero = hidden, any steps. lse: [B, H, L] without gaps. A
// query that sees no key has o = 0.
//
// A workgroup takes a tile of queries and goes over the keys tile by tile. A thread computes four queries by four
// keys of the scores from pieces of q and k in workgroup memory, then the same four queries by DIM_QUADS · 4 columns
// of o. When a tile raises a query's highest score, what was summed so far is scaled down.
//
// Tile: 4 · THREADS_M queries by 4 · THREADS_N keys. One workgroup to each tile of queries: tiles of a head first,
// then heads, numbered over a grid of two dimensions. D at most 4 · THREADS_N · DIM_QUADS.

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
  outputAt: vec4<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<u32>;
@group(0) @binding(2) var<storage, read> k: array<u32>;
@group(0) @binding(3) var<storage, read> v: array<u32>;
@group(0) @binding(4) var<storage, read> mask: array<i32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;

const THREADS_M: u32 = 8u; // @param
const THREADS_N: u32 = 8u; // @param
// Groups of four columns of o that one thread computes.
const DIM_QUADS: u32 = 2u; // @param
// Columns of q and k in workgroup memory at a time.
const CHUNK: u32 = 16u; // @param
// Rows of v in workgroup memory at a time; a divisor of 4 · THREADS_N.
const ROWS_V: u32 = 8u; // @param

const THREADS = THREADS_M * THREADS_N;
const TILE_M = 4u * THREADS_M;
const TILE_N = 4u * THREADS_N;
// One quad of padding moves the rows to different banks of the memory.
const PITCH_M = THREADS_M + 1u;
const PITCH_N = THREADS_N + 1u;
const WIDTH = DIM_QUADS * THREADS_N;

// [column][quad of queries or keys]
var<workgroup> chunkQ: array<vec4<f32>, CHUNK * PITCH_M>;
var<workgroup> chunkK: array<vec4<f32>, CHUNK * PITCH_N>;
// [key][quad of queries]: scores, then weights
var<workgroup> weights: array<vec4<f32>, TILE_N * PITCH_M>;
// [key][quad of columns]
var<workgroup> rowsV: array<vec4<f32>, ROWS_V * WIDTH>;

// Four columns of a row of v.
fn rowOfV(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (row >= params.keys) { return quad; }
  let at = base + row * params.vAt.w + d;
  if (d < params.dim) { quad.x = vElement(at); }
  if (d + 1u < params.dim) { quad.y = vElement(at + 1u); }
  if (d + 2u < params.dim) { quad.z = vElement(at + 2u); }
  if (d + 3u < params.dim) { quad.w = vElement(at + 3u); }
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
  let threadM = local / THREADS_N;
  let threadN = local % THREADS_N;
  let row = row0 + threadM * 4u;

  // Of this thread's four queries: sums[r · DIM_QUADS + j] of the columns of o, highest score, and the part of the sum of
  // weights that comes from this thread's keys.
  var sums: array<vec4<f32>, 4u * DIM_QUADS>;
  var top = vec4<f32>(LOWEST);
  var total = vec4<f32>(0.0);
  let end = keysSeenBy(min(row0 + TILE_M, params.queries) - 1u);
  for (var key0 = 0u; key0 < end; key0 += TILE_N) {
    // scores[c]: four queries with key c
    var scores = array<vec4<f32>, 4>();
    for (var d0 = 0u; d0 < params.dim; d0 += CHUNK) {
      for (var slot = local; slot < CHUNK * THREADS_M; slot += THREADS) {
        let d = slot % CHUNK;
        chunkQ[d * PITCH_M + slot / CHUNK] = quadOfQ(qBase, row0 + slot / CHUNK * 4u, d0 + d);
      }
      for (var slot = local; slot < CHUNK * THREADS_N; slot += THREADS) {
        let d = slot % CHUNK;
        chunkK[d * PITCH_N + slot / CHUNK] = quadOfK(kBase, key0 + slot / CHUNK * 4u, d0 + d);
      }
      workgroupBarrier();
      for (var d = 0u; d < CHUNK; d++) {
        let queries = chunkQ[d * PITCH_M + threadM];
        let keys = chunkK[d * PITCH_N + threadN];
        scores[0] += queries * keys.x;
        scores[1] += queries * keys.y;
        scores[2] += queries * keys.z;
        scores[3] += queries * keys.w;
      }
      workgroupBarrier();
    }

    let key = key0 + threadN * 4u;
    for (var c = 0u; c < 4u; c++) {
      var score = scores[c] * params.scale;
      for (var r = 0u; r < 4u; r++) {
        if (isHidden(z, row + r, key + c)) { score[r] = LOWEST; }
      }
      scores[c] = score;
      weights[(threadN * 4u + c) * PITCH_M + threadM] = score;
    }
    workgroupBarrier();
    var newTop = top;
    for (var j = 0u; j < TILE_N; j++) { newTop = max(newTop, weights[j * PITCH_M + threadM]); }
    workgroupBarrier();

    let shrink = exp(top - newTop);
    top = newTop;
    total *= shrink;
    for (var r = 0u; r < 4u; r++) {
      for (var j = 0u; j < DIM_QUADS; j++) { sums[r * DIM_QUADS + j] *= shrink[r]; }
    }
    var kept = array<vec4<f32>, 4>();
    for (var r = 0u; r < 4u; r++) { kept[r] = keptKeys(z, row + r, key); }
    for (var c = 0u; c < 4u; c++) {
      let weight = select(exp(scores[c] - top), vec4<f32>(0.0), scores[c] <= vec4<f32>(LOWEST));
      total += weight;
      let factor = vec4<f32>(kept[0][c], kept[1][c], kept[2][c], kept[3][c]);
      weights[(threadN * 4u + c) * PITCH_M + threadM] = weight * factor;
    }

    for (var j0 = 0u; j0 < TILE_N; j0 += ROWS_V) {
      for (var slot = local; slot < ROWS_V * WIDTH; slot += THREADS) {
        rowsV[slot] = rowOfV(vBase, key0 + j0 + slot / WIDTH, slot % WIDTH * 4u);
      }
      workgroupBarrier();
      for (var j = 0u; j < ROWS_V; j++) {
        let weight = weights[(j0 + j) * PITCH_M + threadM];
        for (var i = 0u; i < DIM_QUADS; i++) {
          let values = rowsV[j * WIDTH + threadN + i * THREADS_N];
          sums[i] += weight.x * values;
          sums[DIM_QUADS + i] += weight.y * values;
          sums[2u * DIM_QUADS + i] += weight.z * values;
          sums[3u * DIM_QUADS + i] += weight.w * values;
        }
      }
      workgroupBarrier();
    }
  }

  weights[threadN * PITCH_M + threadM] = total;
  workgroupBarrier();
  total = vec4<f32>(0.0);
  for (var n = 0u; n < THREADS_N; n++) { total += weights[n * PITCH_M + threadM]; }
  let outputBase = headAt(z, params.outputAt);
  for (var r = 0u; r < 4u; r++) {
    if (row + r >= params.queries) { break; }
    let sees = total[r] > 0.0;
    let by = select(0.0, 1.0 / max(total[r], 1.0e-30), sees);
    for (var i = 0u; i < DIM_QUADS; i++) {
      let d = (threadN + i * THREADS_N) * 4u;
      let quad = sums[r * DIM_QUADS + i] * by;
      for (var c = 0u; c < 4u; c++) {
        if (d + c < params.dim) { output[outputBase + (row + r) * params.outputAt.w + d + c] = quad[c]; }
      }
    }
    if (threadN == 0u) { lse[z * params.queries + row + r] = select(NO_KEYS, top[r] + log(total[r]), sees); }
  }
}
