/**
 * Philox 4x32-10 (Salmon et al. 2011): the random words of engine/random.ts and shaders/lib/philox.wgsl. Word n of a
 * stream is word n mod 4 of the block with counter (n/4 low, n/4 high, stream, 0) under the seed's key.
 */

/** The four words of a block, as the lanes of a vector. */
export function philox(counter: u64, stream: u32, seedLow: u32, seedHigh: u32): v128 {
  let x0: u32 = <u32>counter;
  let x1: u32 = <u32>(counter >> 32);
  let x2: u32 = stream;
  let x3: u32 = 0;
  let a = seedLow;
  let b = seedHigh;
  for (let round = 0; round < 10; round++) {
    const p: u64 = <u64>0xd2511f53 * <u64>x0;
    const q: u64 = <u64>0xcd9e8d57 * <u64>x2;
    x0 = <u32>(q >> 32) ^ x1 ^ a;
    x1 = <u32>q;
    x2 = <u32>(p >> 32) ^ x3 ^ b;
    x3 = <u32>p;
    a += 0x9e3779b9;
    b += 0xbb67ae85;
  }
  let block = i32x4.splat(x0);
  block = i32x4.replace_lane(block, 1, x1);
  block = i32x4.replace_lane(block, 2, x2);
  return i32x4.replace_lane(block, 3, x3);
}

/** Words as uniform numbers in [0, 1), multiples of 2^-24. */
// @ts-expect-error decorator
@inline
export function uniform4(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(words, 8)), f32x4.splat(5.9604644775390625e-8));
}

/** The uniform number of element n of a stream. */
export function uniformAt(n: u64, stream: u32, seedLow: u32, seedHigh: u32): f32 {
  const u = uniform4(philox(n >> 2, stream, seedLow, seedHigh));
  switch (<i32>(n & 3)) {
    case 0:
      return f32x4.extract_lane(u, 0);
    case 1:
      return f32x4.extract_lane(u, 1);
    case 2:
      return f32x4.extract_lane(u, 2);
    default:
      return f32x4.extract_lane(u, 3);
  }
}
