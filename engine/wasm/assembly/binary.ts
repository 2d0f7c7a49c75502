import {
  ADD,
  ATAN2,
  DIV,
  EQ,
  FMOD,
  GE,
  GT,
  LE,
  LOGICAL_AND,
  LOGICAL_OR,
  LT,
  MAXIMUM,
  MINIMUM,
  MUL,
  NE,
  REMAINDER,
  SHARE,
  SUB,
} from './lib/binaryCodes.generated';
import { atan24 } from './lib/functions';
import { nextRow, rowOf, rowSize, seek, stepOf, walkOperand, walkSizes, WALK_BYTES } from './lib/strided';

/** Codes of the operations on int32 words begin here. */
const INT: i32 = 32;

// @ts-expect-error decorator
@inline
function bool4(mask: v128): v128 {
  return v128.and(mask, i32x4.splat(1));
}

/** The rest of a division, of the sign of a, or of b where the quotient is rounded down. Of int32 by 0 it is 0. */
// @ts-expect-error decorator
@inline
function modulo(code: i32, a: i32, b: i32): i32 {
  if (code >= INT) {
    if (b == 0) return 0;
    const r = a % b;
    return code == INT + REMAINDER && r != 0 && (r ^ b) < 0 ? r + b : r;
  }
  const y = reinterpret<f32>(b);
  const r = Mathf.mod(reinterpret<f32>(a), y);
  return reinterpret<i32>(code == REMAINDER && r != 0 && r < 0 != y < 0 ? r + y : r);
}

function modulo4(code: i32, a: v128, b: v128): v128 {
  let r = i32x4.splat(modulo(code, i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
  r = i32x4.replace_lane(r, 1, modulo(code, i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
  r = i32x4.replace_lane(r, 2, modulo(code, i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
  return i32x4.replace_lane(r, 3, modulo(code, i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
}

/** Four results. `code` is known where this is inlined, so one case remains. */
// @ts-expect-error decorator
@inline
function combine(code: i32, a: v128, b: v128): v128 {
  switch (code) {
    case ADD:
      return f32x4.add(a, b);
    case SUB:
      return f32x4.sub(a, b);
    case MUL:
      return f32x4.mul(a, b);
    case DIV:
      return f32x4.div(a, b);
    case MAXIMUM:
      return f32x4.max(a, b);
    case MINIMUM:
      return f32x4.min(a, b);
    case SHARE: {
      const more = v128.and(f32x4.gt(a, b), f32x4.splat(1));
      return v128.or(more, v128.and(f32x4.eq(a, b), f32x4.splat(0.5)));
    }
    case EQ:
      return bool4(f32x4.eq(a, b));
    case NE:
      return bool4(f32x4.ne(a, b));
    case LT:
      return bool4(f32x4.lt(a, b));
    case LE:
      return bool4(f32x4.le(a, b));
    case GT:
      return bool4(f32x4.gt(a, b));
    case GE:
      return bool4(f32x4.ge(a, b));
    case ATAN2:
      return atan24(a, b);
    case FMOD:
    case REMAINDER:
    case INT + FMOD:
    case INT + REMAINDER:
      return modulo4(code, a, b);
    case INT + ADD:
      return i32x4.add(a, b);
    case INT + SUB:
      return i32x4.sub(a, b);
    case INT + MUL:
      return i32x4.mul(a, b);
    case INT + MAXIMUM:
      return i32x4.max_s(a, b);
    case INT + MINIMUM:
      return i32x4.min_s(a, b);
    case INT + EQ:
      return bool4(i32x4.eq(a, b));
    case INT + NE:
      return bool4(i32x4.ne(a, b));
    case INT + LT:
      return bool4(i32x4.lt_s(a, b));
    case INT + LE:
      return bool4(i32x4.le_s(a, b));
    case INT + GT:
      return bool4(i32x4.gt_s(a, b));
    case INT + GE:
      return bool4(i32x4.ge_s(a, b));
    case INT + LOGICAL_AND:
      return v128.and(a, b);
    default:
      return v128.or(a, b);
  }
}

/**
 * n results in a row. Steps are bytes from one element to the next: 4 for neighbours, 0 for a single number, which is
 * spread over the 16 bytes at `spread` so that one loop serves all of these.
 */
// @ts-expect-error decorator
@inline
function row(code: i32, x: usize, y: usize, output: usize, stepX: usize, stepY: usize, n: i32, spread: usize): void {
  let i = 0;
  if ((stepX == 4 || stepX == 0) && (stepY == 4 || stepY == 0)) {
    if (stepX == 0) {
      v128.store(spread, v128.load_splat<u32>(x));
      x = spread;
    }
    if (stepY == 0) {
      v128.store(spread + 16, v128.load_splat<u32>(y));
      y = spread + 16;
    }
    for (; i + 4 <= n; i += 4) {
      v128.store(output, combine(code, v128.load(x), v128.load(y)));
      x += 4 * stepX;
      y += 4 * stepY;
      output += 16;
    }
  }
  for (; i < n; i++) {
    v128.store_lane<u32>(output, combine(code, v128.load_zero<u32>(x), v128.load_zero<u32>(y)), 0);
    x += stepX;
    y += stepY;
    output += 4;
  }
}

function anyRow(code: i32, x: usize, y: usize, output: usize, stepX: usize, stepY: usize, n: i32, spread: usize): void {
  switch (code) {
    case ADD:
      return row(ADD, x, y, output, stepX, stepY, n, spread);
    case SUB:
      return row(SUB, x, y, output, stepX, stepY, n, spread);
    case MUL:
      return row(MUL, x, y, output, stepX, stepY, n, spread);
    case DIV:
      return row(DIV, x, y, output, stepX, stepY, n, spread);
    case MAXIMUM:
      return row(MAXIMUM, x, y, output, stepX, stepY, n, spread);
    case MINIMUM:
      return row(MINIMUM, x, y, output, stepX, stepY, n, spread);
    case SHARE:
      return row(SHARE, x, y, output, stepX, stepY, n, spread);
    case EQ:
      return row(EQ, x, y, output, stepX, stepY, n, spread);
    case NE:
      return row(NE, x, y, output, stepX, stepY, n, spread);
    case LT:
      return row(LT, x, y, output, stepX, stepY, n, spread);
    case LE:
      return row(LE, x, y, output, stepX, stepY, n, spread);
    case GT:
      return row(GT, x, y, output, stepX, stepY, n, spread);
    case GE:
      return row(GE, x, y, output, stepX, stepY, n, spread);
    case ATAN2:
      return row(ATAN2, x, y, output, stepX, stepY, n, spread);
    case FMOD:
      return row(FMOD, x, y, output, stepX, stepY, n, spread);
    case REMAINDER:
      return row(REMAINDER, x, y, output, stepX, stepY, n, spread);
    case INT + ADD:
      return row(INT + ADD, x, y, output, stepX, stepY, n, spread);
    case INT + SUB:
      return row(INT + SUB, x, y, output, stepX, stepY, n, spread);
    case INT + MUL:
      return row(INT + MUL, x, y, output, stepX, stepY, n, spread);
    case INT + MAXIMUM:
      return row(INT + MAXIMUM, x, y, output, stepX, stepY, n, spread);
    case INT + MINIMUM:
      return row(INT + MINIMUM, x, y, output, stepX, stepY, n, spread);
    case INT + FMOD:
      return row(INT + FMOD, x, y, output, stepX, stepY, n, spread);
    case INT + REMAINDER:
      return row(INT + REMAINDER, x, y, output, stepX, stepY, n, spread);
    case INT + EQ:
      return row(INT + EQ, x, y, output, stepX, stepY, n, spread);
    case INT + NE:
      return row(INT + NE, x, y, output, stepX, stepY, n, spread);
    case INT + LT:
      return row(INT + LT, x, y, output, stepX, stepY, n, spread);
    case INT + LE:
      return row(INT + LE, x, y, output, stepX, stepY, n, spread);
    case INT + GT:
      return row(INT + GT, x, y, output, stepX, stepY, n, spread);
    case INT + GE:
      return row(INT + GE, x, y, output, stepX, stepY, n, spread);
    case INT + LOGICAL_AND:
      return row(INT + LOGICAL_AND, x, y, output, stepX, stepY, n, spread);
    case INT + LOGICAL_OR:
      return row(INT + LOGICAL_OR, x, y, output, stepX, stepY, n, spread);
  }
}

/**
 * output = x ∘ y over elements [begin, end) of the row-major output. Layout: sizes, strides of x, of y. Scratch:
 * WALK_BYTES and 32 more.
 */
export function binary(
  code: i32,
  x: usize,
  y: usize,
  output: usize,
  layout: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  walkSizes(scratch, layout);
  walkOperand(scratch, layout, 0, x);
  walkOperand(scratch, layout, 1, y);
  const size = rowSize(scratch);
  const stepX = stepOf(scratch, 0);
  const stepY = stepOf(scratch, 1);
  let column = seek(scratch, 2, begin);
  for (let i = begin; i < end; ) {
    const n = min(size - <i32>column, end - i);
    const atX = rowOf(scratch, 0) + column * stepX;
    const atY = rowOf(scratch, 1) + column * stepY;
    anyRow(code, atX, atY, output + (i << 2), stepX, stepY, n, scratch + WALK_BYTES);
    i += n;
    column = 0;
    nextRow(scratch, 2);
  }
}

/** output = x ∘ value over elements [begin, end); `bits` are those of the value. Scratch: 36 bytes. */
export function binaryScalar(
  code: i32,
  x: usize,
  output: usize,
  bits: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  store<i32>(scratch, bits, 32);
  anyRow(code, x + (begin << 2), scratch + 32, output + (begin << 2), 4, 0, end - begin, scratch);
}
