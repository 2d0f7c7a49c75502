import { loadPart, storePart } from './lib/part';
import { philox } from './lib/philox';

/**
 * x · scale where the upper 24 bits of the element's random word reach `threshold`, else 0. Element i takes word i mod 4
 * of block i / 4. Range: blocks of four elements; `total` elements in all.
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
  _scratch: usize,
): void {
  const least = i32x4.splat(threshold);
  const scales = f32x4.splat(scale);
  for (let block = begin; block < end; block++) {
    const at = block << 4;
    const n = total - (block << 2);
    const v = n >= 4 ? v128.load(x + at) : loadPart(x + at, n);
    const words = i32x4.shr_u(philox(block, stream, seedLow, seedHigh), 8);
    const y = v128.and(f32x4.mul(v, scales), i32x4.ge_s(words, least));
    if (n >= 4) v128.store(output + at, y);
    else storePart(output + at, y, n);
  }
}
