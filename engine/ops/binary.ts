import type { Tensor } from '../tensor.ts';
import { zerosLike } from './accumulate.ts';
import { defineBinary } from './defineBinary.ts';

/**
 * Arithmetic on two tensors, or a tensor and a number, with broadcasting: shapes are aligned at the right, and sizes are
 * equal or one of them is 1. float32 wins over int32, which wins over bool; a whole number counts as int32, two bools
 * count as int32. Gradients are summed over what was broadcast. Shapes that do not fit are a ShapeError.
 */

const addOp = defineBinary('add', {
  formula: 'x + y',
  f: (x, y) => x + y,
  takes: 'numbers',
  gives: 'same',
  grad: (dy) => ({ x: () => dy, y: () => dy }),
  scalarGrad: (dy) => dy,
  bench: true,
});

/** x + y. */
export const add = (x: Tensor, y: Tensor | number): Tensor => addOp(x, y);

const subOp = defineBinary('sub', {
  formula: 'x − y',
  f: (x, y) => x - y,
  takes: 'numbers',
  gives: 'same',
  grad: (dy) => ({ x: () => dy, y: () => mul(dy, -1) }),
  scalarGrad: (dy) => dy,
});

/** x − y. */
export const sub = (x: Tensor, y: Tensor | number): Tensor => subOp(x, y);

const mulOp = defineBinary('mul', {
  formula: 'x · y',
  f: (x, y) => x * y,
  takes: 'numbers',
  gives: 'same',
  saves: ['x', 'y'],
  grad: (dy, { x, y }) => ({ x: () => mul(dy, y), y: () => mul(dy, x) }),
  scalarGrad: (dy, _saved, value) => mul(dy, value),
  bench: true,
});

/** x · y, element by element. */
export const mul = (x: Tensor, y: Tensor | number): Tensor => mulOp(x, y);

const divOp = defineBinary('div', {
  formula: 'x / y',
  f: (x, y) => x / y,
  takes: 'floats',
  gives: 'same',
  saves: ['y', 'output'],
  // d (x/y) / dy = −(x/y) / y
  grad: (dy, { y, output }) => ({ x: () => div(dy, y), y: () => mul(div(mul(dy, output), y), -1) }),
  scalarGrad: (dy, _saved, value) => div(dy, value),
});

/** x / y in float32, whatever the dtypes of x and y. */
export const div = (x: Tensor, y: Tensor | number): Tensor => divOp(x, y);

/** How much of the gradient of max(x, y) belongs to x: equal numbers share it. The gradient of that itself is 0. */
const share = defineBinary('share', {
  formula: '1 where x > y, ½ where x = y, 0 where x < y',
  f: (x, y) => (x > y ? 1 : x === y ? 0.5 : 0),
  takes: 'floats',
  gives: 'same',
  grad: (dy) => ({ x: () => zerosLike(dy), y: () => zerosLike(dy) }),
  scalarGrad: zerosLike,
  cases: [
    { inputs: { x: { shape: [4], values: [1, 2, -0, 3] }, y: { shape: [4], values: [2, 2, 0, 1] } }, gradient: false },
  ],
});

const maximumOp = defineBinary('maximum', {
  formula: 'max(x, y)',
  f: (x, y) => Math.max(x, y),
  takes: 'numbers',
  gives: 'same',
  saves: ['x', 'y'],
  grad: (dy, { x, y }) => ({ x: () => mul(dy, share(x, y)), y: () => mul(dy, share(y, x)) }),
  scalarSaves: ['x'],
  scalarGrad: (dy, { x }, value) => mul(dy, share(x, value)),
});

/** The larger of x and y. Where they are equal, each gets half of the gradient. */
export const maximum = (x: Tensor, y: Tensor | number): Tensor => maximumOp(x, y);

const minimumOp = defineBinary('minimum', {
  formula: 'min(x, y)',
  f: (x, y) => Math.min(x, y),
  takes: 'numbers',
  gives: 'same',
  saves: ['x', 'y'],
  grad: (dy, { x, y }) => ({ x: () => mul(dy, share(y, x)), y: () => mul(dy, share(x, y)) }),
  scalarSaves: ['x'],
  // −x and −value, since share takes a number on the right only.
  scalarGrad: (dy, { x }, value) => mul(dy, share(mul(x, -1), -value)),
});

/** The smaller of x and y. Where they are equal, each gets half of the gradient. */
export const minimum = (x: Tensor, y: Tensor | number): Tensor => minimumOp(x, y);

/** Comparisons give a bool, which carries no gradient. Different dtypes are compared in the wider one. */
const compare = (name: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge', sign: string, f: (x: number, y: number) => boolean) =>
  defineBinary(name, { formula: `x ${sign} y`, f: (x, y) => Number(f(x, y)), takes: 'any', gives: 'bool' });

const eqOp = compare('eq', '=', (x, y) => x === y);
const neOp = compare('ne', '≠', (x, y) => x !== y);
const ltOp = compare('lt', '<', (x, y) => x < y);
const leOp = compare('le', '≤', (x, y) => x <= y);
const gtOp = compare('gt', '>', (x, y) => x > y);
const geOp = compare('ge', '≥', (x, y) => x >= y);

/** x = y. */
export const eq = (x: Tensor, y: Tensor | number): Tensor => eqOp(x, y);
/** x ≠ y. */
export const ne = (x: Tensor, y: Tensor | number): Tensor => neOp(x, y);
/** x < y. */
export const lt = (x: Tensor, y: Tensor | number): Tensor => ltOp(x, y);
/** x ≤ y. */
export const le = (x: Tensor, y: Tensor | number): Tensor => leOp(x, y);
/** x > y. */
export const gt = (x: Tensor, y: Tensor | number): Tensor => gtOp(x, y);
/** x ≥ y. */
export const ge = (x: Tensor, y: Tensor | number): Tensor => geOp(x, y);

const andOp = defineBinary('logicalAnd', {
  formula: 'x and y',
  f: (x, y) => Number(x !== 0 && y !== 0),
  takes: 'bools',
  gives: 'bool',
});

const orOp = defineBinary('logicalOr', {
  formula: 'x or y',
  f: (x, y) => Number(x !== 0 || y !== 0),
  takes: 'bools',
  gives: 'bool',
});

/** True where both are; anything but 0 counts as true. */
export const logicalAnd = (x: Tensor, y: Tensor | number): Tensor => andOp(x, y);
/** True where at least one is; anything but 0 counts as true. */
export const logicalOr = (x: Tensor, y: Tensor | number): Tensor => orOp(x, y);
/** True where x is 0. */
export const logicalNot = (x: Tensor): Tensor => eqOp(x, 0);
