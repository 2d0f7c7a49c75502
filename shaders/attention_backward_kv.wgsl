// Gradients of attention for keys and values: dV = dropout(p)ᵀ·dO and dK = scale · dsᵀ·q, with p and ds as in
// attention_backward_q.wgsl. Source: Dao et al. 2022.
//
// Shapes as in attention.wgsl; dK and dV are [B, H, S, D] with any offset and steps for b, h and row. A key that no
// query sees gets 0.
//
// Tile: 4 · THREADS_M keys by 4 · THREADS_N queries. One workgroup to each tile of keys: tiles of a head first, then
// heads, numbered over a grid of two dimensions. D at most 4 · THREADS_N · DIM_QUADS.

// @include lib/attention_backward.wgsl

@group(0) @binding(7) var<storage, read_write> kGrad: array<f32>;
@group(0) @binding(8) var<storage, read_write> vGrad: array<f32>;

const THREADS_M: u32 = 8u; // @param
const THREADS_N: u32 = 8u; // @param
// Groups of four columns of dK, and of dV, that one thread computes.
const DIM_QUADS: u32 = 2u; // @param
// Columns of q, k, v and dO in workgroup memory at a time.
const CHUNK: u32 = 8u; // @param
// Rows of q and of dO in workgroup memory at a time; a divisor of 4 · THREADS_N.
const ROWS_Q: u32 = 4u; // @param

const THREADS = THREADS_M * THREADS_N;
const TILE_M = 4u * THREADS_M;
const TILE_N = 4u * THREADS_N;
// One quad of padding moves the rows to different banks of the memory.
const PITCH_M = THREADS_M + 1u;
const PITCH_N = THREADS_N + 1u;
const WIDTH = DIM_QUADS * THREADS_N;

// [column][quad of keys or queries]
var<workgroup> chunkK: array<vec4<f32>, CHUNK * PITCH_M>;
var<workgroup> chunkV: array<vec4<f32>, CHUNK * PITCH_M>;
var<workgroup> chunkQ: array<vec4<f32>, CHUNK * PITCH_N>;
var<workgroup> chunkGrad: array<vec4<f32>, CHUNK * PITCH_N>;
// [query][quad of keys]
var<workgroup> weights: array<vec4<f32>, TILE_N * PITCH_M>;
var<workgroup> slopes: array<vec4<f32>, TILE_N * PITCH_M>;
// [query][quad of columns]
var<workgroup> rowsQ: array<vec4<f32>, ROWS_Q * WIDTH>;
var<workgroup> rowsGrad: array<vec4<f32>, ROWS_Q * WIDTH>;

// Four columns of a row of q.
fn rowOfQ(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (row >= params.queries) { return quad; }
  let at = base + row * params.qAt.w + d;
  if (d < params.dim) { quad.x = qElement(at); }
  if (d + 1u < params.dim) { quad.y = qElement(at + 1u); }
  if (d + 2u < params.dim) { quad.z = qElement(at + 2u); }
  if (d + 3u < params.dim) { quad.w = qElement(at + 3u); }
  return quad;
}

// Four columns of a row of dO.
fn rowOfGrad(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (row >= params.queries) { return quad; }
  let at = base + row * params.outputGradAt.w + d;
  if (d < params.dim) { quad.x = outputGrad[at]; }
  if (d + 1u < params.dim) { quad.y = outputGrad[at + 1u]; }
  if (d + 2u < params.dim) { quad.z = outputGrad[at + 2u]; }
  if (d + 3u < params.dim) { quad.w = outputGrad[at + 3u]; }
  return quad;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let tiles = (params.keys + TILE_M - 1u) / TILE_M;
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

  // [r · DIM_QUADS + j]: of this thread's four keys, columns of dK and dV
  var sumsK: array<vec4<f32>, 4u * DIM_QUADS>;
  var sumsV: array<vec4<f32>, 4u * DIM_QUADS>;
  let begin = firstQueryFor(row0) / TILE_N * TILE_N;
  for (var query0 = begin; query0 < params.queries; query0 += TILE_N) {
    // [c]: four keys with query c: k·q, and v·dO
    var scores = array<vec4<f32>, 4>();
    var grads = array<vec4<f32>, 4>();
    for (var d0 = 0u; d0 < params.dim; d0 += CHUNK) {
      for (var slot = local; slot < CHUNK * THREADS_M; slot += THREADS) {
        let d = slot % CHUNK;
        let at = d * PITCH_M + slot / CHUNK;
        chunkK[at] = quadOfK(kBase, row0 + slot / CHUNK * 4u, d0 + d);
        chunkV[at] = quadOfV(vBase, row0 + slot / CHUNK * 4u, d0 + d);
      }
      for (var slot = local; slot < CHUNK * THREADS_N; slot += THREADS) {
        let d = slot % CHUNK;
        let at = d * PITCH_N + slot / CHUNK;
        chunkQ[at] = quadOfQ(qBase, query0 + slot / CHUNK * 4u, d0 + d);
        chunkGrad[at] = quadOfGrad(gradBase, query0 + slot / CHUNK * 4u, d0 + d);
      }
      workgroupBarrier();
      for (var d = 0u; d < CHUNK; d++) {
        let keys = chunkK[d * PITCH_M + threadM];
        let queries = chunkQ[d * PITCH_N + threadN];
        scores[0] += keys * queries.x;
        scores[1] += keys * queries.y;
        scores[2] += keys * queries.z;
        scores[3] += keys * queries.w;
        let values = chunkV[d * PITCH_M + threadM];
        let outputs = chunkGrad[d * PITCH_N + threadN];
        grads[0] += values * outputs.x;
        grads[1] += values * outputs.y;
        grads[2] += values * outputs.z;
        grads[3] += values * outputs.w;
      }
      workgroupBarrier();
    }

    for (var c = 0u; c < 4u; c++) {
      let query = query0 + threadN * 4u + c;
      var about = vec2<f32>(NO_KEYS, 0.0);
      if (query < params.queries) { about = rows[z * params.queries + query]; }
      var weight = vec4<f32>(0.0);
      for (var r = 0u; r < 4u; r++) {
        if (!isHidden(z, query, row + r)) { weight[r] = exp(scores[c][r] * params.scale - about.x); }
      }
      let kept = keptKeys(z, query, row);
      let at = (threadN * 4u + c) * PITCH_M + threadM;
      weights[at] = weight * kept;
      slopes[at] = weight * (grads[c] * kept - about.y) * params.scale;
    }

    for (var j0 = 0u; j0 < TILE_N; j0 += ROWS_Q) {
      for (var slot = local; slot < ROWS_Q * WIDTH; slot += THREADS) {
        rowsQ[slot] = rowOfQ(qBase, query0 + j0 + slot / WIDTH, slot % WIDTH * 4u);
        rowsGrad[slot] = rowOfGrad(gradBase, query0 + j0 + slot / WIDTH, slot % WIDTH * 4u);
      }
      workgroupBarrier();
      for (var j = 0u; j < ROWS_Q; j++) {
        let slope = slopes[(j0 + j) * PITCH_M + threadM];
        let weight = weights[(j0 + j) * PITCH_M + threadM];
        for (var i = 0u; i < DIM_QUADS; i++) {
          let queries = rowsQ[j * WIDTH + threadN + i * THREADS_N];
          sumsK[i] += slope.x * queries;
          sumsK[DIM_QUADS + i] += slope.y * queries;
          sumsK[2u * DIM_QUADS + i] += slope.z * queries;
          sumsK[3u * DIM_QUADS + i] += slope.w * queries;
          let outputs = rowsGrad[j * WIDTH + threadN + i * THREADS_N];
          sumsV[i] += weight.x * outputs;
          sumsV[DIM_QUADS + i] += weight.y * outputs;
          sumsV[2u * DIM_QUADS + i] += weight.z * outputs;
          sumsV[3u * DIM_QUADS + i] += weight.w * outputs;
        }
      }
      workgroupBarrier();
    }
  }

  let kOut = headAt(z, params.kGradAt);
  let vOut = headAt(z, params.vGradAt);
  for (var r = 0u; r < 4u; r++) {
    if (row + r >= params.keys) { break; }
    for (var i = 0u; i < DIM_QUADS; i++) {
      let d = (threadN + i * THREADS_N) * 4u;
      let quadK = sumsK[r * DIM_QUADS + i];
      let quadV = sumsV[r * DIM_QUADS + i];
      for (var c = 0u; c < 4u; c++) {
        if (d + c < params.dim) {
          kGrad[kOut + (row + r) * params.kGradAt.w + d + c] = quadK[c];
          vGrad[vOut + (row + r) * params.vGradAt.w + d + c] = quadV[c];
        }
      }
    }
  }
}
