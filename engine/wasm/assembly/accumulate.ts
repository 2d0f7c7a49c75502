import { nextRow, rowOf, rowSize, seek, stepOf, walkOperand, walkSizes } from './lib/strided';

/** target += x over elements [begin, end); n: sizes, a and b: strides of target and x. Scratch: WALK_BYTES. */
export function accumulate(
  target: usize,
  x: usize,
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
  walkOperand(scratch, 0, target, a0, a1, a2, a3, a4, a5);
  walkOperand(scratch, 1, x, b0, b1, b2, b3, b4, b5);
  const size = rowSize(scratch);
  const stepTarget = stepOf(scratch, 0);
  const stepX = stepOf(scratch, 1);
  let column = seek(scratch, 2, begin);
  for (let i = begin; i < end; ) {
    const n = min(size - <i32>column, end - i);
    accumulateRow(rowOf(scratch, 0) + column * stepTarget, rowOf(scratch, 1) + column * stepX, stepTarget, stepX, n);
    i += n;
    column = 0;
    nextRow(scratch, 2);
  }
}

function accumulateRow(target: usize, x: usize, stepTarget: usize, stepX: usize, n: i32): void {
  let i = 0;
  if (stepTarget == 4 && stepX == 4) {
    for (; i + 4 <= n; i += 4) {
      v128.store(target, f32x4.add(v128.load(target), v128.load(x)));
      target += 16;
      x += 16;
    }
  }
  for (; i < n; i++) {
    store<f32>(target, load<f32>(target) + load<f32>(x));
    target += stepTarget;
    x += stepX;
  }
}
