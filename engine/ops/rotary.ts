import shader from '../../shaders/rotary.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineOp } from '../op.ts';
import { at, build } from '../reference.ts';
import { normalizeDim, type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { linesAlong } from './lines.ts';

function check(x: Shape, table: Shape, dim: number, start: number): void {
  const d = normalizeDim('rotary', dim, x.length);
  const width = x.at(-1) ?? 0;
  const n = x[d] ?? 0;
  if (x.length < 2 || d === x.length - 1 || width % 2 !== 0) {
    throw new ShapeError(
      `rotary: x ${show(x)}, positions along dim ${dim}. ` +
        'Expected rows of an even number of elements, and positions along another dimension than the last.',
    );
  }
  const enough = Number.isInteger(start) && start >= 0 && start + n <= (table[0] ?? 0);
  if (table.length === 2 && table[1] === width && enough) return;
  throw new ShapeError(
    `rotary: table ${show(table)} for x ${show(x)}, positions ${start} to ${start + n - 1} along dim ${dim}. ` +
      `Expected [positions, ${width}] with a row for each of them.`,
  );
}

const rotaryOp = defineOp({
  name: 'rotary',
  formula: 'y[p, 2i] + j·y[p, 2i+1] = (x[p, 2i] + j·x[p, 2i+1]) · e^(j·p·θᵢ) with e^(j·p·θᵢ) from the table',
  inputs: ['x', 'table'],
  constants: ['table'],
  attrs: { dim: -2, start: 0, inverse: false },
  shape: ({ x, table }, { dim, start }) => {
    check(x.shape, table.shape, dim, start);
    return x.shape;
  },
  webgpu: ({ x, table, output }, { dim, start, inverse }) => {
    const { n, inner } = linesAlong('rotary', x.shape, dim);
    const total = sizeOf(x.shape) / 2;
    return dispatch({
      shader,
      bindings: { x, table, output },
      uniforms: { total, width: x.shape.at(-1)! / 2, inner: inner / 2, n, start, side: inverse ? -1 : 1 },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, table, output }, { dim, start, inverse }) => {
    const { n, inner } = linesAlong('rotary', x.shape, dim);
    const width = x.shape.at(-1)!;
    return {
      kernel: 'rotary',
      args: [x, table, output, width, inner / width, n, start, inverse ? 1 : 0],
      range: sizeOf(x.shape) / width,
      grain: Math.ceil(32768 / width),
    };
  },
  saves: ['table'],
  // a rotation keeps lengths: its transpose turns the other way
  grad: (dy, { table }, { attrs: { inverse, ...attrs } }): { x: Tensor } => ({
    x: rotaryOp({ x: dy, table }, { ...attrs, inverse: !inverse }),
  }),
  reference: ({ x, table }, { dim, start, inverse }) => {
    const d = normalizeDim('rotary', dim, x.shape.length);
    return build(x.shape, (index) => {
      const column = index.at(-1)!;
      const even = column - (column % 2);
      const [a, b] = [even, even + 1].map((c) => at(x, [...index.slice(0, -1), c])) as [number, number];
      const [cos, sin] = [even, even + 1].map((c) => at(table, [start + index[d]!, c])) as [number, number];
      const s = inverse ? -sin : sin;
      return column === even ? a * cos - b * s : a * s + b * cos;
    });
  },
  cases: [
    { inputs: { x: [3, 6], table: [3, 6] } },
    { inputs: { x: [2, 3, 5, 8], table: [9, 8] }, attrs: { start: 4 } },
    {
      inputs: { x: [2, 5, 2, 3, 10], table: [5, 10] },
      attrs: { dim: 1, inverse: true },
      note: 'heads within positions',
    },
    { inputs: { x: [1, 2], table: [1, 2] } },
    { inputs: { x: [0, 4], table: [2, 4] } },
    { inputs: { x: [8, 128, 8, 64], table: [512, 64] }, attrs: { dim: 1 }, bench: true, gradient: false },
  ],
});

export interface RotaryOptions {
  /** The dimension that counts positions. Default: the last but one. */
  readonly dim?: number;
  /** Position of the first row. */
  readonly start?: number;
  /** Turn back: the inverse, and the gradient. */
  readonly inverse?: boolean;
}

/**
 * Rotary positions (Su et al. 2021, section 3.2.2, eq. 15): every two neighbours (x₂ᵢ, x₂ᵢ₊₁) of a row at position p,
 * seen as a point of the plane, are turned by the angle p·θᵢ. The product of two rows so turned depends on the distance
 * of their positions alone.
 *
 * x [.., d] with d even; table [positions, d] holds cos p·θᵢ at [p, 2i] and sin p·θᵢ at [p, 2i + 1], so any θ will do.
 * The table has no gradient.
 *
 * @throws {ShapeError} where the table does not fit, or has no row for the last position
 */
export const rotary = (
  x: Tensor,
  table: Tensor,
  { dim = -2, start = 0, inverse = false }: RotaryOptions = {},
): Tensor => rotaryOp({ x, table }, { dim, start, inverse });
