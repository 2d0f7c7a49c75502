import { c4, madd } from './math';
import { COLS, ROWS } from './tile';

/**
 * Sums over queries of outer products: acc[j, :] += Σ_q w[j, q] · x[q, :]. The weights lie as they come out of a tile, in
 * blocks of [keys, 8 queries]; x is packed in panels of 8 columns, [dim / 8][blocks · 8][8], zeros where it has no more.
 */

/** `count` rows of x, `step` bytes apart, into panels. */
export function packRowPanels(x: usize, step: usize, count: i32, dim: i32, to: usize): void {
  const padded = (count + 7) & ~7;
  for (let d = 0; d < dim; d += COLS, x += COLS << 2) {
    const cols = min(COLS, dim - d);
    let from = x;
    for (let q = 0; q < count; q++, from += step, to += 32) {
      if (cols == COLS) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let i = 0; i < COLS; i++) {
          store<f32>(to + ((<usize>i) << 2), i < cols ? load<f32>(from + ((<usize>i) << 2)) : 0);
        }
      }
    }
    memory.fill(to, 0, (<usize>(padded - count)) << 5);
    to += (<usize>(padded - count)) << 5;
  }
}

/** to [rows, 8] = Σ over the queries of `blocks` blocks, `step` bytes apart; `rows` is known where this is inlined. */
// @ts-expect-error decorator
@inline
function sums(rows: i32, w: usize, step: usize, blocks: i32, x: usize, to: usize): void {
  let c00 = c4(0.0);
  let c01 = c4(0.0);
  let c10 = c4(0.0);
  let c11 = c4(0.0);
  let c20 = c4(0.0);
  let c21 = c4(0.0);
  let c30 = c4(0.0);
  let c31 = c4(0.0);
  let c40 = c4(0.0);
  let c41 = c4(0.0);
  let c50 = c4(0.0);
  let c51 = c4(0.0);
  for (; blocks > 0; blocks--, w += step - 32) {
    for (const end = x + 256; x < end; x += 64, w += 8) {
      let b0 = v128.load(x);
      let b1 = v128.load(x, 16);
      let a = v128.load32_splat(w);
      c00 = madd(a, b0, c00);
      c01 = madd(a, b1, c01);
      if (rows > 1) {
        a = v128.load32_splat(w, 32);
        c10 = madd(a, b0, c10);
        c11 = madd(a, b1, c11);
      }
      if (rows > 2) {
        a = v128.load32_splat(w, 64);
        c20 = madd(a, b0, c20);
        c21 = madd(a, b1, c21);
      }
      if (rows > 3) {
        a = v128.load32_splat(w, 96);
        c30 = madd(a, b0, c30);
        c31 = madd(a, b1, c31);
      }
      if (rows > 4) {
        a = v128.load32_splat(w, 128);
        c40 = madd(a, b0, c40);
        c41 = madd(a, b1, c41);
      }
      if (rows > 5) {
        a = v128.load32_splat(w, 160);
        c50 = madd(a, b0, c50);
        c51 = madd(a, b1, c51);
      }
      b0 = v128.load(x, 32);
      b1 = v128.load(x, 48);
      a = v128.load32_splat(w, 4);
      c00 = madd(a, b0, c00);
      c01 = madd(a, b1, c01);
      if (rows > 1) {
        a = v128.load32_splat(w, 36);
        c10 = madd(a, b0, c10);
        c11 = madd(a, b1, c11);
      }
      if (rows > 2) {
        a = v128.load32_splat(w, 68);
        c20 = madd(a, b0, c20);
        c21 = madd(a, b1, c21);
      }
      if (rows > 3) {
        a = v128.load32_splat(w, 100);
        c30 = madd(a, b0, c30);
        c31 = madd(a, b1, c31);
      }
      if (rows > 4) {
        a = v128.load32_splat(w, 132);
        c40 = madd(a, b0, c40);
        c41 = madd(a, b1, c41);
      }
      if (rows > 5) {
        a = v128.load32_splat(w, 164);
        c50 = madd(a, b0, c50);
        c51 = madd(a, b1, c51);
      }
    }
  }
  store2(to, c00, c01);
  if (rows > 1) store2(to + 32, c10, c11);
  if (rows > 2) store2(to + 64, c20, c21);
  if (rows > 3) store2(to + 96, c30, c31);
  if (rows > 4) store2(to + 128, c40, c41);
  if (rows > 5) store2(to + 160, c50, c51);
}

// @ts-expect-error decorator
@inline
function store2(to: usize, s0: v128, s1: v128): void {
  v128.store(to, s0);
  v128.store(to, s1, 16);
}

function sums6(w: usize, step: usize, blocks: i32, x: usize, to: usize): void {
  sums(6, w, step, blocks, x, to);
}

function sums4(w: usize, step: usize, blocks: i32, x: usize, to: usize): void {
  sums(4, w, step, blocks, x, to);
}

function sums2(w: usize, step: usize, blocks: i32, x: usize, to: usize): void {
  sums(2, w, step, blocks, x, to);
}

function sums1(w: usize, step: usize, blocks: i32, x: usize, to: usize): void {
  sums(1, w, step, blocks, x, to);
}

/**
 * acc [keys, dim], its rows `row` bytes apart, += the weights of `blocks` blocks, `step` bytes apart, times x. `tile`: 192
 * bytes of scratch.
 */
export function addOuter(
  w: usize,
  step: usize,
  blocks: i32,
  keys: i32,
  x: usize,
  dim: i32,
  acc: usize,
  row: usize,
  tile: usize,
): void {
  for (let j = 0; j < keys; ) {
    const left = keys - j;
    const rows = left >= ROWS ? ROWS : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    let panel = x;
    for (let d = 0; d < dim; d += COLS, panel += (<usize>blocks) << 8) {
      if (rows == ROWS) sums6(w, step, blocks, panel, tile);
      else if (rows == 4) sums4(w, step, blocks, panel, tile);
      else if (rows == 2) sums2(w, step, blocks, panel, tile);
      else sums1(w, step, blocks, panel, tile);
      addTile(tile, acc + ((<usize>d) << 2), row, rows, min(COLS, dim - d));
    }
    j += rows;
    w += (<usize>rows) << 5;
    acc += <usize>rows * row;
  }
}

/** acc [keys, dim] = 0. */
export function clearRows(acc: usize, row: usize, keys: i32, dim: i32): void {
  const zero = c4(0.0);
  for (; keys > 0; keys--, acc += row) {
    let d: usize = 0;
    for (; d + 16 <= (<usize>dim) << 2; d += 16) v128.store(acc + d, zero);
    for (; d < (<usize>dim) << 2; d += 4) store<f32>(acc + d, 0);
  }
}

/** The part of a tile that has a place in acc. */
// @ts-expect-error decorator
@inline
function addTile(tile: usize, to: usize, step: usize, rows: i32, cols: i32): void {
  for (; rows > 0; rows--, tile += 32, to += step) {
    if (cols == COLS) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(tile)));
      v128.store(to, f32x4.add(v128.load(to, 16), v128.load(tile, 16)), 16);
    } else {
      for (let i: usize = 0; i < (<usize>cols) << 2; i += 4) {
        store<f32>(to + i, load<f32>(to + i) + load<f32>(tile + i));
      }
    }
  }
}
