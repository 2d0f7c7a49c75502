// The k largest elements along the middle of x [outer, n, inner], largest first, of equal ones the first first, and where
// they lie → output, indices [outer, k, inner]. Range: outer·inner. `scratch`: 8·k bytes.
//
// A heap of the k best so far, the worst of them on top: value, then index, 8 bytes each.

export function topk(
  x: usize,
  output: usize,
  indices: usize,
  n: i32,
  inner: i32,
  k: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  for (let line = begin; line < end; line++) {
    const outer = line / inner;
    const column = line - outer * inner;
    const from = x + ((<usize>outer * n * inner + column) << 2);
    for (let i = 0; i < k; i++) rise(scratch, i, load<f32>(from + ((<usize>i * inner) << 2)), i);
    for (let i = k; i < n; i++) {
      const v = load<f32>(from + ((<usize>i * inner) << 2));
      if (worse(load<f32>(scratch), load<i32>(scratch, 4), v, i)) sink(scratch, k, v, i);
    }
    for (let left = k - 1; left >= 0; left--) {
      const to = (<usize>(outer * k + left) * inner + column) << 2;
      store<f32>(output + to, load<f32>(scratch));
      store<i32>(indices + to, load<i32>(scratch, 4));
      const last = scratch + ((<usize>left) << 3);
      sink(scratch, left, load<f32>(last), load<i32>(last, 4));
    }
  }
}

/** Whether (a, i) comes after (b, j). */
// @ts-expect-error decorator
@inline
function worse(a: f32, i: i32, b: f32, j: i32): bool {
  return a < b || (a == b && i > j);
}

// @ts-expect-error decorator
@inline
function put(heap: usize, at: i32, value: f32, index: i32): void {
  const to = heap + ((<usize>at) << 3);
  store<f32>(to, value);
  store<i32>(to, index, 4);
}

/** Adds an element at the free place `at`, and lets it rise. */
function rise(heap: usize, at: i32, value: f32, index: i32): void {
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const p = heap + ((<usize>parent) << 3);
    if (!worse(value, index, load<f32>(p), load<i32>(p, 4))) break;
    put(heap, at, load<f32>(p), load<i32>(p, 4));
    at = parent;
  }
  put(heap, at, value, index);
}

/** Puts an element in the place of the top of a heap of `size`, and lets it sink. */
function sink(heap: usize, size: i32, value: f32, index: i32): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    let c = heap + ((<usize>child) << 3);
    if (child + 1 < size && worse(load<f32>(c, 8), load<i32>(c, 12), load<f32>(c), load<i32>(c, 4))) {
      child++;
      c += 8;
    }
    if (!worse(load<f32>(c), load<i32>(c, 4), value, index)) break;
    put(heap, at, load<f32>(c), load<i32>(c, 4));
    at = child;
  }
  if (size > 0) put(heap, at, value, index);
}
