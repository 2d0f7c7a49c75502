import { across, extremeLine, MAX, sumLine } from './lib/lines';
import { exp, exp4 } from './lib/math';

// Cross entropy of the rows of logits [rows, n] with the classes labels [rows]; see shaders/cross_entropy.wgsl for the
// formulas. A row whose label is `ignore`, or no class, gives 0.

// @ts-ignore: decorator
@inline
function counts(label: i32, n: i32, ignore: i32): bool {
  return <u32>label < <u32>n && label != ignore;
}

/** stats [rows, 2]: largest x, and log Σ e^(x − that). Range: rows. */
export function crossEntropy(
  logits: usize,
  labels: usize,
  losses: usize,
  stats: usize,
  n: i32,
  ignore: i32,
  smoothing: f64,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  for (let row = begin; row < end; row++) {
    const label = load<i32>(labels + ((<usize>row) << 2));
    const stat = stats + ((<usize>row) << 3);
    let loss: f64 = 0;
    let top: f32 = 0;
    let logTotal: f64 = 0;
    if (counts(label, n, ignore)) {
      const x = logits + ((<usize>row * n) << 2);
      top = extremeLine(x, n, MAX);
      logTotal = Math.log(sumOfExp(x, n, top));
      loss = logTotal - (1 - smoothing) * (<f64>load<f32>(x + ((<usize>label) << 2)) - <f64>top);
      if (smoothing > 0) loss -= smoothing * (sumLine(x, n) / <f64>n - <f64>top);
    }
    store<f32>(losses + ((<usize>row) << 2), <f32>loss);
    store<f32>(stat, top);
    store<f32>(stat, <f32>logTotal, 4);
  }
}

/** Σ e^(x − top): float32 in blocks of 64, float64 over the blocks. */
function sumOfExp(x: usize, n: i32, top: f32): f64 {
  const top4 = f32x4.splat(top);
  let total: f64 = 0;
  let left = n;
  while (left >= 4) {
    let part = f32x4.splat(0);
    const quads = min(left >> 2, 16);
    for (let i = 0; i < quads; i++, x += 16) part = f32x4.add(part, exp4(f32x4.sub(v128.load(x), top4)));
    total += <f64>across(part);
    left -= quads << 2;
  }
  for (; left > 0; left--, x += 4) total += <f64>exp(load<f32>(x) - top);
  return total;
}

/** The sum, or the mean over the rows that count, and what the sum was multiplied by. Range: 1. */
export function crossEntropyTotal(
  losses: usize,
  labels: usize,
  output: usize,
  scale: usize,
  rows: i32,
  n: i32,
  ignore: i32,
  mean: i32,
  _begin: i32,
  _end: i32,
  _scratch: usize,
): void {
  let factor: f64 = 1;
  if (mean != 0) {
    let count = 0;
    for (let row = 0; row < rows; row++) {
      if (counts(load<i32>(labels + ((<usize>row) << 2)), n, ignore)) count++;
    }
    factor = count == 0 ? 0 : 1 / <f64>count;
  }
  store<f32>(output, <f32>(sumLine(losses, rows) * factor));
  store<f32>(scale, <f32>factor);
}

/** output[r, c] = dy·scale·(softmax − ε/n − (1 − ε)·[c = label]). Range: rows. */
export function crossEntropyBackward(
  dy: usize,
  logits: usize,
  labels: usize,
  stats: usize,
  scale: usize,
  output: usize,
  n: i32,
  ignore: i32,
  smoothing: f64,
  each: i32,
  mean: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const bytes = (<usize>n) << 2;
  const whole = (<usize>(n & ~3)) << 2;
  const even = <f32>(smoothing / <f64>n);
  const even4 = f32x4.splat(even);
  for (let row = begin; row < end; row++) {
    const label = load<i32>(labels + ((<usize>row) << 2));
    const to = output + <usize>row * bytes;
    if (!counts(label, n, ignore)) {
      memory.fill(to, 0, bytes);
      continue;
    }
    const x = logits + <usize>row * bytes;
    const stat = stats + ((<usize>row) << 3);
    const top = load<f32>(stat);
    const logTotal = load<f32>(stat, 4);
    const top4 = f32x4.splat(top);
    const log4 = f32x4.splat(logTotal);
    const factor = load<f32>(dy + (each != 0 ? (<usize>row) << 2 : 0)) * (mean != 0 ? load<f32>(scale) : 1);
    const factor4 = f32x4.splat(factor);
    let c: usize = 0;
    for (; c < whole; c += 16) {
      const p = exp4(f32x4.sub(f32x4.sub(v128.load(x + c), top4), log4));
      v128.store(to + c, f32x4.mul(factor4, f32x4.sub(p, even4)));
    }
    for (; c < bytes; c += 4) store<f32>(to + c, factor * (exp(load<f32>(x + c) - top - logTotal) - even));
    const at = (<usize>label) << 2;
    const p = exp(load<f32>(x + at) - top - logTotal);
    store<f32>(to + at, factor * (p - <f32>(smoothing / <f64>n + (1 - smoothing))));
  }
}
