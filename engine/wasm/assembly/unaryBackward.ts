import {
  eluSlope4,
  geluSlope4,
  geluTanhSlope4,
  hardswishSlope4,
  pow4,
  quickGeluSlope4,
  sign4,
  siluSlope4,
} from './lib/activations';
import { c4, cos4, exp4, sigmoid4, sin4 } from './lib/math';
import { loadPart, storePart } from './lib/part';
import {
  ABS,
  CLAMP,
  COS,
  ELU,
  ERF,
  GELU,
  GELU_TANH,
  HARDSWISH,
  LEAKY_RELU,
  POW,
  QUICK_GELU,
  RECIPROCAL,
  RELU,
  RSQRT,
  SIGMOID,
  SILU,
  SIN,
  SOFTPLUS,
  SQRT,
  SQUARE,
  TANH,
} from './lib/unaryCodes.generated';

/** dy · f′ for four elements, from v: the x or the y of y = f(x), whichever is said in engine/ops/unaryBackward.ts. */
// @ts-expect-error decorator
@inline
function apply(code: i32, dy: v128, v: v128, a: f32, b: f32): v128 {
  switch (code) {
    case RELU:
      return v128.and(dy, f32x4.gt(v, c4(0.0)));
    case GELU:
      return f32x4.mul(dy, geluSlope4(v));
    case GELU_TANH:
      return f32x4.mul(dy, geluTanhSlope4(v));
    case SIGMOID:
      return f32x4.mul(dy, f32x4.mul(v, f32x4.sub(c4(1.0), v)));
    case TANH:
      return f32x4.mul(dy, f32x4.sub(c4(1.0), f32x4.mul(v, v)));
    case SILU:
      return f32x4.mul(dy, siluSlope4(v));
    case SQUARE:
      return f32x4.mul(dy, f32x4.add(v, v));
    case SIN:
      return f32x4.mul(dy, cos4(v));
    case COS:
      return f32x4.neg(f32x4.mul(dy, sin4(v)));
    case ERF:
      return f32x4.mul(dy, f32x4.mul(c4(1.12837917), exp4(f32x4.neg(f32x4.mul(v, v)))));
    case SQRT:
      return f32x4.div(f32x4.mul(dy, c4(0.5)), v);
    case RSQRT:
      return f32x4.mul(dy, f32x4.mul(c4(-0.5), f32x4.mul(v, f32x4.mul(v, v))));
    case RECIPROCAL:
      return f32x4.neg(f32x4.mul(dy, f32x4.mul(v, v)));
    case POW:
      return f32x4.mul(dy, f32x4.mul(c4(a), pow4(v, a - 1.0)));
    case CLAMP:
      return v128.and(dy, v128.and(f32x4.ge(v, c4(a)), f32x4.le(v, c4(b))));
    case SOFTPLUS:
      return f32x4.mul(dy, sigmoid4(f32x4.mul(v, c4(a))));
    case LEAKY_RELU:
      return v128.bitselect(dy, f32x4.mul(c4(a), dy), f32x4.gt(v, c4(0.0)));
    case ELU:
      return f32x4.mul(dy, eluSlope4(v, a));
    case HARDSWISH:
      return f32x4.mul(dy, hardswishSlope4(v));
    case QUICK_GELU:
      return f32x4.mul(dy, quickGeluSlope4(v));
    default:
      return f32x4.mul(dy, sign4(v));
  }
}

// @ts-expect-error decorator
@inline
function each(code: i32, dy: usize, v: usize, output: usize, n: i32, a: f32, b: f32): void {
  for (; n > 0; n -= 4) {
    const whole = n >= 4;
    const y = apply(code, whole ? v128.load(dy) : loadPart(dy, n), whole ? v128.load(v) : loadPart(v, n), a, b);
    if (whole) v128.store(output, y);
    else storePart(output, y, n);
    dy += 16;
    v += 16;
    output += 16;
  }
}

/** output = dy · f′ over elements [begin, end); a and b: the exponent of pow, the bounds of clamp. */
export function unaryBackward(
  code: i32,
  dy: usize,
  v: usize,
  output: usize,
  a: f32,
  b: f32,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  dy += begin << 2;
  v += begin << 2;
  output += begin << 2;
  const n = end - begin;
  switch (code) {
    case RELU:
      return each(RELU, dy, v, output, n, a, b);
    case GELU:
      return each(GELU, dy, v, output, n, a, b);
    case GELU_TANH:
      return each(GELU_TANH, dy, v, output, n, a, b);
    case SIGMOID:
      return each(SIGMOID, dy, v, output, n, a, b);
    case TANH:
      return each(TANH, dy, v, output, n, a, b);
    case SILU:
      return each(SILU, dy, v, output, n, a, b);
    case SQUARE:
      return each(SQUARE, dy, v, output, n, a, b);
    case SIN:
      return each(SIN, dy, v, output, n, a, b);
    case COS:
      return each(COS, dy, v, output, n, a, b);
    case ERF:
      return each(ERF, dy, v, output, n, a, b);
    case SQRT:
      return each(SQRT, dy, v, output, n, a, b);
    case RSQRT:
      return each(RSQRT, dy, v, output, n, a, b);
    case RECIPROCAL:
      return each(RECIPROCAL, dy, v, output, n, a, b);
    case POW:
      return each(POW, dy, v, output, n, a, b);
    case CLAMP:
      return each(CLAMP, dy, v, output, n, a, b);
    case SOFTPLUS:
      return each(SOFTPLUS, dy, v, output, n, a, b);
    case LEAKY_RELU:
      return each(LEAKY_RELU, dy, v, output, n, a, b);
    case ELU:
      return each(ELU, dy, v, output, n, a, b);
    case HARDSWISH:
      return each(HARDSWISH, dy, v, output, n, a, b);
    case QUICK_GELU:
      return each(QUICK_GELU, dy, v, output, n, a, b);
    default:
      return each(ABS, dy, v, output, n, a, b);
  }
}
