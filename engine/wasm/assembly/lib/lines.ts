// Lines and columns: sums that keep their accuracy when these are long (float32 in blocks of up to 64 elements, float64
// over the blocks), largest and smallest elements.

/** What a reduction does. */
export const SUM: i32 = 0;
export const MAX: i32 = 1;

/** Rows of a column block, added in float32. */
const BLOCK: i32 = 32;

/** Columns whose float64 sums fit the scratch memory of sumColumns: 8 bytes each. */
export const WIDTH: i32 = 512;

/** The sum of the four lanes. */
// @ts-expect-error decorator
@inline
export function across(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** Sum of `count` elements that follow one another. */
export function sumLine(x: usize, count: i32): f64 {
  let total: f64 = 0;
  let left = count;
  for (; left >= 64; left -= 64, x += 256) {
    let a = f32x4.add(v128.load(x), v128.load(x, 64));
    let b = f32x4.add(v128.load(x, 16), v128.load(x, 80));
    let c = f32x4.add(v128.load(x, 32), v128.load(x, 96));
    let d = f32x4.add(v128.load(x, 48), v128.load(x, 112));
    a = f32x4.add(a, f32x4.add(v128.load(x, 128), v128.load(x, 192)));
    b = f32x4.add(b, f32x4.add(v128.load(x, 144), v128.load(x, 208)));
    c = f32x4.add(c, f32x4.add(v128.load(x, 160), v128.load(x, 224)));
    d = f32x4.add(d, f32x4.add(v128.load(x, 176), v128.load(x, 240)));
    total += <f64>across(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  }
  let rest = f32x4.splat(0);
  for (; left >= 4; left -= 4, x += 16) rest = f32x4.add(rest, v128.load(x));
  total += <f64>across(rest);
  for (; left > 0; left--, x += 4) total += <f64>load<f32>(x);
  return total;
}

/** Sum of the products of `count` elements that follow one another. */
export function dotLine(x: usize, y: usize, count: i32): f64 {
  let total: f64 = 0;
  let left = count;
  while (left >= 4) {
    let a = f32x4.splat(0);
    for (let block = min(left, 64); block >= 4; block -= 4, left -= 4, x += 16, y += 16) {
      a = f32x4.add(a, f32x4.mul(v128.load(x), v128.load(y)));
    }
    total += <f64>across(a);
  }
  for (; left > 0; left--, x += 4, y += 4) total += <f64>load<f32>(x) * <f64>load<f32>(y);
  return total;
}

/** Sum of the squares of `count` elements that follow one another, each less `center`. */
export function squaresLine(x: usize, center: f32, count: i32): f64 {
  const center4 = f32x4.splat(center);
  let total: f64 = 0;
  let left = count;
  while (left >= 4) {
    let a = f32x4.splat(0);
    for (let block = min(left, 64); block >= 4; block -= 4, left -= 4, x += 16) {
      const d = f32x4.sub(v128.load(x), center4);
      a = f32x4.add(a, f32x4.mul(d, d));
    }
    total += <f64>across(a);
  }
  for (; left > 0; left--, x += 4) {
    const d = <f64>(load<f32>(x) - center);
    total += d * d;
  }
  return total;
}

/** The low two lanes as float64. */
// @ts-expect-error decorator
@inline
export function widenLow(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** The high two lanes as float64. */
// @ts-expect-error decorator
@inline
export function widenHigh(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

/** Four float64 as float32. */
// @ts-expect-error decorator
@inline
export function narrow(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** Largest or smallest of `count` ≥ 1 elements that follow one another. */
export function extremeLine(x: usize, count: i32, op: i32): f32 {
  let best = load<f32>(x);
  let left = count;
  if (left >= 16) {
    let a = v128.load(x);
    let b = v128.load(x, 16);
    if (op == MAX) {
      for (; left >= 8; left -= 8, x += 32) {
        a = f32x4.max(a, v128.load(x));
        b = f32x4.max(b, v128.load(x, 16));
      }
      a = f32x4.max(a, b);
    } else {
      for (; left >= 8; left -= 8, x += 32) {
        a = f32x4.min(a, v128.load(x));
        b = f32x4.min(b, v128.load(x, 16));
      }
      a = f32x4.min(a, b);
    }
    best = pick(
      pick(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1), op),
      pick(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3), op),
      op,
    );
  }
  for (; left > 0; left--, x += 4) best = pick(best, load<f32>(x), op);
  return best;
}

/** The larger or the smaller. */
// @ts-expect-error decorator
@inline
export function pick(a: f32, b: f32, op: i32): f32 {
  return op == MAX ? max<f32>(a, b) : min<f32>(a, b);
}

/** Sums of `rows` ≤ BLOCK rows, four columns at a time; `step` bytes from row to row. */
// @ts-expect-error decorator
@inline
function blockOf4(x: usize, rows: i32, step: usize): v128 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let r = 0;
  for (; r + 3 < rows; r += 4, x += 4 * step) {
    a = f32x4.add(a, v128.load(x));
    b = f32x4.add(b, v128.load(x + step));
    c = f32x4.add(c, v128.load(x + 2 * step));
    d = f32x4.add(d, v128.load(x + 3 * step));
  }
  for (; r < rows; r++, x += step) a = f32x4.add(a, v128.load(x));
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

/** The same for one column, in the same order. */
function blockOf1(x: usize, rows: i32, step: usize): f32 {
  let a: f32 = 0;
  let b: f32 = 0;
  let c: f32 = 0;
  let d: f32 = 0;
  let r = 0;
  for (; r + 3 < rows; r += 4, x += 4 * step) {
    a += load<f32>(x);
    b += load<f32>(x + step);
    c += load<f32>(x + 2 * step);
    d += load<f32>(x + 3 * step);
  }
  for (; r < rows; r++, x += step) a += load<f32>(x);
  return a + b + (c + d);
}

/** output[c] = scale · Σ over rows of x[row, c], for up to WIDTH columns. */
export function sumColumns(
  x: usize,
  output: usize,
  rows: i32,
  inner: i32,
  columns: i32,
  scale: f64,
  scratch: usize,
): void {
  const step = (<usize>inner) << 2;
  memory.fill(scratch, 0, (<usize>columns) << 3);
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const from = x + <usize>row * step;
    let c = 0;
    for (; c + 3 < columns; c += 4) {
      const block = blockOf4(from + ((<usize>c) << 2), count, step);
      const to = scratch + ((<usize>c) << 3);
      v128.store(to, f64x2.add(v128.load(to), widenLow(block)));
      v128.store(to, f64x2.add(v128.load(to, 16), widenHigh(block)), 16);
    }
    for (; c < columns; c++) {
      const to = scratch + ((<usize>c) << 3);
      store<f64>(to, load<f64>(to) + <f64>blockOf1(from + ((<usize>c) << 2), count, step));
    }
  }
  for (let c = 0; c < columns; c++) {
    store<f32>(output + ((<usize>c) << 2), <f32>(load<f64>(scratch + ((<usize>c) << 3)) * scale));
  }
}

/** Up to four elements that follow one another, then zeros. */
// @ts-expect-error decorator
@inline
export function loadPart(x: usize, count: i32): v128 {
  if (count >= 4) return v128.load(x);
  let v = v128.load32_zero(x);
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(x, 4));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(x, 8));
  return v;
}

/** Writes the first `count` lanes. */
// @ts-expect-error decorator
@inline
export function storePart(x: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(x, v);
    return;
  }
  store<f32>(x, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(x, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(x, f32x4.extract_lane(v, 2), 8);
}
