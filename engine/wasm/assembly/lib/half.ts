/** IEEE 754 binary16; the same bits as shaders/lib/half.wgsl. After Giesen 2016, "float->half variants". */

/** Four floats as the bits of the nearest halves, of two as near the even one; each in the lower part of its lane. */
// @ts-expect-error decorator
@inline
export function halves4(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const size = v128.xor(x, sign);
  // 2⁻¹⁴ and above: what is rounded up carries on into the exponent
  const odd = v128.and(i32x4.shr_u(size, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(size, i32x4.splat(0xfff - 0x38000000)), odd), 13);
  // Below: adding 1/2 leaves the multiple of 2⁻²⁴ in the last bits.
  const small = i32x4.sub(f32x4.add(size, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  let half = v128.bitselect(small, normal, i32x4.lt_s(size, i32x4.splat(0x38800000)));
  half = v128.bitselect(i32x4.splat(0x7c00), half, i32x4.ge_s(size, i32x4.splat(0x47800000)));
  half = v128.bitselect(i32x4.splat(0x7e00), half, i32x4.gt_s(size, i32x4.splat(0x7f800000)));
  return v128.or(half, i32x4.shr_u(sign, 16));
}

/** The four halves in the lower 64 bits as floats. */
// @ts-expect-error decorator
@inline
export function widened4(halves: v128): v128 {
  const bits = i32x4.extend_low_i16x8_u(halves);
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  const size = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  // The exponents of the two formats differ by 112; multiplying makes normal floats of subnormal halves too.
  const finite = f32x4.mul(size, f32x4.splat(reinterpret<f32>((112 + 127) << 23)));
  const endless = i32x4.ge_s(size, i32x4.splat(0x7c00 << 13));
  return v128.or(v128.bitselect(v128.or(size, i32x4.splat(0x7f800000)), finite, endless), sign);
}
