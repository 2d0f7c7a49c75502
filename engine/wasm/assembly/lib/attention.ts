import { c4, first, madd, sumLanes } from './math';
import { philox, uniform4 } from './philox';

/** Rows that go through a tile together, and keys of a tile. */
export const ROWS: i32 = 4;
export const KEYS: i32 = 64;
/** Keys of a packed panel: for each number of a row, those of 8 keys. */
export const PANEL: i32 = 8;

/** What tells that a row had no key to look at: e^(score − this) is 0. */
export const NO_KEYS: f32 = 3.4e38;

/** Bytes of a RowSet. */
export const ROW_SET: usize = 16;

/**
 * Four row addresses, of which those past the end repeat the last row: they are computed and not kept. Lies in scratch
 * memory, since nothing here may allocate.
 */
// @ts-expect-error decorator
@unmanaged
export class RowSet {
  r0: usize;
  r1: usize;
  r2: usize;
  r3: usize;

  set(base: usize, step: usize, row: i32, rows: i32): void {
    this.r0 = base + <usize>row * step;
    this.r1 = base + <usize>min(row + 1, rows - 1) * step;
    this.r2 = base + <usize>min(row + 2, rows - 1) * step;
    this.r3 = base + <usize>min(row + 3, rows - 1) * step;
  }

  at(i: i32): usize {
    return i == 0 ? this.r0 : i == 1 ? this.r1 : i == 2 ? this.r2 : this.r3;
  }
}

/** x [keys, dim] with any step between rows → panels [keys / 8][dim][8], missing keys zero. */
export function packPanels(x: usize, step: usize, keys: i32, dim: i32, to: usize): void {
  for (let j = 0; j < keys; j += PANEL) {
    const here = min(PANEL, keys - j);
    for (let d = 0; d < dim; d++, to += PANEL << 2) {
      const from = x + <usize>j * step + (<usize>d << 2);
      for (let q = 0; q < PANEL; q++) store<f32>(to + (<usize>q << 2), q < here ? load<f32>(from + <usize>q * step) : 0);
    }
  }
}

export function panelBytes(keys: i32, dim: i32): usize {
  return <usize>((keys + PANEL - 1) / PANEL * PANEL) * dim << 2;
}

/** out[i, j] = ⟨row i, key j⟩ for four rows and the keys of `count` panels: out is [4, KEYS]. */
export function dots(rows: RowSet, panels: usize, count: i32, dim: i32, out: usize): void {
  for (let p = 0; p < count; p++, out += PANEL << 2) {
    let a0 = c4(0.0);
    let a1 = c4(0.0);
    let b0 = c4(0.0);
    let b1 = c4(0.0);
    let c0 = c4(0.0);
    let c1 = c4(0.0);
    let d0 = c4(0.0);
    let d1 = c4(0.0);
    const r0 = rows.r0;
    const r1 = rows.r1;
    const r2 = rows.r2;
    const r3 = rows.r3;
    for (let d: usize = 0; d < <usize>dim << 2; d += 4, panels += PANEL << 2) {
      const k0 = v128.load(panels);
      const k1 = v128.load(panels, 16);
      let x = v128.load32_splat(r0 + d);
      a0 = madd(x, k0, a0);
      a1 = madd(x, k1, a1);
      x = v128.load32_splat(r1 + d);
      b0 = madd(x, k0, b0);
      b1 = madd(x, k1, b1);
      x = v128.load32_splat(r2 + d);
      c0 = madd(x, k0, c0);
      c1 = madd(x, k1, c1);
      x = v128.load32_splat(r3 + d);
      d0 = madd(x, k0, d0);
      d1 = madd(x, k1, d1);
    }
    v128.store(out, a0);
    v128.store(out, a1, 16);
    v128.store(out, b0, 4 * KEYS);
    v128.store(out, b1, 4 * KEYS + 16);
    v128.store(out, c0, 8 * KEYS);
    v128.store(out, c1, 8 * KEYS + 16);
    v128.store(out, d0, 12 * KEYS);
    v128.store(out, d1, 12 * KEYS + 16);
  }
}

/** acc[i, :] += Σ_j weights[i, j] · x[j, :] for four rows; acc is [4, dim], weights [4, KEYS], x has any row step. */
export function addWeighted(acc: usize, weights: usize, x: usize, step: usize, keys: i32, dim: i32): void {
  const row = <usize>dim << 2;
  let d: usize = 0;
  for (; d + 16 <= row; d += 16) {
    const to = acc + d;
    let s0 = v128.load(to);
    let s1 = v128.load(to + row);
    let s2 = v128.load(to + 2 * row);
    let s3 = v128.load(to + 3 * row);
    let from = x + d;
    let w = weights;
    for (let j = 0; j < keys; j++, from += step, w += 4) {
      const v = v128.load(from);
      s0 = madd(v128.load32_splat(w), v, s0);
      s1 = madd(v128.load32_splat(w, 4 * KEYS), v, s1);
      s2 = madd(v128.load32_splat(w, 8 * KEYS), v, s2);
      s3 = madd(v128.load32_splat(w, 12 * KEYS), v, s3);
    }
    v128.store(to, s0);
    v128.store(to + row, s1);
    v128.store(to + 2 * row, s2);
    v128.store(to + 3 * row, s3);
  }
  for (; d < row; d += 4) {
    for (let i: usize = 0; i < 4; i++) {
      const to = acc + i * row + d;
      let sum = load<f32>(to);
      for (let j = 0; j < keys; j++) {
        sum += load<f32>(weights + i * 4 * KEYS + (<usize>j << 2)) * load<f32>(x + <usize>j * step + d);
      }
      store<f32>(to, sum);
    }
  }
}

/** acc[j, :] += Σ_i weights[i, j] · row i, for `count` rows of four; acc is [keys, dim] without gaps. */
export function addOuter(acc: usize, weights: usize, rows: RowSet, count: i32, keys: i32, dim: i32): void {
  const row = <usize>dim << 2;
  for (let j = 0; j < keys; j++, acc += row, weights += 4) {
    // rows past the end get no weight
    const w0 = load<f32>(weights);
    const w1 = count > 1 ? load<f32>(weights, 4 * KEYS) : 0;
    const w2 = count > 2 ? load<f32>(weights, 8 * KEYS) : 0;
    const w3 = count > 3 ? load<f32>(weights, 12 * KEYS) : 0;
    let d: usize = 0;
    for (; d + 16 <= row; d += 16) {
      let s = v128.load(acc + d);
      s = madd(c4(w0), v128.load(rows.r0 + d), s);
      s = madd(c4(w1), v128.load(rows.r1 + d), s);
      s = madd(c4(w2), v128.load(rows.r2 + d), s);
      v128.store(acc + d, madd(c4(w3), v128.load(rows.r3 + d), s));
    }
    for (; d < row; d += 4) {
      const s = load<f32>(acc + d) + w0 * load<f32>(rows.r0 + d) + w1 * load<f32>(rows.r1 + d);
      store<f32>(acc + d, s + w2 * load<f32>(rows.r2 + d) + w3 * load<f32>(rows.r3 + d));
    }
  }
}

/** Scores of keys that a row may not see become −∞; `limit` keys are visible at most. */
export function hide(scores: usize, from: i32, keys: i32, limit: i32, mask: usize, maskStep: usize): void {
  for (let j = 0; j < keys; j++) {
    const hidden = from + j >= limit || (mask != 0 && load<i32>(mask + <usize>(from + j) * maskStep) != 0);
    if (hidden) store<f32>(scores + (<usize>j << 2), -Infinity);
  }
}

/** values[j] times 0 or 1/(1 − p), as the random number of element index + j decides. */
export function drop(values: usize, keys: i32, index: u64, p: f32, stream: u32, seedLow: u32, seedHigh: u32): void {
  const keep: f32 = 1 / (1 - p);
  let j = 0;
  while (j < keys) {
    const at = index + <u64>j;
    const u = uniform4(philox(at >> 2, stream, seedLow, seedHigh));
    const kept = v128.and(c4(keep), f32x4.ge(u, c4(p)));
    for (let lane = <i32>(at & 3); lane < 4 && j < keys; lane++, j++) {
      const to = values + (<usize>j << 2);
      store<f32>(to, load<f32>(to) * laneOf(kept, lane));
    }
  }
}

function laneOf(v: v128, lane: i32): f32 {
  if (lane == 0) return first(v);
  if (lane == 1) return f32x4.extract_lane(v, 1);
  return lane == 2 ? f32x4.extract_lane(v, 2) : f32x4.extract_lane(v, 3);
}

/** Σ_d a[d] · b[d]. */
export function dotRow(a: usize, b: usize, dim: i32): f32 {
  let s = c4(0.0);
  let d: i32 = 0;
  for (; d + 4 <= dim; d += 4, a += 16, b += 16) s = madd(v128.load(a), v128.load(b), s);
  let sum = sumLanes(s);
  for (; d < dim; d++, a += 4, b += 4) sum += load<f32>(a) * load<f32>(b);
  return sum;
}
