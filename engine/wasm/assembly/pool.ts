import {
  DILATION_X,
  DILATION_Y,
  DIVISOR,
  HEIGHT,
  KERNEL_X,
  KERNEL_Y,
  OUT_X,
  OUT_Y,
  PAD_X,
  PAD_Y,
  PADDED,
  sizeAt,
  STRIDE_X,
  STRIDE_Y,
  WIDTH,
} from './lib/window';

/**
 * The largest element of every window of x [planes, height, width] → output [planes, outY, outX], and its place in the
 * plane, the first of equal ones → indices. A window with nothing inside, which dilation can bring about, gives 0 and −1.
 * Layout: lib/window. Range: the output.
 */
export function maxPool(
  x: usize,
  output: usize,
  indices: usize,
  layout: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const height = sizeAt(layout, HEIGHT);
  const width = sizeAt(layout, WIDTH);
  const outX = sizeAt(layout, OUT_X);
  const outY = sizeAt(layout, OUT_Y);
  const kernelY = sizeAt(layout, KERNEL_Y);
  const kernelX = sizeAt(layout, KERNEL_X);
  const dilationY = sizeAt(layout, DILATION_Y);
  const dilationX = sizeAt(layout, DILATION_X);
  const strideX = sizeAt(layout, STRIDE_X);
  const padX = sizeAt(layout, PAD_X);
  const stepX = (<usize>dilationX) << 2;
  for (let i = begin; i < end; ) {
    const row = i / outX;
    const top = (row % outY) * sizeAt(layout, STRIDE_Y) - sizeAt(layout, PAD_Y);
    const plane = x + ((<usize>(row / outY) * height * width) << 2);
    // The rows and columns of the window that lie inside.
    const firstY = top >= 0 ? 0 : (dilationY - 1 - top) / dilationY;
    const lastY = min(kernelY, (height - 1 - top + dilationY) / dilationY);
    const stop = min(end, (row + 1) * outX);
    for (let left = (i - row * outX) * strideX - padX; i < stop; i++, left += strideX) {
      const firstX = left >= 0 ? 0 : (dilationX - 1 - left) / dilationX;
      const lastX = left + (kernelX - 1) * dilationX < width ? kernelX : (width - 1 - left + dilationX) / dilationX;
      let place = -1;
      let best: f32 = 0;
      if (firstY < lastY && firstX < lastX) {
        place = (top + firstY * dilationY) * width + left + firstX * dilationX;
        best = load<f32>(plane + ((<usize>place) << 2));
      }
      for (let ky = firstY; ky < lastY; ky++) {
        let at = (top + ky * dilationY) * width + left + firstX * dilationX;
        let from = plane + ((<usize>at) << 2);
        for (let kx = firstX; kx < lastX; kx++, at += dilationX, from += stepX) {
          const v = load<f32>(from);
          if (v > best) {
            best = v;
            place = at;
          }
        }
      }
      store<f32>(output + ((<usize>i) << 2), best);
      store<i32>(indices + ((<usize>i) << 2), place);
    }
  }
}

/** The gradient of maxPool: dy [planes, outY, outX] to the places of the largest → output. Range: planes. */
export function maxPoolBackward(
  dy: usize,
  indices: usize,
  output: usize,
  layout: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const size = sizeAt(layout, HEIGHT) * sizeAt(layout, WIDTH);
  const outs = sizeAt(layout, OUT_Y) * sizeAt(layout, OUT_X);
  for (let plane = begin; plane < end; plane++) {
    const to = output + ((<usize>plane * size) << 2);
    memory.fill(to, 0, (<usize>size) << 2);
    let from = (<usize>plane * outs) << 2;
    for (let i = 0; i < outs; i++, from += 4) {
      const place = load<i32>(indices + from);
      if (place < 0) continue;
      const at = to + ((<usize>place) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(dy + from));
    }
  }
}

/** What the sum over a window is divided by, from where it begins and ends without the padding. */
// @ts-ignore: decorator
@inline
function divisorOf(layout: usize, top: i32, left: i32): f32 {
  const divisor = sizeAt(layout, DIVISOR);
  if (divisor != 0) return <f32>divisor;
  const height = sizeAt(layout, HEIGHT);
  const width = sizeAt(layout, WIDTH);
  const bottom = min(top + sizeAt(layout, KERNEL_Y), height + sizeAt(layout, PAD_Y));
  const right = min(left + sizeAt(layout, KERNEL_X), width + sizeAt(layout, PAD_X));
  if (sizeAt(layout, PADDED) != 0) return <f32>((bottom - top) * (right - left));
  return <f32>((min(bottom, height) - max(top, 0)) * (min(right, width) - max(left, 0)));
}

/** The mean of every window of x [planes, height, width] → output [planes, outY, outX]. Range: the output. */
export function avgPool(x: usize, output: usize, layout: usize, begin: i32, end: i32, _scratch: usize): void {
  const height = sizeAt(layout, HEIGHT);
  const width = sizeAt(layout, WIDTH);
  const outX = sizeAt(layout, OUT_X);
  const outY = sizeAt(layout, OUT_Y);
  for (let i = begin; i < end; i++) {
    const top = ((i / outX) % outY) * sizeAt(layout, STRIDE_Y) - sizeAt(layout, PAD_Y);
    const left = (i % outX) * sizeAt(layout, STRIDE_X) - sizeAt(layout, PAD_X);
    const plane = x + ((<usize>(i / (outX * outY)) * height * width) << 2);
    const bottom = min(top + sizeAt(layout, KERNEL_Y), height);
    const right = min(left + sizeAt(layout, KERNEL_X), width);
    let sum: f32 = 0;
    for (let y = max(0, top); y < bottom; y++) {
      let from = plane + ((<usize>(y * width + max(0, left))) << 2);
      for (let c = max(0, left); c < right; c++, from += 4) sum += load<f32>(from);
    }
    store<f32>(output + ((<usize>i) << 2), sum / divisorOf(layout, top, left));
  }
}

/** The gradient of avgPool: dy [planes, outY, outX] in equal shares to the elements of its window. Range: planes. */
export function avgPoolBackward(dy: usize, output: usize, layout: usize, begin: i32, end: i32, _scratch: usize): void {
  const height = sizeAt(layout, HEIGHT);
  const width = sizeAt(layout, WIDTH);
  const outX = sizeAt(layout, OUT_X);
  const outs = sizeAt(layout, OUT_Y) * outX;
  for (let plane = begin; plane < end; plane++) {
    const to = output + ((<usize>plane * height * width) << 2);
    memory.fill(to, 0, (<usize>height * width) << 2);
    for (let i = 0; i < outs; i++) {
      const top = (i / outX) * sizeAt(layout, STRIDE_Y) - sizeAt(layout, PAD_Y);
      const left = (i % outX) * sizeAt(layout, STRIDE_X) - sizeAt(layout, PAD_X);
      const share = load<f32>(dy + ((<usize>(plane * outs + i)) << 2)) / divisorOf(layout, top, left);
      const bottom = min(top + sizeAt(layout, KERNEL_Y), height);
      const right = min(left + sizeAt(layout, KERNEL_X), width);
      for (let y = max(0, top); y < bottom; y++) {
        let at = to + ((<usize>(y * width + max(0, left))) << 2);
        for (let c = max(0, left); c < right; c++, at += 4) store<f32>(at, load<f32>(at) + share);
      }
    }
  }
}
