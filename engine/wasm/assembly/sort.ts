/**
 * The lines of x [outer, n, inner] in rising order, or falling where descending ≠ 0, and where each element lay → output,
 * places [outer, n, inner]. Equal elements stay in their order; NaN counts as the largest. x is of floats, or of int32
 * where integers ≠ 0. Range: outer·inner. `scratch`: 16·n bytes.
 *
 * An element and its place are one number of 64 bits, the element in the upper half as an unsigned number that has its
 * order: no two are alike, so that any sort is a stable one. Runs of 8 are sorted by insertion, then merged.
 */
export function sort(
  x: usize,
  output: usize,
  places: usize,
  n: i32,
  inner: i32,
  descending: i32,
  integers: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  const half = (<usize>n) << 3;
  const turned: u32 = descending != 0 ? 0xffffffff : 0;
  for (let line = begin; line < end; line++) {
    const outer = line / inner;
    const first = (<usize>(outer * n) * inner + (line - outer * inner)) << 2;
    const step = (<usize>inner) << 2;
    let from = x + first;
    for (let i = 0; i < n; i++) {
      const word = load<u32>(from);
      const key = (integers != 0 ? word ^ 0x80000000 : ordered(word)) ^ turned;
      insert(scratch, i & ~7, i, ((<u64>key) << 32) | i);
      from += step;
    }
    let source = scratch;
    let target = scratch + half;
    for (let width = 8; width < n; width *= 2) {
      for (let i = 0; i < n; i += 2 * width) merge(source, target, i, min(i + width, n), min(i + 2 * width, n));
      const other = source;
      source = target;
      target = other;
    }
    let to = first;
    for (let i = 0; i < n; i++) {
      const place = <i32>load<u64>(source + ((<usize>i) << 3));
      store<i32>(places + to, place);
      store<i32>(output + to, load<i32>(x + first + <usize>place * step));
      to += step;
    }
  }
}

/** The bits of a float as an unsigned number in the same order: 0 and −0 alike, every NaN the largest. */
// @ts-ignore: decorator
@inline
function ordered(word: u32): u32 {
  if ((word & 0x7fffffff) > 0x7f800000) return 0xffffffff;
  if (word == 0x80000000) return 0x80000000;
  return word >> 31 != 0 ? ~word : word | 0x80000000;
}

/** `value` into the run that begins at `first` and ends before i. */
// @ts-ignore: decorator
@inline
function insert(run: usize, first: i32, i: i32, value: u64): void {
  let at = i;
  for (; at > first; at--) {
    const before = load<u64>(run + ((<usize>(at - 1)) << 3));
    if (before < value) break;
    store<u64>(run + ((<usize>at) << 3), before);
  }
  store<u64>(run + ((<usize>at) << 3), value);
}

/** Sorted [begin, middle) and [middle, end) of `from` as one run of `to`. */
function merge(from: usize, to: usize, begin: i32, middle: i32, end: i32): void {
  let a = begin;
  let b = middle;
  for (let i = begin; i < end; i++) {
    const left = a < middle ? load<u64>(from + ((<usize>a) << 3)) : u64.MAX_VALUE;
    const right = b < end ? load<u64>(from + ((<usize>b) << 3)) : u64.MAX_VALUE;
    const takeLeft = left < right;
    store<u64>(to + ((<usize>i) << 3), takeLeft ? left : right);
    if (takeLeft) a++;
    else b++;
  }
}
