import { nextRow, rowOf, rowSize, rowsLeft, rowStepOf, seek, stepOf, walkOperand, walkSizes } from './lib/strided';

/**
 * Elements [begin, end) of `from` into `to`, both with any strides. Bits are kept. Layout: sizes, strides of `from`, of
 * `to`. Scratch: WALK_BYTES.
 */
export function copy(from: usize, to: usize, layout: usize, begin: i32, end: i32, scratch: usize): void {
  walkSizes(scratch, layout);
  walkOperand(scratch, layout, 0, from);
  walkOperand(scratch, layout, 1, to);
  const size = rowSize(scratch);
  const stepFrom = stepOf(scratch, 0);
  const stepTo = stepOf(scratch, 1);
  // A transposition: neighbours of the source lie in one column of the target.
  const transposed = stepTo == 4 && stepFrom != 4 && rowStepOf(scratch, 0) == 4;
  let column = seek(scratch, 2, begin);
  for (let i = begin; i < end; ) {
    if (transposed && column == 0 && rowsLeft(scratch) >= TILE && end - i >= TILE * size) {
      copyTile(rowOf(scratch, 0), rowOf(scratch, 1), stepFrom, rowStepOf(scratch, 1), size);
      i += TILE * size;
      for (let k = 0; k < TILE; k++) nextRow(scratch, 2);
      continue;
    }
    const n = min(size - <i32>column, end - i);
    copyRow(rowOf(scratch, 0) + column * stepFrom, rowOf(scratch, 1) + column * stepTo, stepFrom, stepTo, n);
    i += n;
    column = 0;
    nextRow(scratch, 2);
  }
}

/** Rows copied together: enough to use half a cache line of the source, few enough for the ways of the cache. */
const TILE: i32 = 8;

/** TILE rows of n elements: those of a column lie next to each other in the source. By 4×4 transpositions. */
function copyTile(from: usize, to: usize, stepFrom: usize, rowTo: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    for (let r: usize = 0; r < <usize>TILE; r += 4) {
      const source = from + 4 * r;
      const target = to + r * rowTo;
      const a = v128.load(source);
      const b = v128.load(source + stepFrom);
      const c = v128.load(source + 2 * stepFrom);
      const d = v128.load(source + 3 * stepFrom);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      v128.store(target, v128.shuffle<i64>(ab, cd, 0, 2));
      v128.store(target + rowTo, v128.shuffle<i64>(ab, cd, 1, 3));
      const ef = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const gh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      v128.store(target + 2 * rowTo, v128.shuffle<i64>(ef, gh, 0, 2));
      v128.store(target + 3 * rowTo, v128.shuffle<i64>(ef, gh, 1, 3));
    }
    from += 4 * stepFrom;
    to += 16;
  }
  for (; i < n; i++) {
    for (let r: usize = 0; r < <usize>TILE; r++) store<u32>(to + r * rowTo, load<u32>(from + 4 * r));
    from += stepFrom;
    to += 4;
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
