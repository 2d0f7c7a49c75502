import { c4, madd, madd1, sumLanes } from './lib/math';

/**
 * c[z, i, j] = Σ_k a[z, i, k] · b[z, k, j] (+ bias[j]); the same product as shaders/matmul.wgsl.
 *
 * a: [batch.., m, k], b: [batch.., k, n], any strides (a transpose is a matter of strides, a broadcast batch dimension
 * has step 0); bias: [n] or no address; c: [batch.., m, n] without gaps. Strides in elements.
 *
 * Blocks of b, DEPTH deep and WIDTH wide, are packed into panels of 8 columns, blocks of a into panels of 6 rows, so that
 * the innermost loop reads both in order and keeps 6 × 8 sums in registers (Goto and van de Geijn 2008).
 */
const ROWS: i32 = 6;
const COLS: i32 = 8;
const DEPTH: i32 = 256;
const WIDTH: i32 = 512;

/** Rows, or columns, that one unit of the range stands for. */
const STRIPE: i32 = 48;

// What one call works on: a kernel runs on one thread of its own instance, so these need not be passed around.
let aRow: usize = 0;
let aCol: usize = 0;
let bRow: usize = 0;
let bCol: usize = 0;
let m: i32 = 0;
let n: i32 = 0;
let k: i32 = 0;

/**
 * Range: stripes of STRIPE rows of every matrix of the batch, or of STRIPE columns where `byColumns`.
 * Scratch: 4·(DEPTH·WIDTH + ROWS·DEPTH + ROWS·COLS) bytes.
 */
export function matmul(
  a: usize, b: usize, bias: usize, c: usize, m_: i32, n_: i32, k_: i32,
  aRow_: i32, aCol_: i32, bRow_: i32, bCol_: i32,
  batch1: i32, batch2: i32, a0: i32, a1: i32, a2: i32, b0: i32, b1: i32, b2: i32,
  byColumns: i32, begin: i32, end: i32, scratch: usize,
): void {
  m = m_;
  n = n_;
  k = k_;
  aRow = <usize>aRow_ << 2;
  aCol = <usize>aCol_ << 2;
  bRow = <usize>bRow_ << 2;
  bCol = <usize>bCol_ << 2;
  const stripes = ((byColumns ? n : m) + STRIPE - 1) / STRIPE;
  for (let at = begin; at < end; ) {
    const z = at / stripes;
    const from = at - z * stripes;
    const to = min(stripes, from + end - at);
    at += to - from;
    const z2 = z % batch2;
    const z1 = (z / batch2) % batch1;
    const z0 = z / batch2 / batch1;
    const aZ = a + (<usize>(z0 * a0 + z1 * a1 + z2 * a2) << 2);
    const bZ = b + (<usize>(z0 * b0 + z1 * b1 + z2 * b2) << 2);
    const cZ = c + ((<usize>z * m * n) << 2);
    if (byColumns) product(aZ, bZ, bias, cZ, 0, m, from * STRIPE, min(n, to * STRIPE), scratch);
    else product(aZ, bZ, bias, cZ, from * STRIPE, min(m, to * STRIPE), 0, n, scratch);
  }
}

/** Rows [i0, i1) and columns [j0, j1) of one product. */
function product(a: usize, b: usize, bias: usize, c: usize, i0: i32, i1: i32, j0: i32, j1: i32, scratch: usize): void {
  if (m <= 3 && (bRow == 4 || bCol == 4)) {
    for (let i = i0; i < i1; i++) vectorProduct(a + <usize>i * aRow, b, bias, c + ((<usize>i * n) << 2), j0, j1);
    return;
  }
  const packedA = scratch + (DEPTH * WIDTH << 2);
  const edge = packedA + (ROWS * DEPTH << 2);
  for (let jc = j0; jc < j1; jc += WIDTH) {
    const width = min(WIDTH, j1 - jc);
    // one round even for k = 0, which writes the bias or zeros
    for (let pc = 0; pc == 0 || pc < k; pc += DEPTH) {
      const depth = min(DEPTH, k - pc);
      packB(b + <usize>pc * bRow + <usize>jc * bCol, scratch, depth, width);
      for (let i = i0; i < i1; i += ROWS) {
        const rows = min(ROWS, i1 - i);
        packA(a + <usize>i * aRow + <usize>pc * aCol, packedA, depth, rows);
        const cRow = c + ((<usize>i * n + jc) << 2);
        for (let j = 0; j < width; j += COLS) {
          const panel = scratch + (<usize>j * depth << 2);
          const at = cRow + (<usize>j << 2);
          const biasAt = bias == 0 ? 0 : bias + (<usize>(jc + j) << 2);
          if (rows == ROWS && j + COLS <= width) {
            tile(packedA, panel, depth, at, <usize>n << 2, biasAt, pc == 0);
          } else {
            tile(packedA, panel, depth, edge, COLS << 2, 0, true);
            storeEdge(edge, at, rows, min(COLS, width - j), biasAt, pc == 0);
          }
        }
      }
    }
  }
}

/** 6 × 8 sums over `depth` from a panel of a (6 numbers for each k) and one of b (8 for each k). */
function tile(a: usize, b: usize, depth: i32, c: usize, step: usize, bias: usize, first: bool): void {
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
  for (const last = b + (<usize>depth << 5); b < last; b += 32, a += 24) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x: v128;
    x = v128.load32_splat(a, 0);
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
  }
  storeRow(c + <usize>0 * step, c00, c01, bias, first);
  storeRow(c + <usize>1 * step, c10, c11, bias, first);
  storeRow(c + <usize>2 * step, c20, c21, bias, first);
  storeRow(c + <usize>3 * step, c30, c31, bias, first);
  storeRow(c + <usize>4 * step, c40, c41, bias, first);
  storeRow(c + <usize>5 * step, c50, c51, bias, first);
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

/** The part of a 6 × 8 tile that lies inside c. */
function storeEdge(edge: usize, c: usize, rows: i32, cols: i32, bias: usize, first: bool): void {
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < cols; j++) {
      const to = c + ((<usize>r * n + j) << 2);
      let sum = load<f32>(edge + ((r * COLS + j) << 2));
      if (!first) sum += load<f32>(to);
      else if (bias != 0) sum += load<f32>(bias + (<usize>j << 2));
      store<f32>(to, sum);
    }
  }
}

/** `rows` rows of a as 6 numbers for each k; missing rows are zero. */
function packA(from: usize, to: usize, depth: i32, rows: i32): void {
  if (rows == ROWS) {
    const r1 = aRow;
    const r2 = 2 * aRow;
    const lower = 3 * aRow;
    for (const last = to + <usize>depth * 24; to < last; to += 24, from += aCol) {
      store<f32>(to, load<f32>(from));
      store<f32>(to, load<f32>(from + r1), 4);
      store<f32>(to, load<f32>(from + r2), 8);
      store<f32>(to, load<f32>(from + lower), 12);
      store<f32>(to, load<f32>(from + lower + r1), 16);
      store<f32>(to, load<f32>(from + lower + r2), 20);
    }
    return;
  }
  for (let p = 0; p < depth; p++) {
    for (let r = 0; r < ROWS; r++) {
      const x = r < rows ? load<f32>(from + <usize>r * aRow + <usize>p * aCol) : 0;
      store<f32>(to + (<usize>(p * ROWS + r) << 2), x);
    }
  }
}

/** `width` columns of b in panels of 8 numbers for each k; missing columns are zero. */
function packB(from: usize, to: usize, depth: i32, width: i32): void {
  for (let j = 0; j < width; j += COLS, from += bCol * COLS) {
    const cols = min(COLS, width - j);
    if (cols == COLS && bCol == 4) {
      let at = from;
      for (const last = to + (<usize>depth << 5); to < last; to += 32, at += bRow) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
      }
    } else if (cols == COLS && bRow == 4) {
      to = packColumns(from, to, depth);
    } else {
      for (let p = 0; p < depth; p++, to += 32) {
        for (let q = 0; q < COLS; q++) {
          const x = q < cols ? load<f32>(from + <usize>p * bRow + <usize>q * bCol) : 0;
          store<f32>(to + (<usize>q << 2), x);
        }
      }
    }
  }
}

/** A panel of 8 columns that each lie in order: 4 × 4 blocks are transposed in registers. */
function packColumns(from: usize, to: usize, depth: i32): usize {
  let p = 0;
  for (; p + 4 <= depth; p += 4, to += 128, from += 16) {
    transpose4(from, to);
    transpose4(from + 4 * bCol, to + 16);
  }
  for (; p < depth; p++, to += 32, from += 4) {
    for (let q: usize = 0; q < 8; q++) store<f32>(to + (q << 2), load<f32>(from + q * bCol));
  }
  return to;
}

// @ts-expect-error decorator
@inline
function transpose4(from: usize, to: usize): void {
  const x0 = v128.load(from);
  const x1 = v128.load(from + bCol);
  const x2 = v128.load(from + 2 * bCol);
  const x3 = v128.load(from + 3 * bCol);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to, v128.shuffle<f64>(low01, low23, 1, 3), 32);
  v128.store(to, v128.shuffle<f64>(high01, high23, 0, 2), 64);
  v128.store(to, v128.shuffle<f64>(high01, high23, 1, 3), 96);
}

/** Columns [j0, j1) of one row: too few rows to pay for packing, so b is read once, in the order it lies. */
function vectorProduct(a: usize, b: usize, bias: usize, c: usize, j0: i32, j1: i32): void {
  for (let j = j0; j < j1; ) {
    const at = b + <usize>j * bCol;
    const to = c + (<usize>j << 2);
    const biasAt = bias == 0 ? 0 : bias + (<usize>j << 2);
    if (bRow == 4 && aCol == 4) {
      const sum = dot(a, at);
      store<f32>(to, bias == 0 ? sum : sum + load<f32>(biasAt));
      j++;
    } else if (bCol == 4 && j + 8 <= j1) {
      let s0 = c4(0.0);
      let s1 = c4(0.0);
      for (let p = 0; p < k; p++) {
        const x = v128.load32_splat(a + <usize>p * aCol);
        const row = at + <usize>p * bRow;
        s0 = madd(x, v128.load(row), s0);
        s1 = madd(x, v128.load(row, 16), s1);
      }
      storeRow(to, s0, s1, biasAt, true);
      j += 8;
    } else {
      let sum: f32 = 0;
      for (let p = 0; p < k; p++) sum = madd1(load<f32>(a + <usize>p * aCol), load<f32>(at + <usize>p * bRow), sum);
      store<f32>(to, bias == 0 ? sum : sum + load<f32>(biasAt));
      j++;
    }
  }
}

/** Σ a[p] · b[p], both in order. */
function dot(a: usize, b: usize): f32 {
  let s0 = c4(0.0);
  let s1 = c4(0.0);
  let p = 0;
  for (; p + 8 <= k; p += 8, a += 32, b += 32) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
  }
  let sum = sumLanes(f32x4.add(s0, s1));
  for (; p < k; p++, a += 4, b += 4) sum = madd1(load<f32>(a), load<f32>(b), sum);
  return sum;
}
