import { c4, madd } from './math';

/**
 * The innermost part of a matrix product: up to 6 rows by 8 columns of sums, kept in registers over the whole depth.
 * Operands come packed, so that both are read in order: a as 6 numbers for each step of the sum, b as 8.
 */
export const ROWS: i32 = 6;
export const COLS: i32 = 8;

/** Packed depths are multiples of this, filled up with zeros: the loop takes as many steps at a time. */
export const STEPS: i32 = 4;

// @ts-expect-error decorator
@inline
export function packedDepth(depth: i32): i32 {
  return (depth + STEPS - 1) & -STEPS;
}

/**
 * c (+)= a·b for 6 rows and 8 columns, over a packed depth; `step` bytes between rows of c. The first sums of an element
 * begin with its bias, later ones add to what c holds.
 */
function sums6(a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
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
  for (const last = b + ((<usize>depth) << 5); b < last; b += 128, a += 96) {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    x = v128.load32_splat(a, 24);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 28);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 32);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 36);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 40);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 44);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    x = v128.load32_splat(a, 48);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 52);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 56);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 60);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 64);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 68);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    b0 = v128.load(b, 96);
    b1 = v128.load(b, 112);
    x = v128.load32_splat(a, 72);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 76);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 80);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 84);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 88);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 92);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
  }
  storeRow(c, c00, c01, bias, first);
  storeRow(c + 1 * step, c10, c11, bias, first);
  storeRow(c + 2 * step, c20, c21, bias, first);
  storeRow(c + 3 * step, c30, c31, bias, first);
  storeRow(c + 4 * step, c40, c41, bias, first);
  storeRow(c + 5 * step, c50, c51, bias, first);
}

/** The same for fewer rows, whose number is known where this is inlined. */
// @ts-expect-error decorator
@inline
function sums(rows: i32, a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
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
  for (const last = b + ((<usize>depth) << 5); b < last; b += 32, a += 24) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    if (rows > 1) {
      x = v128.load32_splat(a, 4);
      c10 = madd(x, b0, c10);
      c11 = madd(x, b1, c11);
    }
    if (rows > 2) {
      x = v128.load32_splat(a, 8);
      c20 = madd(x, b0, c20);
      c21 = madd(x, b1, c21);
    }
    if (rows > 3) {
      x = v128.load32_splat(a, 12);
      c30 = madd(x, b0, c30);
      c31 = madd(x, b1, c31);
    }
    if (rows > 4) {
      x = v128.load32_splat(a, 16);
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
    }
  }
  storeRow(c, c00, c01, bias, first);
  if (rows > 1) storeRow(c + 1 * step, c10, c11, bias, first);
  if (rows > 2) storeRow(c + 2 * step, c20, c21, bias, first);
  if (rows > 3) storeRow(c + 3 * step, c30, c31, bias, first);
  if (rows > 4) storeRow(c + 4 * step, c40, c41, bias, first);
}

// @ts-expect-error decorator
@inline
function storeRow(c: usize, s0: v128, s1: v128, bias: usize, first: bool): void {
  if (!first) {
    s0 = f32x4.add(s0, v128.load(c));
    s1 = f32x4.add(s1, v128.load(c, 16));
  } else if (bias != 0) {
    s0 = f32x4.add(s0, v128.load(bias));
    s1 = f32x4.add(s1, v128.load(bias, 16));
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

// A function for each number of rows: one function of several loops gets worse code.

function sums1(a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
  sums(1, a, b, depth, c, step, bias, first);
}

function sums2(a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
  sums(2, a, b, depth, c, step, bias, first);
}

function sums3(a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
  sums(3, a, b, depth, c, step, bias, first);
}

function sums4(a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
  sums(4, a, b, depth, c, step, bias, first);
}

function sums5(a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
  sums(5, a, b, depth, c, step, bias, first);
}

/** 1 to 6 rows by 8 columns: see `sums6`. */
export function tile(rows: i32, a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
  if (rows == 6) sums6(a, b, depth, c, step, bias, first);
  else if (rows == 5) sums5(a, b, depth, c, step, bias, first);
  else if (rows == 4) sums4(a, b, depth, c, step, bias, first);
  else if (rows == 3) sums3(a, b, depth, c, step, bias, first);
  else if (rows == 2) sums2(a, b, depth, c, step, bias, first);
  else sums1(a, b, depth, c, step, bias, first);
}

/**
 * `rows` rows of a as 6 numbers for each step of the sum; row and column are bytes apart. Rows past the end are neither
 * written nor read.
 */
export function packRows(from: usize, row: usize, column: usize, to: usize, depth: i32, rows: i32): void {
  const end = to + <usize>depth * 24;
  if (rows == ROWS) {
    const r1 = row;
    const r2 = row + row;
    const r3 = r2 + row;
    const lower = r2 + r2;
    if (column == 4) {
      for (const last = to + <usize>(depth & ~3) * 24; to < last; to += 96, from += 16) {
        transpose4(from, row, to, 24);
        const x4 = v128.load(from + lower);
        const x5 = v128.load(from + lower + r1);
        const low = v128.shuffle<f32>(x4, x5, 0, 4, 1, 5);
        const high = v128.shuffle<f32>(x4, x5, 2, 6, 3, 7);
        v128.store_lane<u64>(to, low, 0, 16);
        v128.store_lane<u64>(to, low, 1, 40);
        v128.store_lane<u64>(to, high, 0, 64);
        v128.store_lane<u64>(to, high, 1, 88);
      }
    } else if (row == 4) {
      for (; to < end; to += 24, from += column) {
        v128.store(to, v128.load(from));
        store<u64>(to, load<u64>(from, 16), 16);
      }
    }
    for (; to < end; to += 24, from += column) {
      store<f32>(to, load<f32>(from));
      store<f32>(to, load<f32>(from + r1), 4);
      store<f32>(to, load<f32>(from + r2), 8);
      store<f32>(to, load<f32>(from + r3), 12);
      store<f32>(to, load<f32>(from + lower), 16);
      store<f32>(to, load<f32>(from + lower + r1), 20);
    }
  } else {
    for (; to < end; to += 24, from += column) {
      for (let r = 0; r < rows; r++) store<f32>(to + ((<usize>r) << 2), load<f32>(from + <usize>r * row));
    }
  }
  memory.fill(end, 0, <usize>(packedDepth(depth) - depth) * 24);
}

/**
 * `width` columns of b in panels of 8 numbers for each step of the sum; row and column are bytes apart. Missing columns
 * are zero.
 */
export function packColumns(from: usize, row: usize, column: usize, to: usize, depth: i32, width: i32): void {
  for (let j = 0; j < width; j += COLS, from += column * COLS) {
    const cols = min(COLS, width - j);
    if (cols == COLS && column == 4) {
      let at = from;
      for (const end = to + ((<usize>depth) << 5); to < end; to += 32, at += row) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
      }
    } else if (cols == COLS && row == 4) {
      to = transposePanel(from, column, to, depth);
    } else {
      for (let p = 0; p < depth; p++, to += 32) {
        for (let q = 0; q < COLS; q++) {
          const x = q < cols ? load<f32>(from + <usize>p * row + <usize>q * column) : 0;
          store<f32>(to + ((<usize>q) << 2), x);
        }
      }
    }
    const missing = (<usize>(packedDepth(depth) - depth)) << 5;
    memory.fill(to, 0, missing);
    to += missing;
  }
}

/** A panel of 8 columns that each lie in order: 4 × 4 blocks are transposed in registers. Gives the end of the panel. */
function transposePanel(from: usize, column: usize, to: usize, depth: i32): usize {
  let p = 0;
  for (; p + 4 <= depth; p += 4, to += 128, from += 16) {
    transpose4(from, column, to, 32);
    transpose4(from + 4 * column, column, to + 16, 32);
  }
  for (; p < depth; p++, to += 32, from += 4) {
    for (let q: usize = 0; q < 8; q++) store<f32>(to + (q << 2), load<f32>(from + q * column));
  }
  return to;
}

/** 4 × 4 numbers, rows to columns; steps in bytes. */
// @ts-expect-error decorator
@inline
export function transpose4(from: usize, column: usize, to: usize, step: usize): void {
  const x0 = v128.load(from);
  const x1 = v128.load(from + column);
  const x2 = v128.load(from + (column << 1));
  const x3 = v128.load(from + 3 * column);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to + step, v128.shuffle<f64>(low01, low23, 1, 3));
  v128.store(to + (step << 1), v128.shuffle<f64>(high01, high23, 0, 2));
  v128.store(to + 3 * step, v128.shuffle<f64>(high01, high23, 1, 3));
}
