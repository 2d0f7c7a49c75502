import { nextRow, rowOf, rowSize, seek, stepOf, walkOperand, walkSizes } from './lib/strided';

/**
 * Elements [begin, end) of `from` into `to`, both with any strides; n: sizes, a and b: strides of `from` and `to`.
 * Bits are kept. Scratch: WALK_BYTES.
 */
export function copy(
  from: usize,
  to: usize,
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
  walkOperand(scratch, 0, from, a0, a1, a2, a3, a4, a5);
  walkOperand(scratch, 1, to, b0, b1, b2, b3, b4, b5);
  const size = rowSize(scratch);
  const stepFrom = stepOf(scratch, 0);
  const stepTo = stepOf(scratch, 1);
  let column = seek(scratch, 2, begin);
  for (let i = begin; i < end; ) {
    const n = min(size - <i32>column, end - i);
    copyRow(rowOf(scratch, 0) + column * stepFrom, rowOf(scratch, 1) + column * stepTo, stepFrom, stepTo, n);
    i += n;
    column = 0;
    nextRow(scratch, 2);
  }
}

function copyRow(from: usize, to: usize, stepFrom: usize, stepTo: usize, n: i32): void {
  let i = 0;
  if (stepTo == 4) {
    if (stepFrom == 4) {
      // A call of memory.copy costs as much as moving a few hundred bytes by hand.
      if (n >= 128) {
        memory.copy(to, from, n << 2);
        return;
      }
      for (; i + 4 <= n; i += 4) {
        v128.store(to, v128.load(from));
        from += 16;
        to += 16;
      }
    } else if (stepFrom == 0) {
      const word = v128.load_splat<u32>(from);
      for (; i + 4 <= n; i += 4) {
        v128.store(to, word);
        to += 16;
      }
    } else {
      for (; i + 4 <= n; i += 4) {
        let four = v128.load_zero<u32>(from);
        four = v128.load_lane<u32>(from + stepFrom, four, 1);
        four = v128.load_lane<u32>(from + 2 * stepFrom, four, 2);
        four = v128.load_lane<u32>(from + 3 * stepFrom, four, 3);
        v128.store(to, four);
        from += 4 * stepFrom;
        to += 16;
      }
    }
  }
  for (; i < n; i++) {
    store<u32>(to, load<u32>(from));
    from += stepFrom;
    to += stepTo;
  }
}
