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

/** Of four 64-bit numbers in two vectors, the lower halves. */
// @ts-expect-error decorator
@inline
function low32(even: v128, odd: v128): v128 {
  return v128.shuffle<u32>(even, odd, 0, 2, 4, 6);
}

// @ts-expect-error decorator
@inline
function high32(even: v128, odd: v128): v128 {
  return v128.shuffle<u32>(even, odd, 1, 3, 5, 7);
}

/**
 * Four blocks at once: the vectors at `at` and `at` + 16 hold the low and high words of their counters. Word w of the four
 * blocks goes to the vector at `at` + 16 · w.
 */
export function philox4(at: usize, stream: u32, seedLow: u32, seedHigh: u32): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  let x0 = v128.load(at);
  let x1 = v128.load(at, 16);
  let x2 = i32x4.splat(stream);
  let x3 = i32x4.splat(0);
  let a = i32x4.splat(seedLow);
  let b = i32x4.splat(seedHigh);
  for (let round = 0; round < 10; round++) {
    const p0 = i64x2.extmul_low_i32x4_u(m0, x0);
    const p1 = i64x2.extmul_high_i32x4_u(m0, x0);
    const q0 = i64x2.extmul_low_i32x4_u(m1, x2);
    const q1 = i64x2.extmul_high_i32x4_u(m1, x2);
    x0 = v128.xor(v128.xor(high32(q0, q1), x1), a);
    x1 = low32(q0, q1);
    x2 = v128.xor(v128.xor(high32(p0, p1), x3), b);
    x3 = low32(p0, p1);
    a = i32x4.add(a, i32x4.splat(0x9e3779b9));
    b = i32x4.add(b, i32x4.splat(0xbb67ae85));
  }
  v128.store(at, x0);
  v128.store(at, x1, 16);
  v128.store(at, x2, 32);
  v128.store(at, x3, 48);
}
