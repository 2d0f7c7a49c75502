import {
  dim,
  drawFactors,
  dropP,
  dropRow,
  head,
  K,
  L,
  NO_KEYS,
  O,
  packPanels,
  packQueries,
  panelBytes,
  prepare,
  Q,
  QUERIES,
  rowBytes,
  S,
  scaleAndHide,
  scaleAndHideRow,
  times,
  unpackQueries,
  V,
  visible,
} from './lib/attention';
import { byDots, byRows } from './lib/few';
import { c4, exp4, log, log4, maxLanes, sumLanes } from './lib/math';
import { packedDepth } from './lib/tile';

/** Queries up to which keys and values are read where they lie. */
const FEW: i32 = 2;

/**
 * Attention without ever storing the weights of all queries: o = dropout(softmax(q·kᵀ·scale + mask))·v
 * (Milakov and Gimelshein 2018; Dao et al. 2022).
 *
 * q: [batch, heads, L, dim], k, v: [batch, heads, S, dim], numbers of a row side by side; mask: non-zero where hidden;
 * causal: query i sees key j up to i + S − L. lse: [batch, heads, L] = log Σ e^score, or NO_KEYS where every key is hidden
 * (o is zero there). Layout: see `prepare`.
 *
 * The keys and values of a head are packed once; then 8 queries at a time go through all keys, whose scores lie as
 * [keys, 8]: maximum, exponential and sum run in lanes, and the weights are what the product with v reads.
 *
 * Range: batch · heads. Scratch, with s = S and d = dim rounded up to multiples of 12: 4·(2·s·d + 16·(s + d) + 128) bytes.
 */
export function attention(
  q: usize,
  k: usize,
  v: usize,
  mask: usize,
  o: usize,
  lse: usize,
  scale: f32,
  p: f32,
  layout: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  prepare(layout, mask, scale, p);
  const qStep = rowBytes(Q);
  const kStep = rowBytes(K);
  const vStep = rowBytes(V);
  const oStep = rowBytes(O);
  for (let z = begin; z < end; z++) {
    const queries = head(q, z, Q);
    const keys = head(k, z, K);
    const values = head(v, z, V);
    const out = head(o, z, O);
    const to = lse + ((<usize>(z * L)) << 2);
    if (L > FEW) {
      attendHead(z, queries, qStep, keys, kStep, values, vStep, out, oStep, to, scratch);
      continue;
    }
    for (let i: usize = 0; i < <usize>L; i++) {
      attendRow(z, <i32>i, queries + i * qStep, keys, kStep, values, vStep, out + i * oStep, to + (i << 2), scratch);
    }
  }
}

/** One head; steps between rows in bytes. */
function attendHead(
  z: i32,
  q: usize,
  qStep: usize,
  k: usize,
  kStep: usize,
  v: usize,
  vStep: usize,
  o: usize,
  oStep: usize,
  lse: usize,
  scratch: usize,
): void {
  const keyPanels = scratch + 128;
  const valuePanels = keyPanels + panelBytes(S, dim);
  const query = valuePanels + panelBytes(dim, S);
  const scores = query + ((<usize>packedDepth(dim)) << 5);
  const factors = scores + ((<usize>packedDepth(S)) << 5);
  const sums = dropP > 0 ? factors + ((<usize>(S + 12)) << 5) : factors;
  packPanels(k, kStep, 4, S, dim, keyPanels);
  packPanels(v, 4, vStep, dim, S, valuePanels);
  for (let row = 0; row < L; row += QUERIES) {
    const queries = min(QUERIES, L - row);
    const keys = visible(row + queries - 1);
    packQueries(q, qStep, row, query);
    times(keyPanels, keys, dim, query, dim, scores);
    scaleAndHide(z, row, keys, scores, scratch);
    softmax(scores, keys, scratch);
    memory.fill(scores + ((<usize>keys) << 5), 0, (<usize>(packedDepth(keys) - keys)) << 5);
    if (dropP > 0) {
      drawFactors(z, row, keys, factors, scratch + 64);
      multiply(scores, factors + 96, keys);
    }
    times(valuePanels, dim, S, scores, keys, sums);
    finish(sums, scratch, lse + ((<usize>row) << 2), queries);
    unpackQueries(sums, o + <usize>row * oStep, oStep, queries);
  }
}

/** Scores [keys, 8] → e^(score − maximum); the 8 maxima and the 8 sums go to `to`. */
function softmax(scores: usize, keys: i32, to: usize): void {
  const end = scores + ((<usize>keys) << 5);
  let m0 = c4(-Infinity);
  let m1 = m0;
  for (let at = scores; at < end; at += 32) {
    m0 = f32x4.pmax(m0, v128.load(at));
    m1 = f32x4.pmax(m1, v128.load(at, 16));
  }
  // where all are hidden, −∞ − 0 is still −∞
  const none = c4(-Infinity);
  m0 = v128.bitselect(c4(0.0), m0, f32x4.eq(m0, none));
  m1 = v128.bitselect(c4(0.0), m1, f32x4.eq(m1, none));
  let total0 = c4(0.0);
  let total1 = c4(0.0);
  for (let at = scores; at < end; ) {
    // sums of 64, so that long rows stay exact
    const stop = min(end, at + 64 * 32);
    let sum0 = c4(0.0);
    let sum1 = c4(0.0);
    for (; at < stop; at += 32) {
      const e0 = exp4(f32x4.sub(v128.load(at), m0));
      const e1 = exp4(f32x4.sub(v128.load(at, 16), m1));
      v128.store(at, e0);
      v128.store(at, e1, 16);
      sum0 = f32x4.add(sum0, e0);
      sum1 = f32x4.add(sum1, e1);
    }
    total0 = f32x4.add(total0, sum0);
    total1 = f32x4.add(total1, sum1);
  }
  v128.store(to, m0);
  v128.store(to, m1, 16);
  v128.store(to, total0, 32);
  v128.store(to, total1, 48);
}

/** x [keys, 8] ∘= y. */
function multiply(x: usize, y: usize, keys: i32): void {
  for (const end = x + ((<usize>keys) << 5); x < end; x += 16, y += 16) {
    v128.store(x, f32x4.mul(v128.load(x), v128.load(y)));
  }
}

/** Sums [dim, 8] over the totals of their queries, and log Σ e^score; from the maxima and totals at `given`. */
function finish(sums: usize, given: usize, lse: usize, queries: i32): void {
  for (let half: usize = 0; half < 32; half += 16) {
    const maximum = v128.load(given + half);
    const total = v128.load(given + half, 32);
    const some = f32x4.gt(total, c4(0.0));
    const by = v128.and(some, f32x4.div(c4(1.0), total));
    let at = sums + half;
    for (const end = at + ((<usize>dim) << 5); at < end; at += 32) v128.store(at, f32x4.mul(v128.load(at), by));
    v128.store(given + half, v128.bitselect(f32x4.add(maximum, log4(total)), c4(NO_KEYS), some));
  }
  memory.copy(lse, given, (<usize>queries) << 2);
}

/** One query: keys and values are read once, where they lie. */
function attendRow(
  z: i32,
  i: i32,
  q: usize,
  k: usize,
  kStep: usize,
  v: usize,
  vStep: usize,
  o: usize,
  lse: usize,
  scratch: usize,
): void {
  const keys = visible(i);
  const scores = scratch + 128;
  byDots(q, 0, k, kStep, 0, 0, scores, 0, 1, keys, dim);
  scaleAndHideRow(z, i, keys, scores);
  const filled = (keys + 3) & ~3;
  for (let j = keys; j < filled; j++) store<f32>(scores + ((<usize>j) << 2), -Infinity);
  const end = scores + ((<usize>filled) << 2);
  let top = c4(-Infinity);
  for (let at = scores; at < end; at += 16) top = f32x4.pmax(top, v128.load(at));
  let maximum = maxLanes(top);
  if (maximum == -Infinity) maximum = 0;
  let sum = c4(0.0);
  for (let at = scores; at < end; at += 16) {
    const e = exp4(f32x4.sub(v128.load(at), c4(maximum)));
    v128.store(at, e);
    sum = f32x4.add(sum, e);
  }
  const total = sumLanes(sum);
  store<f32>(lse, total > 0 ? maximum + log(total) : NO_KEYS);
  if (dropP > 0) dropRow(z, i, keys, scores, scratch);
  byRows(scores, 0, 4, v, vStep, 0, o, 0, 1, dim, keys);
  const by: f32 = total > 0 ? 1 / total : 0;
  for (let d = 0; d < dim; d++) store<f32>(o + ((<usize>d) << 2), load<f32>(o + ((<usize>d) << 2)) * by);
}
