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

/** Starts the description of a walk from the layout of a call: the sizes of the dimensions, all at least 1. */
export function walkSizes(w: usize, layout: usize): void {
  memory.copy(w, layout, 24);
}

/** Operand k: its first element; its strides, in elements, stand in the layout behind the sizes and those before it. */
export function walkOperand(w: usize, layout: usize, k: usize, address: usize): void {
  describe(w, layout, k, address, 2);
}

/** The same for an operand of halves. */
export function walkHalves(w: usize, layout: usize, k: usize, address: usize): void {
  describe(w, layout, k, address, 1);
}

/** An element is 1 << shift bytes. */
// @ts-expect-error decorator
@inline
function describe(w: usize, layout: usize, k: usize, address: usize, shift: i32): void {
  const at = w + OPERANDS + k * OPERAND;
  const strides = layout + (k + 1) * 24;
  store<usize>(at, address);
  for (let d: usize = 0; d < 24; d += 4) store<i32>(at + d, load<i32>(strides + d) << shift, 4);
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
