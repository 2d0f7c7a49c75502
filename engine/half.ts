/**
 * IEEE 754 binary16 on the host: one sign bit, 5 bits of exponent, 10 of fraction. The largest finite number is 65,504,
 * the smallest normal one 2⁻¹⁴, the smallest of all 2⁻²⁴. The same rounding as in shaders/lib/half.wgsl and
 * wasm/assembly/lib/half.ts.
 */

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

/** The nearest of 0, 1, 2, …; of two as near, the even one. x from 0 on. */
function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** A number as the 16 bits of the nearest half; of two as near, the even one. 65,520 and more become infinite. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  // Where float32 rounds up to the next power of two, so does float16.
  word[0] = size;
  const exponent = (bits[0]! >>> 23) - 127;
  // 1024 to 2048: a carry moves on to the next exponent by itself
  const fraction = roundToEven(size * 2 ** (10 - exponent));
  return sign | (((exponent + 14) << 10) + fraction);
}

/** The number that 16 bits stand for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
