import { nextRow, rowOf, rowSize, seek, stepOf, WALK_BYTES, walkOperand, walkSizes } from './lib/strided';

/**
 * n words in a row: x where the condition is not 0, else y. Steps are bytes from one element to the next: 4 for
 * neighbours, 0 for a single word, which is spread over 16 bytes at `spread` so that one loop serves all of these.
 */
function selectRow(
  condition: usize,
  x: usize,
  y: usize,
  output: usize,
  stepCondition: usize,
  stepX: usize,
  stepY: usize,
  n: i32,
  spread: usize,
): void {
  const zero = i32x4.splat(0);
  let i = 0;
  if ((stepCondition | stepX | stepY) == 4) {
    if (stepCondition == 0) {
      v128.store(spread, v128.load_splat<u32>(condition));
      condition = spread;
    }
    if (stepX == 0) {
      v128.store(spread + 16, v128.load_splat<u32>(x));
      x = spread + 16;
    }
    if (stepY == 0) {
      v128.store(spread + 32, v128.load_splat<u32>(y));
      y = spread + 32;
    }
    for (; i + 4 <= n; i += 4) {
      v128.store(output, v128.bitselect(v128.load(x), v128.load(y), i32x4.ne(v128.load(condition), zero)));
      condition += 4 * stepCondition;
      x += 4 * stepX;
      y += 4 * stepY;
      output += 16;
    }
  }
  for (; i < n; i++) {
    store<i32>(output, load<i32>(condition) != 0 ? load<i32>(x) : load<i32>(y));
    condition += stepCondition;
    x += stepX;
    y += stepY;
    output += 4;
  }
}

/**
 * output = condition ? x : y over elements [begin, end) of the row-major output. Layout: sizes, strides of
 * condition, of x, of y. Scratch: WALK_BYTES and 48 more.
 */
export function where(
  condition: usize,
  x: usize,
  y: usize,
  output: usize,
  layout: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  walkSizes(scratch, layout);
  walkOperand(scratch, layout, 0, condition);
  walkOperand(scratch, layout, 1, x);
  walkOperand(scratch, layout, 2, y);
  const size = rowSize(scratch);
  const stepCondition = stepOf(scratch, 0);
  const stepX = stepOf(scratch, 1);
  const stepY = stepOf(scratch, 2);
  let column = seek(scratch, 3, begin);
  for (let i = begin; i < end; ) {
    const n = min(size - <i32>column, end - i);
    const atCondition = rowOf(scratch, 0) + column * stepCondition;
    const atX = rowOf(scratch, 1) + column * stepX;
    const atY = rowOf(scratch, 2) + column * stepY;
    const to = output + (i << 2);
    selectRow(atCondition, atX, atY, to, stepCondition, stepX, stepY, n, scratch + WALK_BYTES);
    i += n;
    column = 0;
    nextRow(scratch, 3);
  }
}

/**
 * output = mask ? value : x, or with `keep` mask ? x : value; `bits` are those of the value. Layout: sizes, strides of
 * mask, of what is taken where it is true, of what elsewhere; those of the value are 0. Scratch: WALK_BYTES and 52 more.
 */
export function maskedFill(
  x: usize,
  mask: usize,
  output: usize,
  bits: i32,
  keep: i32,
  layout: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  const value = scratch + WALK_BYTES + 48;
  store<i32>(value, bits);
  if (keep) where(mask, x, value, output, layout, begin, end, scratch);
  else where(mask, value, x, output, layout, begin, end, scratch);
}
