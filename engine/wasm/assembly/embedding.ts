// Rows picked by index, and the gradient of that: x [outer, rows, inner], indices [n] → output [outer, n, inner].
// An index outside 0 … rows − 1, and the index `blank`, give zeros and get no gradient.

/** Range: outer·n, the rows of the output. */
export function embedding(
  indices: usize,
  x: usize,
  output: usize,
  n: i32,
  rows: i32,
  inner: i32,
  blank: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const bytes = (<usize>inner) << 2;
  for (let line = begin; line < end; line++) {
    const outer = line / n;
    const row = load<i32>(indices + ((<usize>(line - outer * n)) << 2));
    const to = output + <usize>line * bytes;
    if (<u32>row < <u32>rows && row != blank) memory.copy(to, x + (<usize>outer * rows + row) * bytes, bytes);
    else memory.fill(to, 0, bytes);
  }
}

/** output[o, row, :] = Σ dy[o, j, :] over indices[j] = row, in the order of j. Range: rows. */
export function embeddingBackward(
  indices: usize,
  dy: usize,
  output: usize,
  outer: i32,
  n: i32,
  rows: i32,
  inner: i32,
  blank: i32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const bytes = (<usize>inner) << 2;
  for (let o = 0; o < outer; o++) {
    const to = output + <usize>o * rows * bytes;
    memory.fill(to + <usize>begin * bytes, 0, <usize>(end - begin) * bytes);
    let from = dy + <usize>o * n * bytes;
    for (let j = 0; j < n; j++, from += bytes) {
      const row = load<i32>(indices + ((<usize>j) << 2));
      if (row < begin || row >= end || row == blank) continue;
      const sum = to + <usize>row * bytes;
      let c: usize = 0;
      for (; c + 12 < bytes; c += 16) {
        v128.store(sum + c, f32x4.add(v128.load(sum + c), v128.load(from + c)));
      }
      for (; c < bytes; c += 4) store<f32>(sum + c, load<f32>(sum + c) + load<f32>(from + c));
    }
  }
}
