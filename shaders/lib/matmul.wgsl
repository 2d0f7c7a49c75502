// What the matmul kernels that read single numbers share: operands of any strides, in either dtype.

// @include lib/matmul_layout.wgsl
// @include lib/halves.wgsl

// float32 bits, or two halves to a word.
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;

const HALF_A: bool = false; // @param
const HALF_B: bool = false; // @param

fn aAt(i: u32) -> f32 {
  if (HALF_A) { return halfIn(a[i / 2u], i); }
  return bitcast<f32>(a[i]);
}

fn bAt(i: u32) -> f32 {
  if (HALF_B) { return halfIn(b[i / 2u], i); }
  return bitcast<f32>(b[i]);
}
