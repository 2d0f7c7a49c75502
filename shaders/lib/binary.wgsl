// The operations on two numbers, by their code (engine/ops/codes.json). T is the type of the
// operands, R that of the result: i32 for comparisons, whose result is a bool.

// @include lib/binary_codes.generated.wgsl

const OP: u32 = 0u; // @param
alias T = f32; // @param
alias R = f32; // @param

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
    case LOGICAL_AND: { return R(a != T(0) && b != T(0)); }
    default: { return R(a != T(0) || b != T(0)); }
  }
}
