import { loadPart, storePart } from './lib/part';
import { philox, philox4 } from './lib/philox';

/**
 * x · scale where the upper 24 bits of the element's random word reach `threshold`, else 0. Element i takes word i mod 4
 * of block i / 4. Range: blocks of four elements; `total` elements in all. Scratch: 64 bytes.
 */
export function dropout(
  x: usize,
  output: usize,
  total: i32,
  threshold: i32,
  scale: f32,
  stream: u32,
  seedLow: u32,
  seedHigh: u32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  const least = i32x4.splat(threshold);
  const scales = f32x4.splat(scale);
  let block = begin;
  for (const whole = min(end, total >> 2); block + 4 <= whole; block += 4) {
    v128.store(scratch, i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3)));
    v128.store(scratch, i32x4.splat(0), 16);
    philox4(scratch, stream, seedLow, seedHigh);
    // word w of four blocks → the four words of each block
    const w0 = kept(scratch, least);
    const w1 = kept(scratch + 16, least);
    const w2 = kept(scratch + 32, least);
    const w3 = kept(scratch + 48, least);
    const a = v128.shuffle<i32>(w0, w1, 0, 4, 1, 5);
    const b = v128.shuffle<i32>(w2, w3, 0, 4, 1, 5);
    const c = v128.shuffle<i32>(w0, w1, 2, 6, 3, 7);
    const d = v128.shuffle<i32>(w2, w3, 2, 6, 3, 7);
    const from = x + (block << 4);
    const to = output + (block << 4);
    v128.store(to, v128.and(f32x4.mul(v128.load(from), scales), v128.shuffle<i64>(a, b, 0, 2)));
    v128.store(to, v128.and(f32x4.mul(v128.load(from, 16), scales), v128.shuffle<i64>(a, b, 1, 3)), 16);
    v128.store(to, v128.and(f32x4.mul(v128.load(from, 32), scales), v128.shuffle<i64>(c, d, 0, 2)), 32);
    v128.store(to, v128.and(f32x4.mul(v128.load(from, 48), scales), v128.shuffle<i64>(c, d, 1, 3)), 48);
  }
  for (; block < end; block++) {
    const at = block << 4;
    const n = total - (block << 2);
    const v = n >= 4 ? v128.load(x + at) : loadPart(x + at, n);
    const words = i32x4.shr_u(philox(block, stream, seedLow, seedHigh), 8);
    const y = v128.and(f32x4.mul(v, scales), i32x4.ge_s(words, least));
    if (n >= 4) v128.store(output + at, y);
    else storePart(output + at, y, n);
  }
}

/** All bits of a lane where its word says that the element stays. */
// @ts-expect-error decorator
@inline
function kept(words: usize, least: v128): v128 {
  return i32x4.ge_s(i32x4.shr_u(v128.load(words), 8), least);
}
