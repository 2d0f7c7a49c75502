/** The word `bits` into elements [begin, end) of `to`. */
export function fill(to: usize, bits: i32, begin: i32, end: i32, _scratch: usize): void {
  const four = i32x4.splat(bits);
  let at = to + (begin << 2);
  let n = end - begin;
  for (; n >= 4; n -= 4) {
    v128.store(at, four);
    at += 16;
  }
  for (; n > 0; n--) {
    store<i32>(at, bits);
    at += 4;
  }
}
