import { halves4, widened4 } from './lib/half';
import { nextRow, rowOf, rowSize, seek, stepOf, walkHalves, walkSizes } from './lib/strided';

/** float32 → float16, to the nearest, of two as near the even one. Range: elements. */
export function convertToHalf(x: usize, out: usize, begin: i32, end: i32, _scratch: usize): void {
  let i = begin;
  for (; i + 8 <= end; i += 8) {
    const from = x + ((<usize>i) << 2);
    const low = halves4(v128.load(from));
    const high = halves4(v128.load(from, 16));
    v128.store(out + ((<usize>i) << 1), i16x8.narrow_i32x4_u(low, high));
  }
  for (; i < end; i++) {
    const half = halves4(v128.load_zero<u32>(x + ((<usize>i) << 2)));
    store<u16>(out + ((<usize>i) << 1), <u16>i32x4.extract_lane(half, 0));
  }
}

/** float16 with any strides → float32 without gaps. Layout: sizes, strides. Range: elements. Scratch: WALK_BYTES. */
export function convertFromHalf(from: usize, to: usize, layout: usize, begin: i32, end: i32, scratch: usize): void {
  walkSizes(scratch, layout);
  walkHalves(scratch, layout, 0, from);
  const size = rowSize(scratch);
  const step = stepOf(scratch, 0);
  let column = seek(scratch, 1, begin);
  let out = to + ((<usize>begin) << 2);
  for (let i = begin; i < end; ) {
    const n = min(size - <i32>column, end - i);
    let x = rowOf(scratch, 0) + column * step;
    let j = 0;
    if (step == 2) {
      for (; j + 4 <= n; j += 4, x += 8, out += 16) v128.store(out, widened4(v128.load_zero<u64>(x)));
    }
    for (; j < n; j++, x += step, out += 4) v128.store_lane<u32>(out, widened4(i32x4.splat(load<u16>(x))), 0);
    i += n;
    column = 0;
    nextRow(scratch, 1);
  }
}

/** float16 with any strides → float16 without gaps; see convertFromHalf. Bits are kept. */
export function copyHalf(from: usize, to: usize, layout: usize, begin: i32, end: i32, scratch: usize): void {
  walkSizes(scratch, layout);
  walkHalves(scratch, layout, 0, from);
  const size = rowSize(scratch);
  const step = stepOf(scratch, 0);
  let column = seek(scratch, 1, begin);
  let out = to + ((<usize>begin) << 1);
  for (let i = begin; i < end; ) {
    const n = min(size - <i32>column, end - i);
    let x = rowOf(scratch, 0) + column * step;
    if (step == 2) {
      memory.copy(out, x, (<usize>n) << 1);
      out += (<usize>n) << 1;
    } else {
      for (let j = 0; j < n; j++, x += step, out += 2) store<u16>(out, load<u16>(x));
    }
    i += n;
    column = 0;
    nextRow(scratch, 1);
  }
}
