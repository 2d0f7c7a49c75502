import { sign4 } from './lib/activations';
import { dotLine } from './lib/lines';
import { loadPart, storePart } from './lib/part';

// Optimizer steps over ranges of parameters, in place; see the shaders optim_*.wgsl for the formulas. Four elements at a
// time and the rest one by one, with the same operations in the same order, so that the result does not depend on the
// range.

/** Range: the parameters. */
export function optimAdam(
  p: usize,
  gradient: usize,
  m: usize,
  v: usize,
  scale: usize,
  l2: f32,
  decay: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  rate: f32,
  correction: f32,
  eps: f32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const factor = load<f32>(scale);
  const last = (<usize>end) << 2;
  let i = (<usize>begin) << 2;
  for (; i + 12 < last; i += 16) {
    const old = v128.load(p + i);
    const g = f32x4.add(f32x4.mul(f32x4.splat(l2), old), f32x4.mul(f32x4.splat(factor), v128.load(gradient + i)));
    let first = v128.load(m + i);
    first = f32x4.add(first, f32x4.mul(f32x4.splat(oneMinusBeta1), f32x4.sub(g, first)));
    const second = f32x4.add(
      f32x4.mul(f32x4.splat(beta2), v128.load(v + i)),
      f32x4.mul(f32x4.mul(f32x4.splat(oneMinusBeta2), g), g),
    );
    v128.store(m + i, first);
    v128.store(v + i, second);
    const root = f32x4.add(f32x4.div(f32x4.sqrt(second), f32x4.splat(correction)), f32x4.splat(eps));
    const decayed = f32x4.sub(old, f32x4.mul(f32x4.splat(decay), old));
    v128.store(p + i, f32x4.sub(decayed, f32x4.div(f32x4.mul(f32x4.splat(rate), first), root)));
  }
  for (; i < last; i += 4) {
    const old = load<f32>(p + i);
    const g = l2 * old + factor * load<f32>(gradient + i);
    let first = load<f32>(m + i);
    first = first + oneMinusBeta1 * (g - first);
    const second = beta2 * load<f32>(v + i) + oneMinusBeta2 * g * g;
    store<f32>(m + i, first);
    store<f32>(v + i, second);
    const root = sqrt<f32>(second) / correction + eps;
    store<f32>(p + i, old - decay * old - (rate * first) / root);
  }
}

/** With has = 0 the velocity is not touched. Range: the parameters. */
export function optimSgd(
  p: usize,
  gradient: usize,
  velocity: usize,
  scale: usize,
  l2: f32,
  rate: f32,
  momentum: f32,
  nesterov: i32,
  has: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const factor = load<f32>(scale);
  const last = (<usize>end) << 2;
  let i = (<usize>begin) << 2;
  for (; i + 12 < last; i += 16) {
    const old = v128.load(p + i);
    const g = f32x4.add(f32x4.mul(f32x4.splat(l2), old), f32x4.mul(f32x4.splat(factor), v128.load(gradient + i)));
    let step = g;
    if (has != 0) {
      step = f32x4.add(f32x4.mul(f32x4.splat(momentum), v128.load(velocity + i)), g);
      v128.store(velocity + i, step);
      if (nesterov != 0) step = f32x4.add(f32x4.mul(f32x4.splat(momentum), step), g);
    }
    v128.store(p + i, f32x4.sub(old, f32x4.mul(f32x4.splat(rate), step)));
  }
  for (; i < last; i += 4) {
    const old = load<f32>(p + i);
    const g = l2 * old + factor * load<f32>(gradient + i);
    let step = g;
    if (has != 0) {
      step = momentum * load<f32>(velocity + i) + g;
      store<f32>(velocity + i, step);
      if (nesterov != 0) step = momentum * step + g;
    }
    store<f32>(p + i, old - rate * step);
  }
}

// @ts-expect-error decorator
@inline
function part(from: usize, n: i32): v128 {
  return n >= 4 ? v128.load(from) : loadPart(from, n);
}

// @ts-expect-error decorator
@inline
function put(to: usize, v: v128, n: i32): void {
  if (n >= 4) v128.store(to, v);
  else storePart(to, v, n);
}

/** With centered = 0 the mean is not touched, with moving = 0 the velocity is not. Range: the parameters. */
export function optimRmsprop(
  p: usize,
  gradient: usize,
  squares: usize,
  mean: usize,
  velocity: usize,
  scale: usize,
  l2: f32,
  rate: f32,
  alpha: f32,
  oneMinusAlpha: f32,
  momentum: f32,
  eps: f32,
  centered: i32,
  moving: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const factor = f32x4.splat(load<f32>(scale));
  let i = (<usize>begin) << 2;
  for (let n = end - begin; n > 0; n -= 4, i += 16) {
    const old = part(p + i, n);
    const g = f32x4.add(f32x4.mul(f32x4.splat(l2), old), f32x4.mul(factor, part(gradient + i, n)));
    const square = f32x4.add(
      f32x4.mul(f32x4.splat(alpha), part(squares + i, n)),
      f32x4.mul(f32x4.mul(f32x4.splat(oneMinusAlpha), g), g),
    );
    put(squares + i, square, n);
    let spread = square;
    if (centered != 0) {
      let middle = part(mean + i, n);
      middle = f32x4.add(middle, f32x4.mul(f32x4.splat(oneMinusAlpha), f32x4.sub(g, middle)));
      put(mean + i, middle, n);
      spread = f32x4.max(f32x4.splat(0), f32x4.sub(square, f32x4.mul(middle, middle)));
    }
    let step = f32x4.div(g, f32x4.add(f32x4.sqrt(spread), f32x4.splat(eps)));
    if (moving != 0) {
      step = f32x4.add(f32x4.mul(f32x4.splat(momentum), part(velocity + i, n)), step);
      put(velocity + i, step, n);
    }
    put(p + i, f32x4.sub(old, f32x4.mul(f32x4.splat(rate), step)), n);
  }
}

/** Range: the parameters. */
export function optimLion(
  p: usize,
  gradient: usize,
  m: usize,
  scale: usize,
  decay: f32,
  rate: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const factor = f32x4.splat(load<f32>(scale));
  let i = (<usize>begin) << 2;
  for (let n = end - begin; n > 0; n -= 4, i += 16) {
    const old = part(p + i, n);
    const g = f32x4.mul(factor, part(gradient + i, n));
    const mean = part(m + i, n);
    const blend = f32x4.add(f32x4.mul(f32x4.splat(beta1), mean), f32x4.mul(f32x4.splat(oneMinusBeta1), g));
    put(m + i, f32x4.add(f32x4.mul(f32x4.splat(beta2), mean), f32x4.mul(f32x4.splat(oneMinusBeta2), g)), n);
    const decayed = f32x4.sub(old, f32x4.mul(f32x4.splat(decay), old));
    put(p + i, f32x4.sub(decayed, f32x4.mul(f32x4.splat(rate), sign4(blend))), n);
  }
}

/** Sums of squares of 16384 elements each. Range: those sums. */
export function optimSquares(x: usize, output: usize, total: i32, begin: i32, end: i32, _scratch: usize): void {
  for (let part = begin; part < end; part++) {
    const from = x + ((<usize>part) << 16);
    store<f32>(output + ((<usize>part) << 2), <f32>dotLine(from, from, min(16384, total - (part << 14))));
  }
}

/** norm = unscale · √ of the sum of `count` sums of squares; scale = unscale · min(1, largest / (norm + 1e-6)). Range: 1. */
export function optimNorm(
  squares: usize,
  norm: usize,
  scale: usize,
  count: i32,
  largest: f64,
  unscale: f64,
  _begin: i32,
  _end: i32,
  _scratch: usize,
): void {
  let total: f64 = 0;
  for (let i = 0; i < count; i++) total += <f64>load<f32>(squares + ((<usize>i) << 2));
  total = unscale * sqrt<f64>(total);
  store<f32>(norm, <f32>total);
  // Not min(): a norm that is not a number must stay one.
  const factor = largest / (total + 1e-6);
  store<f32>(scale, <f32>(unscale * (factor > 1 ? 1 : factor)));
}

/** x times scale [1], in place. Range: x. */
export function optimScale(x: usize, scale: usize, begin: i32, end: i32, _scratch: usize): void {
  const factor = load<f32>(scale);
  const last = (<usize>end) << 2;
  let i = (<usize>begin) << 2;
  for (; i + 12 < last; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), f32x4.splat(factor)));
  for (; i < last; i += 4) store<f32>(x + i, load<f32>(x + i) * factor);
}
