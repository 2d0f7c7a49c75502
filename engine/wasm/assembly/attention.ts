import { addOuter, addWeighted, dotRow, dots, drop, hide, KEYS, NO_KEYS, packPanels, PANEL, panelBytes, ROW_SET, RowSet, ROWS } from './lib/attention';
import { c4, exp4, log, maxLanes, sumLanes } from './lib/math';

/**
 * Attention in tiles: o = dropout(softmax(q·kᵀ·scale + mask))·v, without ever storing the scores of all keys
 * (Milakov and Gimelshein 2018; Dao et al. 2022).
 *
 * q: [batch, heads, L, dim], k, v: [batch, heads, S, dim]: steps between batches, heads and rows in elements, numbers of
 * a row side by side; mask: non-zero where hidden, four steps, 0 where broadcast; `causal`: query i sees key j up to
 * i + S − L. lse: [batch, heads, L] = log Σ e^score, or NO_KEYS where every key is hidden (o is zero there).
 *
 * Range: batch · heads. A tile is 4 queries by 64 keys.
 */

// The queries of a tile, and the same rows of dO.
let four: RowSet = changetype<RowSet>(0);
let fourOut: RowSet = changetype<RowSet>(0);

// Size, masking and dropout of the call; set by both kernels before they start.
let heads: i32 = 0;
let L: i32 = 0;
let S: i32 = 0;
let dim: i32 = 0;
let scale: f32 = 0;
let causal: bool = false;
let maskAt: usize = 0;
let maskB: i32 = 0;
let maskH: i32 = 0;
let maskL: i32 = 0;
let maskS: i32 = 0;
let dropP: f32 = 0;
let stream: u32 = 0;
let seedLow: u32 = 0;
let seedHigh: u32 = 0;

// @ts-expect-error decorator
@inline
function head(x: usize, z: i32, b: i32, h: i32): usize {
  return x + (<usize>((z / heads) * b + (z % heads) * h) << 2);
}

/** Keys that query i may look at, before the mask. */
// @ts-expect-error decorator
@inline
function visible(i: i32): i32 {
  return causal ? min(S, max(0, i + 1 + S - L)) : S;
}

/** Scores of four queries from `row` and `keys` keys from `from`, scaled, hidden ones −∞: [4, KEYS]. */
function scoreTile(z: i32, row: i32, from: i32, keys: i32, panels: usize, scores: usize): void {
  const count = (keys + PANEL - 1) / PANEL;
  dots(four, panels + panelBytes(from, dim), count, dim, scores);
  for (let i = 0; i < ROWS; i++) {
    const line = scores + <usize>i * 4 * KEYS;
    const query = min(row + i, L - 1);
    for (let j: usize = 0; j < <usize>(count * PANEL) << 2; j += 16) {
      v128.store(line + j, f32x4.mul(v128.load(line + j), c4(scale)));
    }
    const limit = visible(query);
    if (limit < from + keys || maskAt != 0) {
      const mask = maskAt == 0 ? 0 : head(maskAt, z, maskB, maskH) + (<usize>(query * maskL) << 2);
      hide(line, from, keys, limit, mask, <usize>maskS << 2);
    }
    // the rest of the last panel
    for (let j = keys; j < count * PANEL; j++) store<f32>(line + (<usize>j << 2), -Infinity);
  }
}

/** Index of the first random number of a query's row of weights, from key `from`. */
// @ts-expect-error decorator
@inline
function randomIndex(z: i32, query: i32, from: i32): u64 {
  return (<u64>z * L + query) * S + from;
}

/** Scratch: 4·(⌈S/8⌉·8·dim + 4·64 + 4·dim + 16) bytes. */
export function attention(
  q: usize, k: usize, v: usize, mask: usize, o: usize, lse: usize,
  heads_: i32, L_: i32, S_: i32, dim_: i32,
  qB: i32, qH: i32, qL: i32, kB: i32, kH: i32, kS: i32, vB: i32, vH: i32, vS: i32, oB: i32, oH: i32, oL: i32,
  mB: i32, mH: i32, mL: i32, mS: i32,
  causal_: i32, scale_: f32, p: f32, stream_: u32, low: u32, high: u32,
  begin: i32, end: i32, scratch: usize,
): void {
  prepare(heads_, L_, S_, dim_, mask, mB, mH, mL, mS, causal_, scale_, p, stream_, low, high);
  four = changetype<RowSet>(scratch);
  const panels = scratch + ROW_SET;
  const scores = panels + panelBytes(S, dim);
  const sums = scores + 16 * KEYS;
  const maxima = sums + (<usize>dim << 4);
  const totals = maxima + 16;
  for (let z = begin; z < end; z++) {
    const keys = head(k, z, kB, kH);
    const values = head(v, z, vB, vH);
    packPanels(keys, <usize>kS << 2, S, dim, panels);
    for (let row = 0; row < L; row += ROWS) {
      four.set(head(q, z, qB, qH), <usize>qL << 2, row, L);
      memory.fill(sums, 0, <usize>dim << 4);
      v128.store(maxima, c4(-Infinity));
      v128.store(totals, c4(0));
      const last = visible(min(row + ROWS, L) - 1);
      for (let from = 0; from < last; from += KEYS) {
        const count = min(KEYS, last - from);
        scoreTile(z, row, from, count, panels, scores);
        for (let i = 0; i < ROWS; i++) {
          const line = scores + <usize>i * 4 * KEYS;
          exponentiate(line, count, maxima + (<usize>i << 2), totals + (<usize>i << 2), sums + (<usize>(i * dim) << 2));
          if (dropP > 0) drop(line, count, randomIndex(z, min(row + i, L - 1), from), dropP, stream, seedLow, seedHigh);
        }
        addWeighted(sums, scores, values + (<usize>(from * vS) << 2), <usize>vS << 2, count, dim);
      }
      const out = head(o, z, oB, oH);
      for (let i = 0; i < ROWS && row + i < L; i++) {
        const total = load<f32>(totals + (<usize>i << 2));
        const by: f32 = total > 0 ? 1 / total : 0;
        const to = out + (<usize>((row + i) * oL) << 2);
        for (let d: usize = 0; d < <usize>dim << 2; d += 4) store<f32>(to + d, load<f32>(sums + (<usize>(i * dim) << 2) + d) * by);
        const at = lse + (<usize>(z * L + row + i) << 2);
        store<f32>(at, total > 0 ? load<f32>(maxima + (<usize>i << 2)) + log(total) : NO_KEYS);
      }
    }
  }
}

/** scores → e^(score − maximum so far); a higher maximum rescales the row's total and its sums. */
function exponentiate(line: usize, keys: i32, maximum: usize, total: usize, sums: usize): void {
  const width = <usize>((keys + 3) & ~3) << 2;
  let top = c4(-Infinity);
  for (let j: usize = 0; j < width; j += 16) top = f32x4.max(top, v128.load(line + j));
  const before = load<f32>(maximum);
  const now = max(before, maxLanes(top));
  if (now == -Infinity) {
    memory.fill(line, 0, width);
    return;
  }
  let sum = c4(0.0);
  for (let j: usize = 0; j < width; j += 16) {
    const e = exp4(f32x4.sub(v128.load(line + j), c4(now)));
    v128.store(line + j, e);
    sum = f32x4.add(sum, e);
  }
  const shrink: f32 = before == now ? 1 : f32x4.extract_lane(exp4(c4(before - now)), 0);
  if (shrink != 1) {
    for (let d: usize = 0; d < <usize>dim << 2; d += 4) store<f32>(sums + d, load<f32>(sums + d) * shrink);
  }
  store<f32>(maximum, now);
  store<f32>(total, load<f32>(total) * shrink + sumLanes(sum));
}

/**
 * Gradients of the three inputs from dO, recomputing the weights p = e^(score − lse):
 * dV = pᵀ·dO, ds = p ∘ (dO·vᵀ − rowsum(dO ∘ o)), dQ = scale·ds·k, dK = scale·dsᵀ·q.
 *
 * dq: [batch, heads, L, dim], dk, dv: [batch, heads, S, dim], all without gaps.
 * Scratch: 4·(2·⌈S/8⌉·8·dim + 2·4·64 + 4·dim + 8) bytes.
 */
export function attentionBackward(
  q: usize, k: usize, v: usize, mask: usize, o: usize, lse: usize, dO: usize, dq: usize, dk: usize, dv: usize,
  heads_: i32, L_: i32, S_: i32, dim_: i32,
  qB: i32, qH: i32, qL: i32, kB: i32, kH: i32, kS: i32, vB: i32, vH: i32, vS: i32,
  oB: i32, oH: i32, oL: i32, gB: i32, gH: i32, gL: i32,
  mB: i32, mH: i32, mL: i32, mS: i32,
  causal_: i32, scale_: f32, p: f32, stream_: u32, low: u32, high: u32,
  begin: i32, end: i32, scratch: usize,
): void {
  prepare(heads_, L_, S_, dim_, mask, mB, mH, mL, mS, causal_, scale_, p, stream_, low, high);
  four = changetype<RowSet>(scratch);
  fourOut = changetype<RowSet>(scratch + ROW_SET);
  const keyPanels = scratch + 2 * ROW_SET;
  const valuePanels = keyPanels + panelBytes(S, dim);
  const weights = valuePanels + panelBytes(S, dim);
  const slopes = weights + 16 * KEYS;
  const sums = slopes + 16 * KEYS;
  const block = <usize>(S * dim) << 2;
  for (let z = begin; z < end; z++) {
    const keys = head(k, z, kB, kH);
    packPanels(keys, <usize>kS << 2, S, dim, keyPanels);
    packPanels(head(v, z, vB, vH), <usize>vS << 2, S, dim, valuePanels);
    const toK = dk + <usize>z * block;
    const toV = dv + <usize>z * block;
    memory.fill(toK, 0, block);
    memory.fill(toV, 0, block);
    for (let row = 0; row < L; row += ROWS) {
      const rows = min(ROWS, L - row);
      four.set(head(q, z, qB, qH), <usize>qL << 2, row, L);
      fourOut.set(head(dO, z, gB, gH), <usize>gL << 2, row, L);
      memory.fill(sums, 0, <usize>dim << 4);
      const last = visible(row + rows - 1);
      for (let from = 0; from < last; from += KEYS) {
        const count = min(KEYS, last - from);
        scoreTile(z, row, from, count, keyPanels, weights);
        dots(fourOut, valuePanels + panelBytes(from, dim), (count + PANEL - 1) / PANEL, dim, slopes);
        for (let i = 0; i < ROWS; i++) {
          const query = min(row + i, L - 1);
          const line = <usize>i * 4 * KEYS;
          const out = head(o, z, oB, oH) + (<usize>(query * oL) << 2);
          const delta = dotRow(fourOut.at(i), out, dim);
          slopeLine(weights + line, slopes + line, count, load<f32>(lse + (<usize>(z * L + query) << 2)), delta, randomIndex(z, query, from));
        }
        addOuter(toV + (<usize>(from * dim) << 2), weights, fourOut, rows, count, dim);
        addOuter(toK + (<usize>(from * dim) << 2), slopes, four, rows, count, dim);
        addWeighted(sums, slopes, keys + (<usize>(from * kS) << 2), <usize>kS << 2, count, dim);
      }
      memory.copy(dq + (<usize>((z * L + row) * dim) << 2), sums, <usize>(rows * dim) << 2);
    }
  }
}

/** One query of a tile: scores → weights behind dropout; dO·vᵀ → scale · ds. */
function slopeLine(weights: usize, slopes: usize, keys: i32, lse: f32, delta: f32, index: u64): void {
  const width = <usize>((keys + 3) & ~3) << 2;
  for (let j: usize = 0; j < width; j += 16) {
    v128.store(weights + j, exp4(f32x4.sub(v128.load(weights + j), c4(lse))));
  }
  // what dropout does to the weights it does to their gradient
  if (dropP > 0) drop(slopes, keys, index, dropP, stream, seedLow, seedHigh);
  for (let j: usize = 0; j < width; j += 16) {
    const slope = f32x4.mul(v128.load(weights + j), f32x4.sub(v128.load(slopes + j), c4(delta)));
    v128.store(slopes + j, f32x4.mul(slope, c4(scale)));
  }
  if (dropP > 0) drop(weights, keys, index, dropP, stream, seedLow, seedHigh);
}

function prepare(
  heads_: i32, L_: i32, S_: i32, dim_: i32, mask: usize, mB: i32, mH: i32, mL: i32, mS: i32,
  causal_: i32, scale_: f32, p: f32, stream_: u32, low: u32, high: u32,
): void {
  heads = heads_;
  L = L_;
  S = S_;
  dim = dim_;
  scale = scale_;
  causal = causal_ != 0;
  maskAt = mask;
  maskB = mB;
  maskH = mH;
  maskL = mL;
  maskS = mS;
  dropP = p;
  stream = stream_;
  seedLow = low;
  seedHigh = high;
}
