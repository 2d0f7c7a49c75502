import {
  elu4,
  gelu4,
  geluTanh4,
  hardswish4,
  leakyRelu4,
  pow4,
  quickGelu4,
  sign4,
  silu4,
  softplus4,
} from './lib/activations';
import { acos4, asin4, atan4, cosh4, sinh4, tan4 } from './lib/functions';
import { c4, cos4, erf4, exp4, expm14, log1p4, log4, sigmoid4, sin4, tanh4 } from './lib/math';
import { loadPart, storePart } from './lib/part';
import {
  ABS,
  ACOS,
  ASIN,
  ATAN,
  CEIL,
  CLAMP,
  COS,
  COSH,
  ELU,
  ERF,
  EXP,
  EXPM1,
  FLOOR,
  GELU,
  GELU_TANH,
  HARDSWISH,
  LEAKY_RELU,
  LOG,
  LOG1P,
  NEG,
  POW,
  QUICK_GELU,
  RECIPROCAL,
  RELU,
  ROUND,
  RSQRT,
  SIGMOID,
  SIGN,
  SILU,
  SIN,
  SINH,
  SOFTPLUS,
  SQRT,
  SQUARE,
  TAN,
  TANH,
  TRUNC,
} from './lib/unaryCodes.generated';

/** Without min and max, which would hide a NaN. */
// @ts-expect-error decorator
@inline
function clamp4(x: v128, a: f32, b: f32): v128 {
  const y = v128.bitselect(c4(a), x, f32x4.lt(x, c4(a)));
  return v128.bitselect(c4(b), y, f32x4.gt(y, c4(b)));
}

/** Four values. `code` is known where this is inlined, so one case remains. */
// @ts-expect-error decorator
@inline
function apply(code: i32, x: v128, a: f32, b: f32): v128 {
  switch (code) {
    case NEG:
      return f32x4.neg(x);
    case EXP:
      return exp4(x);
    case ABS:
      return f32x4.abs(x);
    case RELU:
      return f32x4.max(x, c4(0.0));
    case GELU:
      return gelu4(x);
    case GELU_TANH:
      return geluTanh4(x);
    case SIGMOID:
      return sigmoid4(x);
    case TANH:
      return tanh4(x);
    case SILU:
      return silu4(x);
    case SQUARE:
      return f32x4.mul(x, x);
    case SIN:
      return sin4(x);
    case COS:
      return cos4(x);
    case ERF:
      return erf4(x);
    case LOG:
      return log4(x);
    case SQRT:
      return f32x4.sqrt(x);
    case RSQRT:
      return f32x4.div(c4(1.0), f32x4.sqrt(x));
    case RECIPROCAL:
      return f32x4.div(c4(1.0), x);
    case POW:
      return pow4(x, a);
    case CLAMP:
      return clamp4(x, a, b);
    case SIGN:
      return sign4(x);
    case FLOOR:
      return f32x4.floor(x);
    case CEIL:
      return f32x4.ceil(x);
    case TRUNC:
      return f32x4.trunc(x);
    case LOG1P:
      return log1p4(x);
    case EXPM1:
      return expm14(x);
    case TAN:
      return tan4(x);
    case ASIN:
      return asin4(x);
    case ACOS:
      return acos4(x);
    case ATAN:
      return atan4(x);
    case SINH:
      return sinh4(x);
    case COSH:
      return cosh4(x);
    case SOFTPLUS:
      return softplus4(x, a);
    case LEAKY_RELU:
      return leakyRelu4(x, a);
    case ELU:
      return elu4(x, a);
    case HARDSWISH:
      return hardswish4(x);
    case QUICK_GELU:
      return quickGelu4(x);
    default:
      return f32x4.nearest(x);
  }
}

// @ts-expect-error decorator
@inline
function each(code: i32, x: usize, output: usize, n: i32, a: f32, b: f32): void {
  for (; n > 0; n -= 4) {
    const y = apply(code, n >= 4 ? v128.load(x) : loadPart(x, n), a, b);
    if (n >= 4) v128.store(output, y);
    else storePart(output, y, n);
    x += 16;
    output += 16;
  }
}

/** output = f(x) over elements [begin, end); a and b: the exponent of pow, the bounds of clamp, what activations take. */
export function unary(code: i32, x: usize, output: usize, a: f32, b: f32, begin: i32, end: i32, _scratch: usize): void {
  x += begin << 2;
  output += begin << 2;
  const n = end - begin;
  switch (code) {
    case NEG:
      return each(NEG, x, output, n, a, b);
    case EXP:
      return each(EXP, x, output, n, a, b);
    case ABS:
      return each(ABS, x, output, n, a, b);
    case RELU:
      return each(RELU, x, output, n, a, b);
    case GELU:
      return each(GELU, x, output, n, a, b);
    case GELU_TANH:
      return each(GELU_TANH, x, output, n, a, b);
    case SIGMOID:
      return each(SIGMOID, x, output, n, a, b);
    case TANH:
      return each(TANH, x, output, n, a, b);
    case SILU:
      return each(SILU, x, output, n, a, b);
    case SQUARE:
      return each(SQUARE, x, output, n, a, b);
    case SIN:
      return each(SIN, x, output, n, a, b);
    case COS:
      return each(COS, x, output, n, a, b);
    case ERF:
      return each(ERF, x, output, n, a, b);
    case LOG:
      return each(LOG, x, output, n, a, b);
    case SQRT:
      return each(SQRT, x, output, n, a, b);
    case RSQRT:
      return each(RSQRT, x, output, n, a, b);
    case RECIPROCAL:
      return each(RECIPROCAL, x, output, n, a, b);
    case POW:
      return each(POW, x, output, n, a, b);
    case CLAMP:
      return each(CLAMP, x, output, n, a, b);
    case SIGN:
      return each(SIGN, x, output, n, a, b);
    case FLOOR:
      return each(FLOOR, x, output, n, a, b);
    case CEIL:
      return each(CEIL, x, output, n, a, b);
    case TRUNC:
      return each(TRUNC, x, output, n, a, b);
    case LOG1P:
      return each(LOG1P, x, output, n, a, b);
    case EXPM1:
      return each(EXPM1, x, output, n, a, b);
    case TAN:
      return each(TAN, x, output, n, a, b);
    case ASIN:
      return each(ASIN, x, output, n, a, b);
    case ACOS:
      return each(ACOS, x, output, n, a, b);
    case ATAN:
      return each(ATAN, x, output, n, a, b);
    case SINH:
      return each(SINH, x, output, n, a, b);
    case COSH:
      return each(COSH, x, output, n, a, b);
    case SOFTPLUS:
      return each(SOFTPLUS, x, output, n, a, b);
    case LEAKY_RELU:
      return each(LEAKY_RELU, x, output, n, a, b);
    case ELU:
      return each(ELU, x, output, n, a, b);
    case HARDSWISH:
      return each(HARDSWISH, x, output, n, a, b);
    case QUICK_GELU:
      return each(QUICK_GELU, x, output, n, a, b);
    default:
      return each(ROUND, x, output, n, a, b);
  }
}
