import type { Tensor } from '../tensor.ts';
import { add, div, mul } from './binary.ts';
import { defineBinary } from './defineBinary.ts';
import { floor, trunc } from './unary.ts';

/** Arithmetic on two tensors, or a tensor and a number, that is less common: see binary.ts for the rules. */

const atan2Op = defineBinary('atan2', {
  formula: 'the angle of the point (y, x) from −π to π',
  f: Math.atan2,
  takes: 'floats',
  gives: 'same',
  saves: ['x', 'y'],
  grad: (dy, { x, y }) => {
    const share = (): Tensor => div(dy, add(mul(x, x), mul(y, y)));
    return { x: () => mul(share(), y), y: () => mul(mul(share(), x), -1) };
  },
  scalarSaves: ['x'],
  scalarGrad: (dy, { x }, value) => mul(div(dy, add(mul(x, x), value * value)), value),
});

/** The angle whose tangent is x / y, in the right quadrant, from −π to π: x is the height, y the width. float32. */
export const atan2 = (x: Tensor, y: Tensor | number): Tensor => atan2Op(x, y);

/** Both remainders: what they give to y is how often it was taken away. */
const modulo = (name: 'fmod' | 'remainder', cut: (quotient: Tensor) => Tensor, f: (x: number, y: number) => number) =>
  defineBinary(name, {
    formula: name === 'fmod' ? 'x − trunc(x / y) · y' : 'x − ⌊x / y⌋ · y',
    // int32 by 0
    f: (x, y) => (y === 0 ? 0 : f(x, y) + 0),
    takes: 'numbers',
    gives: 'same',
    saves: ['x', 'y'],
    grad: (dy, { x, y }) => ({ x: () => dy, y: () => mul(mul(dy, cut(div(x, y))), -1) }),
    scalarGrad: (dy) => dy,
    divisor: true,
    cases: [
      {
        inputs: {
          x: { shape: [8], values: [7, -7, 7, -7, 5.5, -0.25, 1e10, 1e-30] },
          y: { shape: [8], values: [3, 3, -3, -3, -2, 1, 0.3, -2] },
        },
        gradient: false,
      },
      {
        inputs: {
          x: { shape: [6], dtype: 'int32', values: [7, -7, 7, -7, -6, 5] },
          y: { shape: [6], dtype: 'int32', values: [3, 3, -3, -3, 3, 0] },
        },
      },
    ],
  });

const fmodOp = modulo('fmod', trunc, (x, y) => x % y);
const remainderOp = modulo('remainder', floor, (x, y) => {
  const r = x % y;
  return r !== 0 && r < 0 !== y < 0 ? r + y : r;
});

/** The rest of x divided by y, with the sign of x, exact: x − trunc(x / y) · y. By 0 it is NaN; of int32 it is 0. */
export const fmod = (x: Tensor, y: Tensor | number): Tensor => fmodOp(x, y);

/** The rest of x divided by y, with the sign of y, as Python's %: x − ⌊x / y⌋ · y. By 0 it is NaN; of int32 it is 0. */
export const remainder = (x: Tensor, y: Tensor | number): Tensor => remainderOp(x, y);
