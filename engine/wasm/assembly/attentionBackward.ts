import {
  dim,
  DK,
  DO,
  DQ,
  drawFactors,
  dropP,
  DV,
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
  scale,
  scaleAndHide,
  times,
  unpackQueries,
  V,
  visible,
} from './lib/attention';
import { addOuter, clearRows, packRowPanels } from './lib/outer';
import { c4, exp4, madd } from './lib/math';
import { packedDepth } from './lib/tile';

/** Blocks of 8 queries whose part of dK and dV is summed in registers. */
const BLOCKS: i32 = 4;

/**
 * Gradients of the three inputs of `attention` from dO, with the weights p = e^(score − lse) computed anew:
 * dV = pᵀ·dO, ds = p ∘ (dO·vᵀ − rowsum(dO ∘ o)), dQ = scale·ds·k, dK = scale·dsᵀ·q.
 *
 * Shapes as in `attention`: dO and dq those of q, dk and dv those of k. Layout: see `prepare`, with dO, dq, dk and dv
 * behind o.
 *
 * Range: batch · heads. Scratch, with s = S and d = dim rounded up to multiples of 12: 4·(3·s·d + 72·s + 96·d + 768) bytes.
 */
export function attentionBackward(
  q: usize,
  k: usize,
  v: usize,
  mask: usize,
  o: usize,
  lse: usize,
  dO: usize,
  dq: usize,
  dk: usize,
  dv: usize,
  scale_: f32,
  p: f32,
  layout: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  prepare(layout, mask, scale_, p);
  const qStep = rowBytes(Q);
  const kStep = rowBytes(K);
  const oStep = rowBytes(O);
  const gStep = rowBytes(DO);
  const wide = (<usize>packedDepth(dim)) << 5;
  const long = (<usize>packedDepth(S)) << 5;
  const keyPanels = scratch + 256;
  const valuePanels = keyPanels + panelBytes(S, dim);
  const keyColumns = valuePanels + panelBytes(S, dim);
  const query = keyColumns + panelBytes(dim, S);
  const slope = query + wide;
  const result = slope + wide;
  const sums = result + wide;
  const factors = sums + wide;
  const weights = factors + ((<usize>(S + 12)) << 5);
  const slopes = weights + BLOCKS * long;
  const queryRows = slopes + BLOCKS * long;
  const slopeRows = queryRows + ((<usize>(((dim + 7) >> 3) * BLOCKS)) << 8);
  const dqStep = rowBytes(DQ);
  const dkStep = rowBytes(DK);
  const dvStep = rowBytes(DV);
  for (let z = begin; z < end; z++) {
    const queries = head(q, z, Q);
    const grads = head(dO, z, DO);
    const keys = head(k, z, K);
    const toQ = head(dq, z, DQ);
    const toK = head(dk, z, DK);
    const toV = head(dv, z, DV);
    packPanels(keys, kStep, 4, S, dim, keyPanels);
    packPanels(head(v, z, V), rowBytes(V), 4, S, dim, valuePanels);
    packPanels(keys, 4, kStep, dim, S, keyColumns);
    clearRows(toK, dkStep, S, dim);
    clearRows(toV, dvStep, S, dim);
    for (let first = 0; first < L; first += BLOCKS * QUERIES) {
      const count = min(BLOCKS * QUERIES, L - first);
      const blocks = (count + QUERIES - 1) / QUERIES;
      const most = visible(first + count - 1);
      packRowPanels(queries + <usize>first * qStep, qStep, count, dim, queryRows);
      packRowPanels(grads + <usize>first * gStep, gStep, count, dim, slopeRows);
      for (let b = 0; b < blocks; b++) {
        const row = first + b * QUERIES;
        const here = min(QUERIES, L - row);
        const seen = visible(row + here - 1);
        const p = weights + <usize>b * long;
        const ds = slopes + <usize>b * long;
        packQueries(queries, qStep, row, query);
        packQueries(grads, gStep, row, slope);
        packQueries(head(o, z, O), oStep, row, result);
        times(keyPanels, seen, dim, query, dim, p);
        times(valuePanels, seen, dim, slope, dim, ds);
        scaleAndHide(z, row, seen, p, scratch);
        rowSums(slope, result, scratch);
        loadLse(lse + ((<usize>(z * L + row)) << 2), here, scratch + 32);
        if (dropP > 0) drawFactors(z, row, seen, factors, scratch + 64);
        slopesOf(p, ds, factors + 96, seen, scratch);
        // keys that only later queries of this round see
        const rest = (<usize>(max(packedDepth(seen), most) - seen)) << 5;
        memory.fill(p + ((<usize>seen) << 5), 0, rest);
        memory.fill(ds + ((<usize>seen) << 5), 0, rest);
        times(keyColumns, dim, S, ds, seen, sums);
        unpackQueries(sums, toQ + <usize>row * dqStep, dqStep, here);
      }
      addOuter(weights, long, blocks, most, slopeRows, dim, toV, dvStep, scratch);
      addOuter(slopes, long, blocks, most, queryRows, dim, toK, dkStep, scratch);
    }
  }
}

/** to [8] = Σ_d a[d, :] ∘ b[d, :], over [dim, 8]. */
function rowSums(a: usize, b: usize, to: usize): void {
  let s0 = c4(0.0);
  let s1 = c4(0.0);
  for (const end = a + ((<usize>dim) << 5); a < end; a += 32, b += 32) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
}

/** The log-sums of 8 queries; missing ones see no key, so that they add nothing. */
function loadLse(from: usize, queries: i32, to: usize): void {
  for (let i = 0; i < QUERIES; i++) {
    store<f32>(to + ((<usize>i) << 2), i < queries ? load<f32>(from + ((<usize>i) << 2)) : NO_KEYS);
  }
}

/**
 * Scores → weights behind dropout, dO·vᵀ → scale·ds; both [keys, 8]. `given`: rowsum(dO ∘ o) [8] and lse [8].
 */
function slopesOf(p: usize, ds: usize, factors: usize, keys: i32, given: usize): void {
  const delta0 = v128.load(given);
  const delta1 = v128.load(given, 16);
  const lse0 = v128.load(given, 32);
  const lse1 = v128.load(given, 48);
  const by = c4(scale);
  for (const end = p + ((<usize>keys) << 5); p < end; p += 32, ds += 32) {
    const w0 = exp4(f32x4.sub(v128.load(p), lse0));
    const w1 = exp4(f32x4.sub(v128.load(p, 16), lse1));
    let d0 = v128.load(ds);
    let d1 = v128.load(ds, 16);
    if (dropP > 0) {
      // what dropout does to the weights it does to their gradient
      const f0 = v128.load(factors);
      const f1 = v128.load(factors, 16);
      factors += 32;
      d0 = f32x4.mul(d0, f0);
      d1 = f32x4.mul(d1, f1);
      v128.store(p, f32x4.mul(w0, f0));
      v128.store(p, f32x4.mul(w1, f1), 16);
    } else {
      v128.store(p, w0);
      v128.store(p, w1, 16);
    }
    v128.store(ds, f32x4.mul(f32x4.mul(w0, by), f32x4.sub(d0, delta0)));
    v128.store(ds, f32x4.mul(f32x4.mul(w1, by), f32x4.sub(d1, delta1)), 16);
  }
}
