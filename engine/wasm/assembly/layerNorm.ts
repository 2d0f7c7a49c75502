import { across, loadPart, narrow, squaresLine, storePart, sumLine, WIDTH, widenHigh, widenLow } from './lib/lines';

// Layer normalisation of the rows of x [rows, n] and its gradients, and without `centered` root mean square
// normalisation: there 0 stands for the mean, which is neither written nor read. The formulas are in
// shaders/layer_norm*.wgsl. weight and bias are not read where hasWeight or hasBias is 0.

/** Range: rows. */
export function layerNorm(
  x: usize,
  weight: usize,
  bias: usize,
  mean: usize,
  rstd: usize,
  output: usize,
  n: i32,
  centered: i32,
  hasWeight: i32,
  hasBias: i32,
  eps: f64,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const bytes = (<usize>n) << 2;
  const perElement: f64 = 1 / <f64>max(1, n);
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * bytes;
    const to = output + <usize>row * bytes;
    let center: f32 = 0;
    if (centered) {
      center = <f32>(sumLine(from, n) * perElement);
      store<f32>(mean + ((<usize>row) << 2), center);
    }
    const scale = <f32>(1 / sqrt<f64>(squaresLine(from, center, n) * perElement + eps));
    store<f32>(rstd + ((<usize>row) << 2), scale);
    const center4 = f32x4.splat(center);
    const scale4 = f32x4.splat(scale);
    for (let i: usize = 0; i < bytes; i += 16) {
      const count = <i32>((bytes - i) >> 2);
      let y = f32x4.mul(f32x4.sub(loadPart(from + i, count), center4), scale4);
      if (hasWeight) y = f32x4.mul(y, loadPart(weight + i, count));
      if (hasBias) y = f32x4.add(y, loadPart(bias + i, count));
      storePart(to + i, y, count);
    }
  }
}

/** Gradient of x. Range: rows. */
export function layerNormBackward(
  x: usize,
  weight: usize,
  mean: usize,
  rstd: usize,
  dy: usize,
  output: usize,
  n: i32,
  centered: i32,
  hasWeight: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const bytes = (<usize>n) << 2;
  const perElement: f64 = 1 / <f64>max(1, n);
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * bytes;
    const given = dy + <usize>row * bytes;
    const to = output + <usize>row * bytes;
    const center4 = centered ? v128.load32_splat(mean + ((<usize>row) << 2)) : f32x4.splat(0);
    const scale4 = v128.load32_splat(rstd + ((<usize>row) << 2));
    let sumG: f64 = 0;
    let sumGH: f64 = 0;
    for (let i: usize = 0; i < bytes; ) {
      const stop = min(bytes, i + 256);
      let g4 = f32x4.splat(0);
      let gh4 = g4;
      for (; i < stop; i += 16) {
        // Beyond the row g is 0, and adds nothing.
        const count = <i32>((bytes - i) >> 2);
        let g = loadPart(given + i, count);
        if (hasWeight) g = f32x4.mul(g, loadPart(weight + i, count));
        g4 = f32x4.add(g4, g);
        gh4 = f32x4.add(gh4, f32x4.mul(g, f32x4.mul(f32x4.sub(loadPart(from + i, count), center4), scale4)));
      }
      sumG += <f64>across(g4);
      sumGH += <f64>across(gh4);
    }
    const meanG4 = f32x4.splat(centered ? <f32>(sumG * perElement) : 0);
    const meanGH4 = f32x4.splat(<f32>(sumGH * perElement));
    for (let i: usize = 0; i < bytes; i += 16) {
      const count = <i32>((bytes - i) >> 2);
      let g = loadPart(given + i, count);
      if (hasWeight) g = f32x4.mul(g, loadPart(weight + i, count));
      const h = f32x4.mul(f32x4.sub(loadPart(from + i, count), center4), scale4);
      storePart(to + i, f32x4.mul(scale4, f32x4.sub(f32x4.sub(g, meanG4), f32x4.mul(h, meanGH4))), count);
    }
  }
}

/** Rows added in float32, before float64. */
const BLOCK: i32 = 32;

/** Gradients of weight and bias, output [2, n]; of weight alone, [n], without `centered`. Range: n. `scratch`: 8192 bytes. */
export function layerNormParameters(
  x: usize,
  mean: usize,
  rstd: usize,
  dy: usize,
  output: usize,
  rows: i32,
  n: i32,
  centered: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  const step = (<usize>n) << 2;
  for (let first = begin; first < end; first += WIDTH) {
    const columns = min(WIDTH, end - first);
    memory.fill(scratch, 0, 16 * WIDTH);
    for (let row = 0; row < rows; row += BLOCK) {
      const stop = min(rows, row + BLOCK);
      for (let c = 0; c < columns; c += 4) {
        const count = columns - c;
        let at = <usize>row * step + ((<usize>(first + c)) << 2);
        let dw = f32x4.splat(0);
        let db = dw;
        for (let r = row; r < stop; r++, at += step) {
          const d = loadPart(dy + at, count);
          let h = loadPart(x + at, count);
          if (centered) h = f32x4.sub(h, v128.load32_splat(mean + ((<usize>r) << 2)));
          dw = f32x4.add(dw, f32x4.mul(d, f32x4.mul(h, v128.load32_splat(rstd + ((<usize>r) << 2)))));
          db = f32x4.add(db, d);
        }
        const to = scratch + ((<usize>c) << 4);
        v128.store(to, f64x2.add(v128.load(to), widenLow(dw)));
        v128.store(to, f64x2.add(v128.load(to, 16), widenHigh(dw)), 16);
        v128.store(to, f64x2.add(v128.load(to, 32), widenLow(db)), 32);
        v128.store(to, f64x2.add(v128.load(to, 48), widenHigh(db)), 48);
      }
    }
    for (let c = 0; c < columns; c += 4) {
      const from = scratch + ((<usize>c) << 4);
      const to = output + ((<usize>(first + c)) << 2);
      storePart(to, narrow(v128.load(from), v128.load(from, 16)), columns - c);
      if (centered) storePart(to + step, narrow(v128.load(from, 32), v128.load(from, 48)), columns - c);
    }
  }
}
