/**
 * A walk, row by row, over operands with any strides: six dimensions, outermost first, the last one is the row. Its
 * state lies in the scratch memory of the call, so that a kernel needs neither objects nor divisions for each row:
 *
 *   sizes[6], index[6], then for each operand the address of the current row and strides[6] in bytes
 */

/** Scratch bytes a walk over three operands takes; a kernel may use what lies behind. */
export const WALK_BYTES: usize = 192;

// @ts-expect-error decorator
@inline
const INDEX: usize = 24;
// @ts-expect-error decorator
@inline
const OPERANDS: usize = 48;
// @ts-expect-error decorator
@inline
const OPERAND: usize = 28;

/** Starts the description of a walk: the sizes of the dimensions, all at least 1. */
export function walkSizes(w: usize, n0: i32, n1: i32, n2: i32, n3: i32, n4: i32, n5: i32): void {
  store<i32>(w, n0);
  store<i32>(w, n1, 4);
  store<i32>(w, n2, 8);
  store<i32>(w, n3, 12);
  store<i32>(w, n4, 16);
  store<i32>(w, n5, 20);
}

/** Operand k: its first element, and its strides in elements. */
export function walkOperand(
  w: usize,
  k: usize,
  address: usize,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
): void {
  describe(w, k, address, 2, s0, s1, s2, s3, s4, s5);
}

/** The same for an operand of halves. */
export function walkHalves(
  w: usize,
  k: usize,
  address: usize,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
): void {
  describe(w, k, address, 1, s0, s1, s2, s3, s4, s5);
}

/** An element is 1 << shift bytes. */
// @ts-expect-error decorator
@inline
function describe(
  w: usize,
  k: usize,
  address: usize,
  shift: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
): void {
  const at = w + OPERANDS + k * OPERAND;
  store<usize>(at, address);
  store<i32>(at, s0 << shift, 4);
  store<i32>(at, s1 << shift, 8);
  store<i32>(at, s2 << shift, 12);
  store<i32>(at, s3 << shift, 16);
  store<i32>(at, s4 << shift, 20);
  store<i32>(at, s5 << shift, 24);
}

/** Elements of a row. */
// @ts-expect-error decorator
@inline
export function rowSize(w: usize): i32 {
  return load<i32>(w, 20);
}

/** Where the current row of operand k begins. */
// @ts-expect-error decorator
@inline
export function rowOf(w: usize, k: usize): usize {
  return load<usize>(w + OPERANDS + k * OPERAND);
}

/** Bytes from one element of a row of operand k to the next. */
// @ts-expect-error decorator
@inline
export function stepOf(w: usize, k: usize): usize {
  return load<usize>(w + OPERANDS + k * OPERAND, 24);
}

/** Bytes from one row of operand k to the next, along the last dimension but one. */
// @ts-expect-error decorator
@inline
export function rowStepOf(w: usize, k: usize): usize {
  return load<usize>(w + OPERANDS + k * OPERAND, 20);
}

/** Rows from the current one to the end of the last dimension but one. */
// @ts-expect-error decorator
@inline
export function rowsLeft(w: usize): i32 {
  return load<i32>(w, 16) - load<i32>(w, INDEX + 16);
}

/** Moves all operands to the row that holds element `begin`; returns its place in that row. Call it once. */
export function seek(w: usize, operands: usize, begin: i32): usize {
  const size = rowSize(w);
  const column = begin % size;
  let rest = begin / size;
  for (let d: usize = 4; d < 5; d--) {
    const n = load<i32>(w + d * 4);
    const at = rest % n;
    rest /= n;
    store<i32>(w + INDEX + d * 4, at);
    for (let k: usize = 0; k < operands; k++) {
      const o = w + OPERANDS + k * OPERAND;
      store<usize>(o, load<usize>(o) + <usize>(at * load<i32>(o + 4 + d * 4)));
    }
  }
  return <usize>column;
}

/** Moves all operands to the next row. */
export function nextRow(w: usize, operands: usize): void {
  for (let d: usize = 4; d < 5; d--) {
    const n = load<i32>(w + d * 4);
    const at = load<i32>(w + INDEX + d * 4) + 1;
    const carry = at == n;
    store<i32>(w + INDEX + d * 4, carry ? 0 : at);
    const by = carry ? 1 - n : 1;
    for (let k: usize = 0; k < operands; k++) {
      const o = w + OPERANDS + k * OPERAND;
      store<usize>(o, load<usize>(o) + <usize>(by * load<i32>(o + 4 + d * 4)));
    }
    if (!carry) return;
  }
}
