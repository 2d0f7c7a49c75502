import { c4 } from './math';
import { philox, philox4, uniform4 } from './philox';
import { COLS, packColumns, packedDepth, packRows, ROWS, tile, transpose4 } from './tile';

/** What tells that a row had no key to look at: e^(score − this) is 0. */
export const NO_KEYS: f32 = 3.4e38;

/** Queries of a block: the columns of a tile. Scores lie as [keys, 8], a lane for each query. */
export const QUERIES: i32 = COLS;

// Size, masking and dropout of the call.
export let heads: i32 = 0;
export let L: i32 = 0;
export let S: i32 = 0;
export let dim: i32 = 0;
export let scale: f32 = 0;
export let dropP: f32 = 0;
let causal: bool = false;
let maskAt: usize = 0;
let maskB: i32 = 0;
let maskH: i32 = 0;
let maskL: i32 = 0;
let maskS: i32 = 0;
let stream: u32 = 0;
let seedLow: u32 = 0;
let seedHigh: u32 = 0;

/** Operands of any steps, in the order of the layout. */
export const Q: usize = 0;
export const K: usize = 1;
export const V: usize = 2;
export const O: usize = 3;
export const DO: usize = 4;
export const DQ: usize = 5;
export const DK: usize = 6;
export const DV: usize = 7;
let operands: usize = 0;

/**
 * What all below works with, until the next call. Layout: heads, L, S, dim; causal, stream, both words of the seed; steps
 * of the mask between batches, heads, queries and keys, 0 where it is broadcast; of each operand its steps between
 * batches, heads and rows.
 */
export function prepare(layout: usize, mask: usize, scale_: f32, p: f32): void {
  heads = load<i32>(layout);
  L = load<i32>(layout, 4);
  S = load<i32>(layout, 8);
  dim = load<i32>(layout, 12);
  causal = load<i32>(layout, 16) != 0;
  stream = load<u32>(layout, 20);
  seedLow = load<u32>(layout, 24);
  seedHigh = load<u32>(layout, 28);
  maskAt = mask;
  maskB = load<i32>(layout, 32);
  maskH = load<i32>(layout, 36);
  maskL = load<i32>(layout, 40);
  maskS = load<i32>(layout, 44);
  operands = layout + 48;
  scale = scale_;
  dropP = p;
}

/** Where head z of x, which is operand `which`, begins. */
export function head(x: usize, z: i32, which: usize): usize {
  const steps = operands + which * 12;
  return headAt(x, z, load<i32>(steps), load<i32>(steps, 4));
}

// @ts-expect-error decorator
@inline
function headAt(x: usize, z: i32, batchStep: i32, headStep: i32): usize {
  return x + ((<usize>((z / heads) * batchStep + (z % heads) * headStep)) << 2);
}

/** Bytes from one row of operand `which` to the next. */
export function rowBytes(which: usize): usize {
  return (<usize>load<i32>(operands + which * 12, 8)) << 2;
}

/** Keys that query i may look at, before the mask. */
// @ts-expect-error decorator
@inline
export function visible(i: i32): i32 {
  return causal ? min(S, max(0, i + 1 + S - L)) : S;
}

/** Bytes of `rows` rows packed in panels of 6, `depth` numbers each. */
// @ts-expect-error decorator
@inline
export function panelBytes(rows: i32, depth: i32): usize {
  return (<usize>(((rows + ROWS - 1) / ROWS) * ROWS * packedDepth(depth))) << 2;
}

/** All rows of x, `row` and `column` bytes apart, in panels of 6. */
export function packPanels(x: usize, row: usize, column: usize, rows: i32, depth: i32, to: usize): void {
  const panel = <usize>packedDepth(depth) * (ROWS << 2);
  for (let i = 0; i < rows; i += ROWS, to += panel) {
    packRows(x + <usize>i * row, row, column, to, depth, min(ROWS, rows - i));
  }
}

/** Numbers of up to 8 queries from `row` on, as [dim, 8]; missing queries are zero. */
export function packQueries(x: usize, step: usize, row: i32, to: usize): void {
  packColumns(x + <usize>row * step, 4, step, to, dim, min(QUERIES, L - row));
}

/** Steps of a sum that are taken in one go: longer sums are made of shorter ones. */
const DEPTH: i32 = 256;

/** to [rows, 8] = panels · block: `rows` rows in panels of packed depth `full`, of which `depth` steps count. */
export function times(panels: usize, rows: i32, full: i32, block: usize, depth: i32, to: usize): void {
  const panel = <usize>packedDepth(full) * (ROWS << 2);
  for (let i = 0; i < rows; i += ROWS, panels += panel, to += ROWS << 5) {
    const here = min(ROWS, rows - i);
    for (let p = 0; p == 0 || p < depth; p += DEPTH) {
      const steps = packedDepth(min(DEPTH, depth - p));
      tile(here, panels + <usize>p * (ROWS << 2), block + ((<usize>p) << 5), steps, to, 32, 0, p == 0);
    }
  }
}

/** [dim, 8] → rows of up to 8 queries, `step` bytes apart. */
export function unpackQueries(from: usize, to: usize, step: usize, queries: i32): void {
  let d = 0;
  if (queries == QUERIES) {
    for (; d + 4 <= dim; d += 4, from += 128, to += 16) {
      transpose4(from, 32, to, step);
      transpose4(from + 16, 32, to + 4 * step, step);
    }
  }
  for (; d < dim; d++, from += 32, to += 4) {
    for (let q = 0; q < queries; q++) store<f32>(to + <usize>q * step, load<f32>(from + ((<usize>q) << 2)));
  }
}

/** Whether the mask hides key j from the queries whose parts of the mask begin at `rows` (8 addresses). */
function maskedLanes(rows: usize, j: i32): v128 {
  const at = (<usize>(j * maskS)) << 2;
  let m = v128.load32_splat(load<usize>(rows) + at);
  m = v128.load_lane<u32>(load<usize>(rows, 4) + at, m, 1);
  m = v128.load_lane<u32>(load<usize>(rows, 8) + at, m, 2);
  return v128.load_lane<u32>(load<usize>(rows, 12) + at, m, 3);
}

/**
 * Scores [keys, 8] of 8 queries from `row` on are scaled, those of hidden keys become −∞. `rows`: 32 bytes of scratch.
 */
export function scaleAndHide(z: i32, row: i32, keys: i32, scores: usize, rows: usize): void {
  const by = c4(scale);
  // keys that no query of the block is kept from
  const open = maskAt != 0 ? 0 : min(keys, visible(row));
  let at = scores;
  for (const end = scores + ((<usize>open) << 5); at < end; at += 32) {
    v128.store(at, f32x4.mul(v128.load(at), by));
    v128.store(at, f32x4.mul(v128.load(at, 16), by), 16);
  }
  if (open == keys) return;
  const last0 = causal ? i32x4.add(i32x4.splat(row + S - L), i32x4(0, 1, 2, 3)) : i32x4.splat(S);
  const last1 = causal ? i32x4.add(last0, i32x4.splat(4)) : last0;
  const each = maskAt != 0 && maskL != 0;
  const mask = maskAt == 0 ? maskAt : headAt(maskAt, z, maskB, maskH);
  if (each) {
    for (let q = 0; q < QUERIES; q++) {
      store<usize>(rows + ((<usize>q) << 2), mask + ((<usize>(min(row + q, L - 1) * maskL)) << 2));
    }
  }
  const never = c4(-Infinity);
  const zero = i32x4.splat(0);
  for (let j = open; j < keys; j++, at += 32) {
    let hidden0 = i32x4.gt_s(i32x4.splat(j), last0);
    let hidden1 = i32x4.gt_s(i32x4.splat(j), last1);
    if (each) {
      hidden0 = v128.or(hidden0, i32x4.ne(maskedLanes(rows, j), zero));
      hidden1 = v128.or(hidden1, i32x4.ne(maskedLanes(rows + 16, j), zero));
    } else if (mask != 0) {
      const all = i32x4.ne(v128.load32_splat(mask + ((<usize>(j * maskS)) << 2)), zero);
      hidden0 = v128.or(hidden0, all);
      hidden1 = v128.or(hidden1, all);
    }
    v128.store(at, v128.bitselect(never, f32x4.mul(v128.load(at), by), hidden0));
    v128.store(at, v128.bitselect(never, f32x4.mul(v128.load(at, 16), by), hidden1), 16);
  }
}

/**
 * What dropout multiplies the weights [keys, 8] of 8 queries from `row` on with: 0 or 1/(1 − p). A query's random numbers
 * begin anywhere in a block of four, so they are put where they belong one by one: `to` has room for 6 more keys, and
 * what is behind key j of query q lies at to[3 + j, q]. `words`: 64 bytes of scratch.
 */
export function drawFactors(z: i32, row: i32, keys: i32, to: usize, words: usize): void {
  const keep = c4(1 / (1 - dropP));
  const least = c4(dropP);
  for (let half = 0; half < QUERIES; half += 4) {
    let low = i32x4.splat(0);
    let high = low;
    let skip: usize = 0;
    // lane by lane, since the four are not known to be in one block
    const q0 = firstWord(z, row + half);
    const q1 = firstWord(z, row + half + 1);
    const q2 = firstWord(z, row + half + 2);
    const q3 = firstWord(z, row + half + 3);
    low = i32x4.replace_lane(i32x4.splat(<i32>(q0 >> 2)), 1, <i32>(q1 >> 2));
    low = i32x4.replace_lane(i32x4.replace_lane(low, 2, <i32>(q2 >> 2)), 3, <i32>(q3 >> 2));
    high = i32x4.replace_lane(i32x4.splat(<i32>(q0 >> 34)), 1, <i32>(q1 >> 34));
    high = i32x4.replace_lane(i32x4.replace_lane(high, 2, <i32>(q2 >> 34)), 3, <i32>(q3 >> 34));
    const base = to + 96 + ((<usize>half) << 2);
    const to0 = base - ((<usize>(q0 & 3)) << 5);
    const to1 = base - ((<usize>(q1 & 3)) << 5) + 4;
    const to2 = base - ((<usize>(q2 & 3)) << 5) + 8;
    const to3 = base - ((<usize>(q3 & 3)) << 5) + 12;
    // the last query may begin three numbers into its first block
    for (const end = (<usize>(keys + 3)) << 5; skip < end; skip += 128) {
      v128.store(words, low);
      v128.store(words, high, 16);
      philox4(words, stream, seedLow, seedHigh);
      for (let w: usize = 0; w < 4; w++) {
        const factor = v128.and(keep, f32x4.ge(uniform4(v128.load(words + (w << 4))), least));
        const at = skip + (w << 5);
        v128.store_lane<u32>(to0 + at, factor, 0);
        v128.store_lane<u32>(to1 + at, factor, 1);
        v128.store_lane<u32>(to2 + at, factor, 2);
        v128.store_lane<u32>(to3 + at, factor, 3);
      }
      low = i32x4.add(low, i32x4.splat(1));
      // a carry, where the low word came round to 0
      high = i32x4.sub(high, i32x4.eq(low, i32x4.splat(0)));
    }
  }
}

/** Index of the first random number of a query's row of weights. */
// @ts-expect-error decorator
@inline
function firstWord(z: i32, query: i32): u64 {
  return (<u64>z * L + query) * S;
}

/** Scores of one query in a row, [keys]: scaled, hidden ones −∞. */
export function scaleAndHideRow(z: i32, query: i32, keys: i32, scores: usize): void {
  const mask = maskAt == 0 ? maskAt : headAt(maskAt, z, maskB, maskH) + ((<usize>(query * maskL)) << 2);
  for (let j = 0; j < keys; j++) {
    const at = scores + ((<usize>j) << 2);
    const hidden = mask != 0 && load<i32>(mask + ((<usize>(j * maskS)) << 2)) != 0;
    store<f32>(at, hidden ? -Infinity : load<f32>(at) * scale);
  }
}

/** Weights of one query in a row, [keys], times 0 or 1/(1 − p). `words`: 16 bytes of scratch. */
export function dropRow(z: i32, query: i32, keys: i32, weights: usize, words: usize): void {
  const keep = c4(1 / (1 - dropP));
  const from = firstWord(z, query);
  for (let j = 0; j < keys; ) {
    const at = from + <u64>j;
    const u = uniform4(philox(at >> 2, stream, seedLow, seedHigh));
    v128.store(words, v128.and(keep, f32x4.ge(u, c4(dropP))));
    for (let lane = <usize>(at & 3); lane < 4 && j < keys; lane++, j++) {
      const to = weights + ((<usize>j) << 2);
      store<f32>(to, load<f32>(to) * load<f32>(words + (lane << 2)));
    }
  }
}
