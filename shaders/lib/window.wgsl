// For kernels that slide a window over planes [planes, height, width]: window (outY, outX) begins at
// out · stride − pad, and its element (ky, kx) lies `dilation` times that further on.

struct Params {
  total: u32,
  height: u32,
  width: u32,
  kernelY: u32,
  kernelX: u32,
  outY: u32,
  outX: u32,
  strideY: u32,
  strideX: u32,
  padY: u32,
  padX: u32,
  dilationY: u32,
  dilationX: u32,
  // avg_pool alone: what a sum is divided by; 0 for the size of its window, with `padded` that of the padding included.
  divisor: u32,
  padded: u32,
}
