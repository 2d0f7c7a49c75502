import { nextRow, rowOf, rowSize, seek, stepOf, walkOperand, walkSizes } from './lib/strided';

/**
 * output[…, j, …] = x[…, indices[…, j, …], …]. Layout: sizes of the output, strides of indices, of x; those of x are 0
 * along the dimension chosen, which has `size` places `step` elements apart. A place outside gives 0. Range: the output.
 * Scratch: WALK_BYTES.
 */
export function gather(
  indices: usize,
  x: usize,
  output: usize,
  size: i32,
  step: i32,
  layout: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  walkSizes(scratch, layout);
  walkOperand(scratch, layout, 0, indices);
  walkOperand(scratch, layout, 1, x);
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
 * of j. Layout: sizes of output; of indices and source, at most those of output but along dim. All contiguous. Range:
 * the product of the sizes before dim.
 */
export function scatterAdd(
  x: usize,
  indices: usize,
  source: usize,
  output: usize,
  base: i32,
  dim: i32,
  layout: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const sizes = layout;
  const limits = layout + 24;
  let inner = 1;
  let innerLimit = 1;
  for (let d = dim + 1; d < 6; d++) {
    inner *= sizeAt(sizes, d);
    innerLimit *= sizeAt(limits, d);
  }
  const size = sizeAt(sizes, dim);
  const places = sizeAt(limits, dim);
  const block = <usize>size * inner;
  for (let outer = begin; outer < end; outer++) {
    const to = output + outer * block * 4;
    if (base != 0) memory.copy(to, x + outer * block * 4, block << 2);
    else memory.fill(to, 0, block << 2);
    let from = rankIn(outer, sizes, limits, dim);
    if (from < 0) continue;
    from *= places * innerLimit;
    for (let j = 0; j < places; j++) {
      for (let k = 0; k < innerLimit; k++, from++) {
        const place = load<i32>(indices + ((<usize>from) << 2));
        if (<u32>place >= <u32>size) continue;
        const column = inner == innerLimit ? k : columnOf(k, sizes, limits, dim);
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
