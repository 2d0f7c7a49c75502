/**
 * A window that slides over planes: sizes as the layout of a call gives them, in this order. Window (outY, outX) begins at
 * out·stride − pad, and its element (ky, kx) lies `dilation` times that further on.
 */

// @ts-ignore: decorator
@inline
export const HEIGHT = 0;
// @ts-ignore: decorator
@inline
export const WIDTH = 1;
// @ts-ignore: decorator
@inline
export const KERNEL_Y = 2;
// @ts-ignore: decorator
@inline
export const KERNEL_X = 3;
// @ts-ignore: decorator
@inline
export const OUT_Y = 4;
// @ts-ignore: decorator
@inline
export const OUT_X = 5;
// @ts-ignore: decorator
@inline
export const STRIDE_Y = 6;
// @ts-ignore: decorator
@inline
export const STRIDE_X = 7;
// @ts-ignore: decorator
@inline
export const PAD_Y = 8;
// @ts-ignore: decorator
@inline
export const PAD_X = 9;
// @ts-ignore: decorator
@inline
export const DILATION_Y = 10;
// @ts-ignore: decorator
@inline
export const DILATION_X = 11;
// @ts-ignore: decorator
@inline
export const DIVISOR = 12;
// @ts-ignore: decorator
@inline
export const PADDED = 13;

/** One of the sizes. */
// @ts-ignore: decorator
@inline
export function sizeAt(layout: usize, which: i32): i32 {
  return load<i32>(layout + ((<usize>which) << 2));
}

/** The first out ≥ 0 whose place out·stride + offset is at least 0. */
// @ts-ignore: decorator
@inline
export function firstInside(offset: i32, stride: i32): i32 {
  return offset >= 0 ? 0 : (stride - 1 - offset) / stride;
}

/** The number of outs, at most `outs`, whose place out·stride + offset lies before `size`. */
// @ts-ignore: decorator
@inline
export function endInside(offset: i32, stride: i32, size: i32, outs: i32): i32 {
  return offset >= size ? 0 : min(outs, (size - 1 - offset) / stride + 1);
}
