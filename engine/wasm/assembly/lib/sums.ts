// Sums that keep their accuracy over long lines: float32 in blocks of up to 64 elements, float64 over the blocks.

/** Rows of a column block, added in float32. */
const BLOCK: i32 = 32;

/** Columns whose float64 sums fit the scratch memory of sumColumns: 8 bytes each. */
export const WIDTH: i32 = 512;

/** The sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function across(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
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

/** Sums of `rows` ≤ BLOCK rows, four columns at a time; `step` bytes from row to row. */
// @ts-ignore: decorator
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
  x: usize, output: usize, rows: i32, inner: i32, columns: i32, scale: f64, scratch: usize,
): void {
  const step = <usize>inner << 2;
  memory.fill(scratch, 0, <usize>columns << 3);
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const from = x + <usize>row * step;
    let c = 0;
    for (; c + 3 < columns; c += 4) {
      const block = blockOf4(from + (<usize>c << 2), count, step);
      const to = scratch + (<usize>c << 3);
      v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(block)));
      const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(block, block, 2, 3, 2, 3));
      v128.store(to, f64x2.add(v128.load(to, 16), high), 16);
    }
    for (; c < columns; c++) {
      const to = scratch + (<usize>c << 3);
      store<f64>(to, load<f64>(to) + <f64>blockOf1(from + (<usize>c << 2), count, step));
    }
  }
  for (let c = 0; c < columns; c++) {
    store<f32>(output + (<usize>c << 2), <f32>(load<f64>(scratch + (<usize>c << 3)) * scale));
  }
}
