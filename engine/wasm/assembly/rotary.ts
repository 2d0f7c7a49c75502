import { madd } from './lib/math';

/**
 * Rotary positions (Su et al. 2021, eq. 15): x is [outer, n, inner], rows of `width` numbers one behind another, and n
 * counts the positions, each of `rows` rows. Each two neighbours (a, b) of a row at position p are turned by the angle
 * whose cosine and sine stand at the same place of row start + p of the table: (a·cos − b·sin, a·sin + b·cos);
 * `back` turns them the other way. Range: rows. width is even.
 */
export function rotary(
  x: usize,
  table: usize,
  output: usize,
  width: i32,
  rows: i32,
  n: i32,
  start: i32,
  back: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const bytes = (<usize>width) << 2;
  // the sign of the sine: minus for the first of two, or for the second on the way back
  const signs = back ? i32x4(0, 0x80000000, 0, 0x80000000) : i32x4(0x80000000, 0, 0x80000000, 0);
  const whole = bytes & ~15;
  for (let row = begin; row < end; row++) {
    const from = x + <usize>row * bytes;
    const to = output + <usize>row * bytes;
    const turn = table + <usize>(((row / rows) % n) + start) * bytes;
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(to + i, turned(v128.load(from + i), v128.load(turn + i), signs));
    }
    if (whole < bytes) {
      const last = turned(v128.load64_zero(from + whole), v128.load64_zero(turn + whole), signs);
      v128.store64_lane(to + whole, last, 0);
    }
  }
}

/** Two pairs (a, b) turned by two pairs (cosine, sine). */
// @ts-expect-error decorator
@inline
function turned(v: v128, turn: v128, signs: v128): v128 {
  const cosines = v128.shuffle<i32>(turn, turn, 0, 0, 2, 2);
  const sines = v128.xor(v128.shuffle<i32>(turn, turn, 1, 1, 3, 3), signs);
  return madd(v128.shuffle<i32>(v, v, 1, 0, 3, 2), sines, f32x4.mul(v, cosines));
}
