import { nextRow, rowOf, rowSize, seek, stepOf, walkOperand, walkSizes } from './lib/strided';

/**
 * output[…, indices[…, j, …], …] = source[…, j, …], in rising order of j, and winners at the same place = the number of that
 * element of the source, from 1. indices and source are contiguous. Layout: sizes of indices, strides of output and
 * winners over them, 0 along the dimension chosen, which has `size` places `step` elements apart; a place outside is
 * passed over. Range: the indices, in one part. Scratch: WALK_BYTES.
 */
export function scatter(
  indices: usize,
  source: usize,
  output: usize,
  winners: usize,
  size: i32,
  step: i32,
  layout: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  walkSizes(scratch, layout);
  walkOperand(scratch, layout, 0, 0);
  const row = rowSize(scratch);
  const stepTo = stepOf(scratch, 0);
  const bytes = (<usize>step) << 2;
  let column = seek(scratch, 1, begin);
  for (let i = begin; i < end; ) {
    const n = min(row - <i32>column, end - i);
    let to = rowOf(scratch, 0) + column * stepTo;
    for (const stop = i + n; i < stop; i++, to += stepTo) {
      const place = load<i32>(indices + ((<usize>i) << 2));
      if (<u32>place >= <u32>size) continue;
      const at = to + <usize>place * bytes;
      store<i32>(output + at, load<i32>(source + ((<usize>i) << 2)));
      store<i32>(winners + at, i + 1);
    }
    column = 0;
    nextRow(scratch, 1);
  }
}
