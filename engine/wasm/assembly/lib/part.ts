/** Groups of fewer than four elements at the end of a range. The other lanes hold 0 and go nowhere. */

// @ts-expect-error decorator
@inline
export function loadPart(from: usize, n: i32): v128 {
  let v = v128.load_zero<u32>(from);
  if (n > 1) v = v128.load_lane<u32>(from + 4, v, 1);
  if (n > 2) v = v128.load_lane<u32>(from + 8, v, 2);
  return v;
}

// @ts-expect-error decorator
@inline
export function storePart(to: usize, v: v128, n: i32): void {
  v128.store_lane<u32>(to, v, 0);
  if (n > 1) v128.store_lane<u32>(to + 4, v, 1);
  if (n > 2) v128.store_lane<u32>(to + 8, v, 2);
}
