import { extremeLine, MAX, pick, SUM, sumColumns, sumLine, WIDTH } from './lib/lines';

// Sum, largest or smallest element along the middle of x [outer, n, inner] → output [outer, parts, inner].
//
// Part p of a line covers elements p·span to (p + 1)·span, so that few long lines still make work for several threads.
// The order of the additions never depends on the range.

/** Float32. `scratch`: 4096 bytes. Range: outer·parts·inner. */
export function reduce(
  x: usize,
  output: usize,
  n: i32,
  inner: i32,
  parts: i32,
  span: i32,
  op: i32,
  scale: f64,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  let at = begin;
  while (at < end) {
    const line = at / inner;
    const column = at - line * inner;
    const part = line % parts;
    const first = part * span;
    const rows = min(span, n - first);
    const from = x + ((<usize>(line / parts) * n + first) * inner + column) * 4;
    const to = output + ((<usize>at) << 2);
    if (inner == 1) {
      store<f32>(to, op == SUM ? <f32>(sumLine(from, rows) * scale) : extremeLine(from, rows, op));
      at++;
      continue;
    }
    const columns = min(min(end - at, inner - column), WIDTH);
    if (op == SUM) sumColumns(from, to, rows, inner, columns, scale, scratch);
    else extremeColumns(from, to, rows, inner, columns, op);
    at += columns;
  }
}

/** output[c] = the largest or smallest of x[row, c], for rows from 0 to `rows` ≥ 1. */
function extremeColumns(x: usize, output: usize, rows: i32, inner: i32, columns: i32, op: i32): void {
  const step = (<usize>inner) << 2;
  memory.copy(output, x, (<usize>columns) << 2);
  for (let row = 1; row < rows; row++) {
    x += step;
    let c: usize = 0;
    const bytes = (<usize>columns) << 2;
    if (op == MAX) {
      for (; c + 12 < bytes; c += 16) v128.store(output + c, f32x4.max(v128.load(output + c), v128.load(x + c)));
    } else {
      for (; c + 12 < bytes; c += 16) v128.store(output + c, f32x4.min(v128.load(output + c), v128.load(x + c)));
    }
    for (; c < bytes; c += 4) store<f32>(output + c, pick(load<f32>(output + c), load<f32>(x + c), op));
  }
}

/** int32, wrapping. Range: outer·parts·inner. */
export function reduceInt(
  x: usize,
  output: usize,
  n: i32,
  inner: i32,
  parts: i32,
  span: i32,
  op: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  for (let at = begin; at < end; at++) {
    const line = at / inner;
    const first = (line % parts) * span;
    const rows = min(span, n - first);
    let from = x + ((<usize>(line / parts) * n + first) * inner + (at - line * inner)) * 4;
    let result = op == SUM ? 0 : load<i32>(from);
    for (let r = 0; r < rows; r++, from += (<usize>inner) << 2) {
      const v = load<i32>(from);
      result = op == SUM ? result + v : op == MAX ? max(result, v) : min(result, v);
    }
    store<i32>(output + ((<usize>at) << 2), result);
  }
}
