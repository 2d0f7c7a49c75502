import { c4, madd, madd1, sumLanes } from './math';

/**
 * Matrix products of few rows: packing would cost more than it saves, so both operands are read where they lie. Steps are
 * in bytes. An element is always summed in the same order, whatever is computed beside it.
 */

// @ts-expect-error decorator
@inline
function put(c: usize, sum: f32, bias: usize): void {
  store<f32>(c, bias == 0 ? sum : sum + load<f32>(bias));
}

/** The last numbers of a dot product, behind the last whole vector. */
// @ts-expect-error decorator
@inline
function finish(sum: v128, a: usize, b: usize, left: i32): f32 {
  let s = sumLanes(sum);
  for (; left > 0; left--, a += 4, b += 4) s = madd1(load<f32>(a), load<f32>(b), s);
  return s;
}

/** ⟨a, b⟩, both in order. */
function dot(a: usize, b: usize, depth: i32): f32 {
  let s = c4(0.0);
  for (; depth >= 4; depth -= 4, a += 16, b += 16) s = madd(v128.load(a), v128.load(b), s);
  return finish(s, a, b, depth);
}

/** 1 row by 8 columns, each in order. */
function dots1x8(a: usize, b: usize, bCol: usize, bias: usize, biasStep: usize, c: usize, depth: i32): void {
  let s0 = c4(0.0);
  let s1 = c4(0.0);
  let s2 = c4(0.0);
  let s3 = c4(0.0);
  let s4 = c4(0.0);
  let s5 = c4(0.0);
  let s6 = c4(0.0);
  let s7 = c4(0.0);
  const b1 = bCol;
  const b2 = bCol + bCol;
  const b3 = bCol + bCol + bCol;
  let upper = b + (bCol << 2);
  for (; depth >= 4; depth -= 4, a += 16, b += 16, upper += 16) {
    const x = v128.load(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b + b1), s1);
    s2 = madd(x, v128.load(b + b2), s2);
    s3 = madd(x, v128.load(b + b3), s3);
    s4 = madd(x, v128.load(upper), s4);
    s5 = madd(x, v128.load(upper + b1), s5);
    s6 = madd(x, v128.load(upper + b2), s6);
    s7 = madd(x, v128.load(upper + b3), s7);
  }
  put(c, finish(s0, a, b, depth), bias);
  put(c + 4, finish(s1, a, b + b1, depth), bias == 0 ? 0 : bias + 1 * biasStep);
  put(c + 8, finish(s2, a, b + b2, depth), bias == 0 ? 0 : bias + 2 * biasStep);
  put(c + 12, finish(s3, a, b + b3, depth), bias == 0 ? 0 : bias + 3 * biasStep);
  put(c + 16, finish(s4, a, upper, depth), bias == 0 ? 0 : bias + 4 * biasStep);
  put(c + 20, finish(s5, a, upper + b1, depth), bias == 0 ? 0 : bias + 5 * biasStep);
  put(c + 24, finish(s6, a, upper + b2, depth), bias == 0 ? 0 : bias + 6 * biasStep);
  put(c + 28, finish(s7, a, upper + b3, depth), bias == 0 ? 0 : bias + 7 * biasStep);
}

/** 4 rows by 2 columns, each in order; `step` bytes between rows of c. */
function dots4x2(a: usize, aRow: usize, b: usize, bCol: usize, bias: usize, c: usize, step: usize, depth: i32): void {
  let s00 = c4(0.0);
  let s01 = c4(0.0);
  let s10 = c4(0.0);
  let s11 = c4(0.0);
  let s20 = c4(0.0);
  let s21 = c4(0.0);
  let s30 = c4(0.0);
  let s31 = c4(0.0);
  const a2 = aRow + aRow;
  const a3 = aRow + aRow + aRow;
  for (; depth >= 4; depth -= 4, a += 16, b += 16) {
    const x = v128.load(b);
    const y = v128.load(b + bCol);
    let r = v128.load(a);
    s00 = madd(r, x, s00);
    s01 = madd(r, y, s01);
    r = v128.load(a + aRow);
    s10 = madd(r, x, s10);
    s11 = madd(r, y, s11);
    r = v128.load(a + a2);
    s20 = madd(r, x, s20);
    s21 = madd(r, y, s21);
    r = v128.load(a + a3);
    s30 = madd(r, x, s30);
    s31 = madd(r, y, s31);
  }
  const next = bias == 0 ? bias : bias + 4;
  put(c, finish(s00, a, b, depth), bias);
  put(c + 4, finish(s01, a, b + bCol, depth), next);
  put(c + 1 * step, finish(s10, a + aRow, b, depth), bias);
  put(c + 1 * step + 4, finish(s11, a + aRow, b + bCol, depth), next);
  put(c + 2 * step, finish(s20, a + a2, b, depth), bias);
  put(c + 2 * step + 4, finish(s21, a + a2, b + bCol, depth), next);
  put(c + 3 * step, finish(s30, a + a3, b, depth), bias);
  put(c + 3 * step + 4, finish(s31, a + a3, b + bCol, depth), next);
}

/**
 * c[i, j] = ⟨row i of a, column j of b⟩ (+ bias[j]), where rows and columns lie in order. `step` bytes between rows of c,
 * `biasStep` between the columns' biases.
 */
export function byDots(
  a: usize,
  aRow: usize,
  b: usize,
  bCol: usize,
  bias: usize,
  biasStep: usize,
  c: usize,
  step: usize,
  rows: i32,
  cols: i32,
  depth: i32,
): void {
  for (let j = 0; j < cols; j += 8, b += bCol << 3, c += 32) {
    const biasAt = bias == 0 ? bias : bias + <usize>j * biasStep;
    const here = min(8, cols - j);
    let i = 0;
    if (biasStep == 4) {
      for (; here == 8 && i + 4 <= rows; i += 4) {
        const row = a + <usize>i * aRow;
        const to = c + <usize>i * step;
        for (let q: usize = 0; q < 8; q += 2) {
          dots4x2(row, aRow, b + q * bCol, bCol, biasAt == 0 ? biasAt : biasAt + 4 * q, to + 4 * q, step, depth);
        }
      }
    }
    for (; i < rows; i++) {
      const row = a + <usize>i * aRow;
      const to = c + <usize>i * step;
      if (here == 8) dots1x8(row, b, bCol, biasAt, biasStep, to, depth);
      else {
        for (let q: usize = 0; q < <usize>here; q++) {
          put(to + 4 * q, dot(row, b + q * bCol, depth), biasAt == 0 ? biasAt : biasAt + q * biasStep);
        }
      }
    }
  }
}

// @ts-expect-error decorator
@inline
function put4(c: usize, sum: v128, bias: usize): void {
  v128.store(c, bias == 0 ? sum : f32x4.add(sum, v128.load(bias)));
}

/** 1 row by 32 columns. */
function sums1x32(a: usize, aCol: usize, b: usize, bRow: usize, bias: usize, c: usize, depth: i32): void {
  let s0 = c4(0.0);
  let s1 = c4(0.0);
  let s2 = c4(0.0);
  let s3 = c4(0.0);
  let s4 = c4(0.0);
  let s5 = c4(0.0);
  let s6 = c4(0.0);
  let s7 = c4(0.0);
  for (; depth > 0; depth--, a += aCol, b += bRow) {
    const x = v128.load32_splat(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b, 16), s1);
    s2 = madd(x, v128.load(b, 32), s2);
    s3 = madd(x, v128.load(b, 48), s3);
    s4 = madd(x, v128.load(b, 64), s4);
    s5 = madd(x, v128.load(b, 80), s5);
    s6 = madd(x, v128.load(b, 96), s6);
    s7 = madd(x, v128.load(b, 112), s7);
  }
  put4(c, s0, bias);
  put4(c + 16, s1, bias == 0 ? bias : bias + 16);
  put4(c + 32, s2, bias == 0 ? bias : bias + 32);
  put4(c + 48, s3, bias == 0 ? bias : bias + 48);
  put4(c + 64, s4, bias == 0 ? bias : bias + 64);
  put4(c + 80, s5, bias == 0 ? bias : bias + 80);
  put4(c + 96, s6, bias == 0 ? bias : bias + 96);
  put4(c + 112, s7, bias == 0 ? bias : bias + 112);
}

/** 1 row by 4 columns. */
function sums1x4(a: usize, aCol: usize, b: usize, bRow: usize, bias: usize, c: usize, depth: i32): void {
  let s = c4(0.0);
  for (; depth > 0; depth--, a += aCol, b += bRow) s = madd(v128.load32_splat(a), v128.load(b), s);
  put4(c, s, bias);
}

/** 4 rows by 8 columns; `step` bytes between rows of c. */
function sums4x8(
  a: usize,
  aRow: usize,
  aCol: usize,
  b: usize,
  bRow: usize,
  bias: usize,
  c: usize,
  step: usize,
  depth: i32,
): void {
  let s00 = c4(0.0);
  let s01 = c4(0.0);
  let s10 = c4(0.0);
  let s11 = c4(0.0);
  let s20 = c4(0.0);
  let s21 = c4(0.0);
  let s30 = c4(0.0);
  let s31 = c4(0.0);
  const a2 = aRow + aRow;
  const a3 = aRow + aRow + aRow;
  for (; depth > 0; depth--, a += aCol, b += bRow) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a + aRow);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a + a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a + a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
  }
  const next = bias == 0 ? bias : bias + 16;
  put4(c, s00, bias);
  put4(c + 16, s01, next);
  put4(c + 1 * step, s10, bias);
  put4(c + 1 * step + 16, s11, next);
  put4(c + 2 * step, s20, bias);
  put4(c + 2 * step + 16, s21, next);
  put4(c + 3 * step, s30, bias);
  put4(c + 3 * step + 16, s31, next);
}

/** c[i, j] = Σ_k a[i, k] · b[k, j] (+ bias[j]), where rows of b lie in order. `step` bytes between rows of c. */
export function byRows(
  a: usize,
  aRow: usize,
  aCol: usize,
  b: usize,
  bRow: usize,
  bias: usize,
  c: usize,
  step: usize,
  rows: i32,
  cols: i32,
  depth: i32,
): void {
  for (let j = 0; j < cols; j += 32, b += 128, c += 128) {
    const here = min(32, cols - j);
    const biasAt = bias == 0 ? bias : bias + ((<usize>j) << 2);
    let i = 0;
    for (; i + 4 <= rows && (here & 7) == 0; i += 4) {
      const row = a + <usize>i * aRow;
      const to = c + <usize>i * step;
      for (let q: usize = 0; q < (<usize>here) << 2; q += 32) {
        sums4x8(row, aRow, aCol, b + q, bRow, biasAt == 0 ? biasAt : biasAt + q, to + q, step, depth);
      }
    }
    for (; i < rows; i++) {
      const row = a + <usize>i * aRow;
      const to = c + <usize>i * step;
      if (here == 32) {
        sums1x32(row, aCol, b, bRow, biasAt, to, depth);
        continue;
      }
      let q = 0;
      for (; q + 4 <= here; q += 4) {
        const at = (<usize>q) << 2;
        sums1x4(row, aCol, b + at, bRow, biasAt == 0 ? biasAt : biasAt + at, to + at, depth);
      }
      for (; q < here; q++) {
        const at = (<usize>q) << 2;
        let sum: f32 = 0;
        for (let p = 0; p < depth; p++) {
          sum = madd1(load<f32>(row + <usize>p * aCol), load<f32>(b + at + <usize>p * bRow), sum);
        }
        put(to + at, sum, biasAt == 0 ? biasAt : biasAt + at);
      }
    }
  }
}
