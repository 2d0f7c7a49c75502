import { extremeLine, MAX } from './lib/lines';

// Where the largest or smallest element lies along the middle of x [outer, n, inner] → output [outer, inner], int32; the
// first of equal ones, or the first NaN. Range: outer·inner.

/** `op`: as in lib/lines, MAX or not. */
export function argmax(
  x: usize,
  output: usize,
  n: i32,
  inner: i32,
  op: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  for (let line = begin; line < end; line++) {
    const from = x + ((<usize>(line / inner) * n * inner + (line % inner)) << 2);
    const at = inner == 1 ? find(from, n, extremeLine(from, n, op)) : scan<f32>(from, n, (<usize>inner) << 2, op);
    store<i32>(output + ((<usize>line) << 2), at);
  }
}

export function argmaxInt(
  x: usize,
  output: usize,
  n: i32,
  inner: i32,
  op: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  for (let line = begin; line < end; line++) {
    const from = x + ((<usize>(line / inner) * n * inner + (line % inner)) << 2);
    store<i32>(output + ((<usize>line) << 2), scan<i32>(from, n, (<usize>inner) << 2, op));
  }
}

/** The first of `n` elements that follow one another to equal `value`, which is among them; NaN equals NaN here. */
function find(x: usize, n: i32, value: f32): i32 {
  const nan = value != value;
  const value4 = f32x4.splat(value);
  let i = 0;
  for (; i + 3 < n; i += 4) {
    const v = v128.load(x + ((<usize>i) << 2));
    if (v128.any_true(nan ? f32x4.ne(v, v) : f32x4.eq(v, value4))) break;
  }
  for (; i < n; i++) {
    const v = load<f32>(x + ((<usize>i) << 2));
    if (nan ? v != v : v == value) return i;
  }
  return 0;
}

/** The same by comparing one after another, `step` bytes apart. */
function scan<T>(x: usize, n: i32, step: usize, op: i32): i32 {
  let best = load<T>(x);
  let at = 0;
  for (let i = 1; i < n; i++) {
    // A NaN stays: nothing compares with it.
    if (best != best) break;
    const v = load<T>(x + <usize>i * step);
    if (v != v || (op == MAX ? v > best : v < best)) {
      best = v;
      at = i;
    }
  }
  return at;
}
