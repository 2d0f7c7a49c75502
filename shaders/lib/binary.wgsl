// The operations on two numbers, by their code; engine/ops/binary.ts lists the same codes. T is the type of the
// operands, R that of the result: i32 for comparisons, whose result is a bool.

const OP: u32 = 0u; // @param
alias T = f32; // @param
alias R = f32; // @param

fn combine(a: T, b: T) -> R {
  switch (OP) {
    case 0u: { return R(a + b); }
    case 1u: { return R(a - b); }
    case 2u: { return R(a * b); }
    case 3u: { return R(a / b); }
    case 4u: { return R(max(a, b)); }
    case 5u: { return R(min(a, b)); }
    case 6u: { return select(select(R(0), R(f32(0.5)), a == b), R(1), a > b); }
    case 7u: { return R(a == b); }
    case 8u: { return R(a != b); }
    case 9u: { return R(a < b); }
    case 10u: { return R(a <= b); }
    case 11u: { return R(a > b); }
    case 12u: { return R(a >= b); }
    case 13u: { return R(a != T(0) && b != T(0)); }
    default: { return R(a != T(0) || b != T(0)); }
  }
}
