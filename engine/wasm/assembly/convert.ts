/** float32 → int32: towards zero, held within int32, NaN becomes 0. */
export function convertToInt(x: usize, out: usize, begin: i32, end: i32, _scratch: usize): void {
  let i = begin;
  for (; i + 4 <= end; i += 4) {
    v128.store(out + (i << 2), i32x4.trunc_sat_f32x4_s(v128.load(x + (i << 2))));
  }
  for (; i < end; i++) {
    v128.store_lane<i32>(out + (i << 2), i32x4.trunc_sat_f32x4_s(v128.load_zero<i32>(x + (i << 2))), 0);
  }
}

/** int32 or bool → float32. */
export function convertToFloat(x: usize, out: usize, begin: i32, end: i32, _scratch: usize): void {
  let i = begin;
  for (; i + 4 <= end; i += 4) v128.store(out + (i << 2), f32x4.convert_i32x4_s(v128.load(x + (i << 2))));
  for (; i < end; i++) store<f32>(out + (i << 2), <f32>load<i32>(x + (i << 2)));
}

/** float32 or int32 → bool: 1 where x ≠ 0. All bits but the sign of a float zero are 0, so `mask` leaves that one out. */
export function convertToBool(x: usize, out: usize, mask: i32, begin: i32, end: i32, _scratch: usize): void {
  for (let i = begin; i < end; i++) store<i32>(out + (i << 2), i32((load<i32>(x + (i << 2)) & mask) != 0));
}
