import {
  across,
  dotLine,
  extremeLine,
  loadPart,
  MAX,
  narrow,
  storePart,
  sumLine,
  widenHigh,
  widenLow,
} from './lib/lines';
import { exp, exp4, log, log4 } from './lib/math';

// Softmax along the middle of x [outer, n, inner], its logarithm, or the logarithm of its denominator; see
// shaders/softmax.wgsl for the formulas. Range: outer·inner, the lines. Where inner is not 1, four lines go at a time.

const SOFTMAX: i32 = 0;
const LOG_SUM: i32 = 2;

export function softmax(
  x: usize,
  output: usize,
  n: i32,
  inner: i32,
  mode: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  if (inner == 1) {
    const step = (<usize>n) << 2;
    for (let line = begin; line < end; line++) {
      softmaxLine(x + <usize>line * step, output + <usize>line * (mode == LOG_SUM ? 4 : step), n, mode);
    }
    return;
  }
  for (let line = begin; line < end; ) {
    const column = line % inner;
    const count = min(min(end - line, inner - column), 4);
    const from = (<usize>(line / inner) * n * inner + column) << 2;
    const to = mode == LOG_SUM ? (<usize>line) << 2 : from;
    softmaxColumns(x + from, output + to, n, (<usize>inner) << 2, count, mode);
    line += count;
  }
}

function softmaxLine(x: usize, output: usize, n: i32, mode: i32): void {
  const top = extremeLine(x, n, MAX);
  const top4 = f32x4.splat(top);
  const whole = (<usize>(n & ~3)) << 2;
  const bytes = (<usize>n) << 2;
  let total: f64 = 0;
  let i: usize = 0;
  while (i < whole) {
    const stop = min(whole, i + 256);
    let block = f32x4.splat(0);
    for (; i < stop; i += 16) {
      const e = exp4(f32x4.sub(v128.load(x + i), top4));
      if (mode == SOFTMAX) v128.store(output + i, e);
      block = f32x4.add(block, e);
    }
    total += <f64>across(block);
  }
  for (; i < bytes; i += 4) {
    const e = exp(load<f32>(x + i) - top);
    if (mode == SOFTMAX) store<f32>(output + i, e);
    total += <f64>e;
  }
  if (mode == SOFTMAX) {
    const scale = <f32>(1 / total);
    const scale4 = f32x4.splat(scale);
    for (i = 0; i < whole; i += 16) v128.store(output + i, f32x4.mul(v128.load(output + i), scale4));
    for (; i < bytes; i += 4) store<f32>(output + i, load<f32>(output + i) * scale);
    return;
  }
  const logTotal = log(<f32>total);
  if (mode == LOG_SUM) {
    store<f32>(output, top + logTotal);
    return;
  }
  const log4Total = f32x4.splat(logTotal);
  for (i = 0; i < whole; i += 16) {
    v128.store(output + i, f32x4.sub(f32x4.sub(v128.load(x + i), top4), log4Total));
  }
  for (; i < bytes; i += 4) store<f32>(output + i, load<f32>(x + i) - top - logTotal);
}

/** Up to four lines beside one another; `step` bytes from element to element of a line. */
function softmaxColumns(x: usize, output: usize, n: i32, step: usize, count: i32, mode: i32): void {
  const bytes = <usize>n * step;
  let top = loadPart(x, count);
  for (let i: usize = step; i < bytes; i += step) top = f32x4.max(top, loadPart(x + i, count));
  let low = f64x2.splat(0);
  let high = low;
  for (let i: usize = 0; i < bytes; ) {
    const stop = min(bytes, i + 16 * step);
    let block = f32x4.splat(0);
    for (; i < stop; i += step) {
      const e = exp4(f32x4.sub(loadPart(x + i, count), top));
      if (mode == SOFTMAX) storePart(output + i, e, count);
      block = f32x4.add(block, e);
    }
    low = f64x2.add(low, widenLow(block));
    high = f64x2.add(high, widenHigh(block));
  }
  const total = narrow(low, high);
  if (mode == SOFTMAX) {
    const scale = f32x4.div(f32x4.splat(1), total);
    for (let i: usize = 0; i < bytes; i += step) {
      storePart(output + i, f32x4.mul(loadPart(output + i, count), scale), count);
    }
    return;
  }
  const logTotal = log4(total);
  if (mode == LOG_SUM) {
    storePart(output, f32x4.add(top, logTotal), count);
    return;
  }
  for (let i: usize = 0; i < bytes; i += step) {
    storePart(output + i, f32x4.sub(f32x4.sub(loadPart(x + i, count), top), logTotal), count);
  }
}

/** See shaders/softmax_backward.wgsl. Range: outer·inner, the lines. */
export function softmaxBackward(
  y: usize,
  dy: usize,
  output: usize,
  n: i32,
  inner: i32,
  mode: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  if (inner == 1) {
    for (let line = begin; line < end; line++) {
      const at = (<usize>line * n) << 2;
      backwardLine(y + at, dy + at, output + at, n, mode);
    }
    return;
  }
  for (let line = begin; line < end; ) {
    const column = line % inner;
    const count = min(min(end - line, inner - column), 4);
    const at = (<usize>(line / inner) * n * inner + column) << 2;
    backwardColumns(y + at, dy + at, output + at, n, (<usize>inner) << 2, count, mode);
    line += count;
  }
}

function backwardLine(y: usize, dy: usize, output: usize, n: i32, mode: i32): void {
  const total = <f32>(mode == SOFTMAX ? dotLine(y, dy, n) : sumLine(dy, n));
  const total4 = f32x4.splat(total);
  const whole = (<usize>(n & ~3)) << 2;
  const bytes = (<usize>n) << 2;
  let i: usize = 0;
  if (mode == SOFTMAX) {
    for (; i < whole; i += 16) {
      v128.store(output + i, f32x4.mul(v128.load(y + i), f32x4.sub(v128.load(dy + i), total4)));
    }
    for (; i < bytes; i += 4) store<f32>(output + i, load<f32>(y + i) * (load<f32>(dy + i) - total));
  } else {
    for (; i < whole; i += 16) {
      v128.store(output + i, f32x4.sub(v128.load(dy + i), f32x4.mul(exp4(v128.load(y + i)), total4)));
    }
    for (; i < bytes; i += 4) store<f32>(output + i, load<f32>(dy + i) - exp(load<f32>(y + i)) * total);
  }
}

function backwardColumns(y: usize, dy: usize, output: usize, n: i32, step: usize, count: i32, mode: i32): void {
  const bytes = <usize>n * step;
  let low = f64x2.splat(0);
  let high = low;
  for (let i: usize = 0; i < bytes; ) {
    const stop = min(bytes, i + 16 * step);
    let block = f32x4.splat(0);
    for (; i < stop; i += step) {
      const d = loadPart(dy + i, count);
      block = f32x4.add(block, mode == SOFTMAX ? f32x4.mul(loadPart(y + i, count), d) : d);
    }
    low = f64x2.add(low, widenLow(block));
    high = f64x2.add(high, widenHigh(block));
  }
  const total = narrow(low, high);
  for (let i: usize = 0; i < bytes; i += step) {
    const v = loadPart(y + i, count);
    const d = loadPart(dy + i, count);
    const g = mode == SOFTMAX ? f32x4.mul(v, f32x4.sub(d, total)) : f32x4.sub(d, f32x4.mul(exp4(v), total));
    storePart(output + i, g, count);
  }
}
