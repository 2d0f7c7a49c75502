// What the sum over a window is divided by.

// @include lib/window.wgsl

fn divisorOf(params: Params, oy: u32, ox: u32) -> f32 {
  if (params.divisor != 0u) { return f32(params.divisor); }
  // In places of the padded plane.
  let top = oy * params.strideY;
  let left = ox * params.strideX;
  let bottom = min(top + params.kernelY, params.height + 2u * params.padY);
  let right = min(left + params.kernelX, params.width + 2u * params.padX);
  if (params.padded != 0u) { return f32((bottom - top) * (right - left)); }
  let rows = min(bottom, params.height + params.padY) - max(top, params.padY);
  let columns = min(right, params.width + params.padX) - max(left, params.padX);
  return f32(rows * columns);
}
