// The operations on two numbers, by their code (engine/ops/codes.json). T is the type of the
// operands, R that of the result: i32 for comparisons, whose result is a bool.

// @include lib/binary_codes.generated.wgsl
// @include lib/arctangent.wgsl
// @include lib/modulo.wgsl

const OP: u32 = 0u; // @param
alias T = f32; // @param
alias R = f32; // @param

// Of int32 by 0 it is 0.
fn moduloInt(a: i32, b: i32) -> i32 {
  if (b == 0) { return 0; }
  return a % b;
}

fn modulo(a: T, b: T, floored: bool) -> T {
  if (T(f32(0.5)) != T(0)) {
    return T(select(fmodOf(f32(a), f32(b)), remainderOf(f32(a), f32(b)), floored));
  }
  let r = moduloInt(i32(a), i32(b));
  return T(select(r, r + i32(b), floored && r != 0 && (r < 0) != (i32(b) < 0)));
}

fn combine(a: T, b: T) -> R {
  switch (OP) {
    case ADD: { return R(a + b); }
    case SUB: { return R(a - b); }
    case MUL: { return R(a * b); }
    case DIV: { return R(a / b); }
    case MAXIMUM: { return R(max(a, b)); }
    case MINIMUM: { return R(min(a, b)); }
    case SHARE: { return select(select(R(0), R(f32(0.5)), a == b), R(1), a > b); }
    case EQ: { return R(a == b); }
    case NE: { return R(a != b); }
    case LT: { return R(a < b); }
    case LE: { return R(a <= b); }
    case GT: { return R(a > b); }
    case GE: { return R(a >= b); }
    case ATAN2: { return R(preciseAtan2(f32(a), f32(b))); }
    case FMOD: { return R(modulo(a, b, false)); }
    case REMAINDER: { return R(modulo(a, b, true)); }
    case LOGICAL_AND: { return R(a != T(0) && b != T(0)); }
    default: { return R(a != T(0) || b != T(0)); }
  }
}
