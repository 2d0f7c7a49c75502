import { nextRow, rowOf, rowSize, seek, stepOf, walkOperand, walkSizes } from './lib/strided';

/**
 * output[…, j, …] = x[…, indices[…, j, …], …]: n: sizes of the output, a and b: strides of indices and x, those of x 0 along
 * the dimension chosen, which has `size` places `step` elements apart. A place outside gives 0. Range: the output.
 */
export function gather(
  indices: usize,
  x: usize,
  output: usize,
  size: i32,
  step: i32,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  n4: i32,
  n5: i32,
  a0: i32,
  a1: i32,
  a2: i32,
  a3: i32,
  a4: i32,
  a5: i32,
  b0: i32,
  b1: i32,
  b2: i32,
  b3: i32,
  b4: i32,
  b5: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  walkSizes(scratch, n0, n1, n2, n3, n4, n5);
  walkOperand(scratch, 0, indices, a0, a1, a2, a3, a4, a5);
  walkOperand(scratch, 1, x, b0, b1, b2, b3, b4, b5);
  const row = rowSize(scratch);
  const stepIndex = stepOf(scratch, 0);
  const stepX = stepOf(scratch, 1);
  const bytes = (<usize>step) << 2;
  let column = seek(scratch, 2, begin);
  for (let i = begin; i < end; ) {
    const n = min(row - <i32>column, end - i);
    let which = rowOf(scratch, 0) + column * stepIndex;
    let from = rowOf(scratch, 1) + column * stepX;
    for (const stop = i + n; i < stop; i++, which += stepIndex, from += stepX) {
      const place = load<i32>(which);
      store<i32>(output + ((<usize>i) << 2), <u32>place < <u32>size ? load<i32>(from + <usize>place * bytes) : 0);
    }
    column = 0;
    nextRow(scratch, 2);
  }
}

/**
 * output = x (or 0 where base = 0), with source[…, j, …] added at place indices[…, j, …] of dimension `dim`, in rising order
 * of j. n: sizes of output, l: sizes of indices and source, at most n but along dim. All contiguous. Scratch: 64 bytes.
 * Range: the product of the sizes before dim.
 */
export function scatterAdd(
  x: usize,
  indices: usize,
  source: usize,
  output: usize,
  base: i32,
  dim: i32,
  n0: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  n4: i32,
  n5: i32,
  l0: i32,
  l1: i32,
  l2: i32,
  l3: i32,
  l4: i32,
  l5: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  walkSizes(scratch, n0, n1, n2, n3, n4, n5);
  const limits = scratch + 24;
  walkSizes(limits, l0, l1, l2, l3, l4, l5);
  let inner = 1;
  let innerLimit = 1;
  for (let d = dim + 1; d < 6; d++) {
    inner *= sizeAt(scratch, d);
    innerLimit *= sizeAt(limits, d);
  }
  const size = sizeAt(scratch, dim);
  const places = sizeAt(limits, dim);
  const block = <usize>size * inner;
  for (let outer = begin; outer < end; outer++) {
    const to = output + outer * block * 4;
    if (base != 0) memory.copy(to, x + outer * block * 4, block << 2);
    else memory.fill(to, 0, block << 2);
    let from = rankIn(outer, scratch, limits, dim);
    if (from < 0) continue;
    from *= places * innerLimit;
    for (let j = 0; j < places; j++) {
      for (let k = 0; k < innerLimit; k++, from++) {
        const place = load<i32>(indices + ((<usize>from) << 2));
        if (<u32>place >= <u32>size) continue;
        const column = inner == innerLimit ? k : columnOf(k, scratch, limits, dim);
        const at = to + (<usize>place * inner + column) * 4;
        store<f32>(at, load<f32>(at) + load<f32>(source + ((<usize>from) << 2)));
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function sizeAt(sizes: usize, d: i32): i32 {
  return load<i32>(sizes + ((<usize>d) << 2));
}

/** The place `outer` of dimensions 0 … dim − 1 of `sizes`, counted in those of `limits`; −1 where it lies outside. */
function rankIn(outer: i32, sizes: usize, limits: usize, dim: i32): i32 {
  let rank = 0;
  let scale = 1;
  let rest = outer;
  for (let d = dim - 1; d >= 0; d--) {
    const n = sizeAt(sizes, d);
    const limit = sizeAt(limits, d);
    const at = rest % n;
    rest /= n;
    if (at >= limit) return -1;
    rank += at * scale;
    scale *= limit;
  }
  return rank;
}

/** The place k of the dimensions behind dim of `limits`, counted in those of `sizes`. */
function columnOf(k: i32, sizes: usize, limits: usize, dim: i32): i32 {
  let column = 0;
  let scale = 1;
  let rest = k;
  for (let d = 5; d > dim; d--) {
    const limit = sizeAt(limits, d);
    column += (rest % limit) * scale;
    rest /= limit;
    scale *= sizeAt(sizes, d);
  }
  return column;
}
