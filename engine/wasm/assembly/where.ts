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
 * output = condition ? x : y over elements [begin, end) of the row-major output; n: sizes, a, b and c: strides of
 * condition, x and y. Scratch: WALK_BYTES and 48 more.
 */
export function where(
  condition: usize,
  x: usize,
  y: usize,
  output: usize,
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
  c0: i32,
  c1: i32,
  c2: i32,
  c3: i32,
  c4: i32,
  c5: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  walkSizes(scratch, n0, n1, n2, n3, n4, n5);
  walkOperand(scratch, 0, condition, a0, a1, a2, a3, a4, a5);
  walkOperand(scratch, 1, x, b0, b1, b2, b3, b4, b5);
  walkOperand(scratch, 2, y, c0, c1, c2, c3, c4, c5);
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
 * output = mask ? value : x, or with `keep` mask ? x : value; n: sizes, a and b: strides of x and mask, `bits` those of
 * the value. Scratch: WALK_BYTES and 52 more.
 */
export function maskedFill(
  x: usize,
  mask: usize,
  output: usize,
  bits: i32,
  keep: i32,
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
  const value = scratch + WALK_BYTES + 48;
  store<i32>(value, bits);
  if (keep) {
    where(
      mask,
      x,
      value,
      output,
      n0,
      n1,
      n2,
      n3,
      n4,
      n5,
      b0,
      b1,
      b2,
      b3,
      b4,
      b5,
      a0,
      a1,
      a2,
      a3,
      a4,
      a5,
      0,
      0,
      0,
      0,
      0,
      0,
      begin,
      end,
      scratch,
    );
  } else {
    where(
      mask,
      value,
      x,
      output,
      n0,
      n1,
      n2,
      n3,
      n4,
      n5,
      b0,
      b1,
      b2,
      b3,
      b4,
      b5,
      0,
      0,
      0,
      0,
      0,
      0,
      a0,
      a1,
      a2,
      a3,
      a4,
      a5,
      begin,
      end,
      scratch,
    );
  }
}
