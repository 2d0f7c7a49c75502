// x [outer, n, inner] into output [outer, size, inner] at start, start + step, … of the middle dimension; `value`, a
// word of any dtype, everywhere else.

// @ts-ignore: decorator
@inline
function fill(output: usize, words: i32, value: i32): void {
  if (value == 0) {
    memory.fill(output, 0, (<usize>words) << 2);
    return;
  }
  for (let i = 0; i < words; i++, output += 4) store<i32>(output, value);
}

/** Range: outer·size·inner. */
export function embedSlice(
  x: usize,
  output: usize,
  n: i32,
  size: i32,
  inner: i32,
  start: i32,
  step: i32,
  value: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  let at = begin;
  while (at < end) {
    // The run of words from `at` on that is all copied, or all `value`.
    const line = at / inner;
    const place = line % size;
    const to = output + ((<usize>at) << 2);
    const before = place - start;
    let lines = 1;
    let k = -1;
    if (before < 0) lines = n > 0 ? -before : size - place;
    else if (before >= (n - 1) * step + 1) lines = size - place;
    else if (step == 1) {
      k = before;
      lines = n - k;
    } else if (before % step == 0) k = before / step;
    else lines = step - (before % step);
    const column = at - line * inner;
    const words = min(end - at, lines * inner - column);
    if (k < 0) fill(to, words, value);
    else memory.copy(to, x + ((<usize>(line / size) * n + k) * inner + column) * 4, (<usize>words) << 2);
    at += words;
  }
}
