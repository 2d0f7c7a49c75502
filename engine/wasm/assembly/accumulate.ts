import { nextRow, rowOf, rowSize, seek, stepOf, walkOperand, walkSizes } from './lib/strided';

/** target += x over elements [begin, end). Layout: sizes, strides of target, of x. Scratch: WALK_BYTES. */
export function accumulate(target: usize, x: usize, layout: usize, begin: i32, end: i32, scratch: usize): void {
  walkSizes(scratch, layout);
  walkOperand(scratch, layout, 0, target);
  walkOperand(scratch, layout, 1, x);
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
