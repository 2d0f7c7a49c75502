// What the attention kernels share: which keys a query sees, dropout, and loading pieces of q and k. They expect
// `params` with the fields used here and the bindings `q`, `k`, `v` and `mask`.

// @include lib/index.wgsl
// @include lib/philox.wgsl
// @include lib/halves.wgsl

// q, k and v: float32 bits, or two halves to a word.
const HALF: bool = false; // @param

// The score of a hidden key. Finite, since a shader may assume that there is no infinity.
const LOWEST: f32 = -3.0e38;

// The logarithm of the sum for a query that sees no key: e^(score − NO_KEYS) is 0 for every score.
const NO_KEYS: f32 = 3.0e38;

// Where row 0 of head z % heads of batch z / heads lies; at = offset, steps between batches, heads and rows.
fn headAt(z: u32, at: vec4<u32>) -> u32 {
  return at.x + (z / params.heads) * at.y + (z % params.heads) * at.z;
}

// One past the last key that `query` may see. Causal: the last query sees all keys, the one before it one less.
fn keysSeenBy(query: u32) -> u32 {
  if (params.causal == 0u) { return params.keys; }
  let past = query + 1u + params.keys;
  return min(params.keys, max(past, params.queries) - params.queries);
}

// The first query that may see `key`.
fn firstQueryFor(key: u32) -> u32 {
  if (params.causal == 0u) { return 0u; }
  return max(key + params.queries, params.keys) - params.keys;
}

fn isHidden(z: u32, query: u32, key: u32) -> bool {
  if (query >= params.queries || key >= keysSeenBy(query)) { return true; }
  if (params.hasMask == 0u) { return false; }
  let steps = params.maskSteps;
  let head = (z / params.heads) * steps.x + (z % params.heads) * steps.y;
  return mask[params.maskOffset + head + query * steps.z + key * steps.w] != 0;
}

// What dropout multiplies the weights of `query` for four keys by: 0, or 1 / (1 − p). The weight of (z, query, key) is
// element ((z · queries + query) · keys + key) of the stream, a number of up to 64 bits.
fn keptKeys(z: u32, query: u32, key: u32) -> vec4<f32> {
  if (params.threshold == 0u) { return vec4<f32>(1.0); }
  let row = z * params.queries + query;
  let low = row * params.keys + key;
  let high = mulHigh(row, params.keys) + select(0u, 1u, low < key);
  let counter = vec4<u32>((low >> 2u) | (high << 30u), high >> 2u, params.stream, 0u);
  let first = philox(counter, params.seed);
  let skip = low & 3u;
  var second = first;
  if (skip != 0u) {
    let carry = select(0u, 1u, counter.x == 0xffffffffu);
    second = philox(vec4<u32>(counter.x + 1u, counter.y + carry, counter.z, 0u), params.seed);
  }
  var kept = vec4<f32>(0.0);
  for (var c = 0u; c < 4u; c++) {
    let at = (skip + c) & 3u;
    let word = select(second[at], first[at], skip + c < 4u);
    if ((word >> 8u) >= params.threshold) { kept[c] = params.keepScale; }
  }
  return kept;
}

fn qElement(i: u32) -> f32 {
  if (HALF) { return halfIn(q[i / 2u], i); }
  return bitcast<f32>(q[i]);
}

fn kElement(i: u32) -> f32 {
  if (HALF) { return halfIn(k[i / 2u], i); }
  return bitcast<f32>(k[i]);
}

fn vElement(i: u32) -> f32 {
  if (HALF) { return halfIn(v[i / 2u], i); }
  return bitcast<f32>(v[i]);
}

// Column d of four rows of q from `row`; zero outside. Side by side with quads of k these make a product of 4 by 4.
fn quadOfQ(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (d >= params.dim) { return quad; }
  let step = params.qAt.w;
  let at = base + row * step + d;
  if (row < params.queries) { quad.x = qElement(at); }
  if (row + 1u < params.queries) { quad.y = qElement(at + step); }
  if (row + 2u < params.queries) { quad.z = qElement(at + 2u * step); }
  if (row + 3u < params.queries) { quad.w = qElement(at + 3u * step); }
  return quad;
}

// Column d of four rows of k.
fn quadOfK(base: u32, row: u32, d: u32) -> vec4<f32> {
  var quad = vec4<f32>(0.0);
  if (d >= params.dim) { return quad; }
  let step = params.kAt.w;
  let at = base + row * step + d;
  if (row < params.keys) { quad.x = kElement(at); }
  if (row + 1u < params.keys) { quad.y = kElement(at + step); }
  if (row + 2u < params.keys) { quad.z = kElement(at + 2u * step); }
  if (row + 3u < params.keys) { quad.w = kElement(at + 3u * step); }
  return quad;
}
