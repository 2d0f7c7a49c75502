// IEEE 754 binary16 in whole numbers, the same bits on every device: WGSL leaves open how its own functions round, and
// what they make of subnormal and infinite numbers. Two halves lie in a word, the first in its lower 16 bits.

// The bits of the half nearest to x; of two as near, the even one. 65520 and more become infinite.
fn halfBits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let size = bits & 0x7fffffffu;
  // not a number
  if (size > 0x7f800000u) { return sign | 0x7e00u; }
  // 2^16 and above
  if (size >= 0x47800000u) { return sign | 0x7c00u; }
  // 2^-14 and above: normal numbers; what is rounded up carries on into the exponent
  if (size >= 0x38800000u) { return sign | ((size - 0x38000000u + 0xfffu + ((size >> 13u) & 1u)) >> 13u); }
  // below 2^-25
  if (size < 0x33000000u) { return sign; }
  // multiples of 2^-24
  let shift = 126u - (size >> 23u);
  let fraction = (size & 0x7fffffu) | 0x800000u;
  let even = (fraction >> shift) & 1u;
  return sign | ((fraction + (1u << (shift - 1u)) - 1u + even) >> shift);
}

// The float of 16 bits: as its own bits, so that no operation on floats is in the way.
fn halfAsFloatBits(half: u32) -> u32 {
  let sign = (half & 0x8000u) << 16u;
  let size = half & 0x7fffu;
  if (size >= 0x7c00u) { return sign | 0x7f800000u | ((size & 0x3ffu) << 13u); }
  if (size >= 0x400u) { return sign | ((size << 13u) + 0x38000000u); }
  if (size == 0u) { return sign; }
  // a multiple of 2^-24
  let top = firstLeadingBit(size);
  return sign | ((top + 103u) << 23u) | ((size << (23u - top)) & 0x7fffffu);
}
