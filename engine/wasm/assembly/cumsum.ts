import { loadPart, narrow, storePart, widenHigh, widenLow } from './lib/lines';

// Running sums along the middle of x [outer, n, inner], from the end with `reverse`; see shaders/cumsum.wgsl. Added in
// float64. Range: outer·inner, four lines at a time where they lie beside one another.

export function cumsum(
  x: usize,
  output: usize,
  n: i32,
  inner: i32,
  reverse: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const step: isize = (<isize>inner) << 2;
  const forward = reverse ? -step : step;
  for (let line = begin; line < end; ) {
    const outer = line / inner;
    const column = line - outer * inner;
    const count = min(min(end - line, inner - column), 4);
    let at = (<usize>outer * n * inner + column) << 2;
    if (reverse) at += <usize>(n - 1) * step;
    line += count;
    if (count == 1) {
      let total: f64 = 0;
      for (let i = 0; i < n; i++, at += forward) {
        total += <f64>load<f32>(x + at);
        store<f32>(output + at, <f32>total);
      }
      continue;
    }
    let low = f64x2.splat(0);
    let high = low;
    for (let i = 0; i < n; i++, at += forward) {
      const v = loadPart(x + at, count);
      low = f64x2.add(low, widenLow(v));
      high = f64x2.add(high, widenHigh(v));
      storePart(output + at, narrow(low, high), count);
    }
  }
}

/** int32, wrapping. */
export function cumsumInt(
  x: usize,
  output: usize,
  n: i32,
  inner: i32,
  reverse: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const step: isize = (<isize>inner) << 2;
  const forward = reverse ? -step : step;
  for (let line = begin; line < end; line++) {
    let at = (<usize>(line / inner) * n * inner + (line % inner)) << 2;
    if (reverse) at += <usize>(n - 1) * step;
    let total = 0;
    for (let i = 0; i < n; i++, at += forward) {
      total += load<i32>(x + at);
      store<i32>(output + at, total);
    }
  }
}
