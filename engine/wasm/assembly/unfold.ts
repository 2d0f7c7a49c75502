import {
  DILATION_X,
  DILATION_Y,
  endInside,
  firstInside,
  HEIGHT,
  KERNEL_X,
  KERNEL_Y,
  OUT_X,
  OUT_Y,
  PAD_X,
  PAD_Y,
  sizeAt,
  STRIDE_X,
  STRIDE_Y,
  WIDTH,
} from './lib/window';

/**
 * Every window of x [planes, height, width] as a column: output [planes, kernelY, kernelX, outY, outX], 0 where a window
 * reaches beyond the plane. Layout: lib/window. Range: planes·kernelY·kernelX.
 */
export function unfold(x: usize, output: usize, layout: usize, begin: i32, end: i32, _scratch: usize): void {
  const height = sizeAt(layout, HEIGHT);
  const width = sizeAt(layout, WIDTH);
  const kernelX = sizeAt(layout, KERNEL_X);
  const kernelY = sizeAt(layout, KERNEL_Y);
  const outX = sizeAt(layout, OUT_X);
  const outY = sizeAt(layout, OUT_Y);
  const stride = sizeAt(layout, STRIDE_X);
  for (let row = begin; row < end; row++) {
    const plane = row / (kernelY * kernelX);
    const offsetX = (row % kernelX) * sizeAt(layout, DILATION_X) - sizeAt(layout, PAD_X);
    const offsetY = ((row / kernelX) % kernelY) * sizeAt(layout, DILATION_Y) - sizeAt(layout, PAD_Y);
    const first = min(outX, firstInside(offsetX, stride));
    const last = max(first, endInside(offsetX, stride, width, outX));
    let to = output + ((<usize>row * outY * outX) << 2);
    for (let oy = 0; oy < outY; oy++, to += (<usize>outX) << 2) {
      const y = oy * sizeAt(layout, STRIDE_Y) + offsetY;
      if (y < 0 || y >= height) {
        memory.fill(to, 0, (<usize>outX) << 2);
        continue;
      }
      memory.fill(to, 0, (<usize>first) << 2);
      const line = x + ((<usize>(plane * height + y) * width) << 2);
      let from = line + ((<usize>(first * stride + offsetX)) << 2);
      if (stride == 1) {
        memory.copy(to + ((<usize>first) << 2), from, (<usize>(last - first)) << 2);
      } else {
        for (let ox = first; ox < last; ox++, from += (<usize>stride) << 2) {
          store<f32>(to + ((<usize>ox) << 2), load<f32>(from));
        }
      }
      memory.fill(to + ((<usize>last) << 2), 0, (<usize>(outX - last)) << 2);
    }
  }
}

/**
 * The columns x [planes, kernelY, kernelX, outY, outX] added up where the windows they come from lie: output [planes,
 * height, width]. Layout: lib/window. Range: planes.
 */
export function fold(x: usize, output: usize, layout: usize, begin: i32, end: i32, _scratch: usize): void {
  const height = sizeAt(layout, HEIGHT);
  const width = sizeAt(layout, WIDTH);
  const kernelX = sizeAt(layout, KERNEL_X);
  const kernelY = sizeAt(layout, KERNEL_Y);
  const outX = sizeAt(layout, OUT_X);
  const outY = sizeAt(layout, OUT_Y);
  const stride = sizeAt(layout, STRIDE_X);
  const strideY = sizeAt(layout, STRIDE_Y);
  const size = (<usize>height * width) << 2;
  for (let plane = begin; plane < end; plane++) {
    const to = output + <usize>plane * size;
    memory.fill(to, 0, size);
    for (let k = 0; k < kernelY * kernelX; k++) {
      const offsetX = (k % kernelX) * sizeAt(layout, DILATION_X) - sizeAt(layout, PAD_X);
      const offsetY = (k / kernelX) * sizeAt(layout, DILATION_Y) - sizeAt(layout, PAD_Y);
      const first = min(outX, firstInside(offsetX, stride));
      const last = endInside(offsetX, stride, width, outX);
      const columns = x + ((<usize>(plane * kernelY * kernelX + k) * outY * outX) << 2);
      const lastY = endInside(offsetY, strideY, height, outY);
      for (let oy = firstInside(offsetY, strideY); oy < lastY; oy++) {
        let from = columns + ((<usize>(oy * outX + first)) << 2);
        let at = to + ((<usize>((oy * strideY + offsetY) * width + first * stride + offsetX)) << 2);
        for (let ox = first; ox < last; ox++, from += 4, at += (<usize>stride) << 2) {
          store<f32>(at, load<f32>(at) + load<f32>(from));
        }
      }
    }
  }
}
