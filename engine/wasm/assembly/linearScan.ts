/**
 * output[o, i, j] = a[o, i, j]·output[o, i − 1, j] + b[o, i, j] along the middle of [outer, n, inner], from 0; with reverse ≠ 0
 * from the last place to the first. Range: outer·inner.
 */
export function linearScan(
  a: usize,
  b: usize,
  output: usize,
  n: i32,
  inner: i32,
  reverse: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const step: isize = reverse != 0 ? -((<isize>inner) << 2) : (<isize>inner) << 2;
  for (let line = begin; line < end; line++) {
    const outer = line / inner;
    let at = (<usize>(outer * n + (reverse != 0 ? n - 1 : 0)) * inner + (line - outer * inner)) << 2;
    let y: f32 = 0;
    for (let i = 0; i < n; i++) {
      y = load<f32>(a + at) * y + load<f32>(b + at);
      store<f32>(output + at, y);
      at += step;
    }
  }
}
