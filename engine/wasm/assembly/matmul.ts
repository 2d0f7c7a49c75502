import { byDots, byRows } from './lib/few';
import { COLS, packColumns, packedDepth, packRows, ROWS, tile } from './lib/tile';

/**
 * c[z, i, j] = Σ_k a[z, i, k] · b[z, k, j] (+ bias[j]); the same product as shaders/matmul.wgsl.
 *
 * a: [batch.., m, k], b: [batch.., k, n], any strides (a transpose is a matter of strides, a broadcast batch dimension
 * has step 0); bias: [n] or no address; c: [batch.., m, n] without gaps. Strides in elements.
 *
 * Blocks of b, DEPTH deep and WIDTH wide, are packed into panels of 8 columns, blocks of a into panels of 6 rows, so that
 * the innermost loop reads both in order and keeps 6 × 8 sums in registers (Goto and van de Geijn 2008). Few rows are not
 * worth packing b for.
 */
const DEPTH: i32 = 256;
const WIDTH: i32 = 512;

/** Rows up to which b is not packed where its rows lie in order. */
const FEW_ROWS: i32 = 4;

/** Whether m dot products of length k for each column of b cost less than packing b: measured. */
// @ts-expect-error decorator
@inline
function dotsPay(): bool {
  return m <= 3 || (m <= 16 && k >= 32) || (m <= 48 && k >= 256);
}

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
 * Arguments: addresses; sizes; steps of a and b between rows and columns; sizes of the last two of three batch dimensions;
 * steps of a and b over the three; whether threads share out columns (few rows, one matrix) or rows.
 *
 * Range: stripes of STRIPE rows of every matrix of the batch, or of STRIPE columns where `byColumns`.
 * Scratch: 4·(DEPTH·WIDTH + ROWS·DEPTH + ROWS·COLS) bytes.
 */
export function matmul(
  a: usize,
  b: usize,
  bias: usize,
  c: usize,
  m_: i32,
  n_: i32,
  k_: i32,
  aRow_: i32,
  aCol_: i32,
  bRow_: i32,
  bCol_: i32,
  batch1: i32,
  batch2: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  byColumns: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  m = m_;
  n = n_;
  k = k_;
  aRow = (<usize>aRow_) << 2;
  aCol = (<usize>aCol_) << 2;
  bRow = (<usize>bRow_) << 2;
  bCol = (<usize>bCol_) << 2;
  const stripes = ((byColumns ? n : m) + STRIPE - 1) / STRIPE;
  for (let at = begin; at < end; ) {
    const z = at / stripes;
    const from = at - z * stripes;
    const to = min(stripes, from + end - at);
    at += to - from;
    const z2 = z % batch2;
    const z1 = (z / batch2) % batch1;
    const z0 = z / batch2 / batch1;
    const aZ = a + ((<usize>(z0 * a0 + z1 * a1 + z2 * a2)) << 2);
    const bZ = b + ((<usize>(z0 * b0 + z1 * b1 + z2 * b2)) << 2);
    const cZ = c + ((<usize>z * m * n) << 2);
    if (byColumns) product(aZ, bZ, bias, cZ, 0, m, from * STRIPE, min(n, to * STRIPE), scratch);
    else product(aZ, bZ, bias, cZ, from * STRIPE, min(m, to * STRIPE), 0, n, scratch);
  }
}

/** Rows [i0, i1) and columns [j0, j1) of one product. */
function product(a: usize, b: usize, bias: usize, c: usize, i0: i32, i1: i32, j0: i32, j1: i32, scratch: usize): void {
  const step = (<usize>n) << 2;
  if (aCol == 4 && bRow == 4 && dotsPay()) {
    const biasAt = bias == 0 ? bias : bias + ((<usize>j0) << 2);
    const to = c + ((<usize>i0 * n + j0) << 2);
    byDots(a + <usize>i0 * aRow, aRow, b + <usize>j0 * bCol, bCol, biasAt, 4, to, step, i1 - i0, j1 - j0, k);
    return;
  }
  if (n == 1 && aCol == 4 && bRow == 4) {
    // the rows of a as columns of a product with the one row b
    byDots(b, 0, a + <usize>i0 * aRow, aRow, bias, 0, c + ((<usize>i0) << 2), 0, 1, i1 - i0, k);
    return;
  }
  if (m <= FEW_ROWS && bCol == 4) {
    const biasAt = bias == 0 ? bias : bias + ((<usize>j0) << 2);
    const to = c + ((<usize>i0 * n + j0) << 2);
    byRows(a + <usize>i0 * aRow, aRow, aCol, b + ((<usize>j0) << 2), bRow, biasAt, to, step, i1 - i0, j1 - j0, k);
    return;
  }
  const packedA = scratch + ((DEPTH * WIDTH) << 2);
  const edge = packedA + ((ROWS * DEPTH) << 2);
  for (let jc = j0; jc < j1; jc += WIDTH) {
    const width = min(WIDTH, j1 - jc);
    // one round even for k = 0, which writes the bias or zeros
    for (let pc = 0; pc == 0 || pc < k; pc += DEPTH) {
      const depth = min(DEPTH, k - pc);
      const padded = packedDepth(depth);
      const first = pc == 0;
      packColumns(b + <usize>pc * bRow + <usize>jc * bCol, bRow, bCol, scratch, depth, width);
      for (let i = i0; i < i1; i += ROWS) {
        const rows = min(ROWS, i1 - i);
        packRows(a + <usize>i * aRow + <usize>pc * aCol, aRow, aCol, packedA, depth, rows);
        const cRow = c + ((<usize>i * n + jc) << 2);
        for (let j = 0; j < width; j += COLS) {
          const panel = scratch + ((<usize>j * padded) << 2);
          const at = cRow + ((<usize>j) << 2);
          const biasAt = bias == 0 ? bias : bias + ((<usize>(jc + j)) << 2);
          if (j + COLS <= width) {
            tile(rows, packedA, panel, padded, at, step, biasAt, first);
          } else {
            tile(rows, packedA, panel, padded, edge, COLS << 2, 0, true);
            storeEdge(edge, at, rows, width - j, biasAt, first);
          }
        }
      }
    }
  }
}

/** The part of a tile that lies inside c. */
function storeEdge(edge: usize, c: usize, rows: i32, cols: i32, bias: usize, first: bool): void {
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < cols; j++) {
      const to = c + ((<usize>r * n + j) << 2);
      let sum = load<f32>(edge + ((<usize>(r * COLS + j)) << 2));
      if (!first) sum += load<f32>(to);
      else if (bias != 0) sum += load<f32>(bias + ((<usize>j) << 2));
      store<f32>(to, sum);
    }
  }
}
