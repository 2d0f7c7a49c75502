import copyShader from '../../shaders/copy.wgsl';
import { dispatch, grid, type Operand } from '../backend.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite, defineOp } from '../op.ts';
import { at, build } from '../reference.ts';
import { normalizeDim, normalizeDims, type Shape, sizeOf } from '../shape.ts';
import { layoutOf, uniformDims, WALK_BYTES, walk } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { cat } from './cat.ts';
import { ANY } from './elementwise.ts';
import { reshape, slice } from './views.ts';

/** The walk over a contiguous x from its last element along `dims`, with negative steps there. */
function backwards(x: Operand, dims: readonly number[]): { first: number; sizes: number[]; steps: number[][] } {
  const turned = normalizeDims('flip', dims, x.shape.length);
  const steps = x.strides.map((s, d) => (turned.includes(d) ? -s : s));
  const { sizes, strides } = walk(x.shape, steps, x.strides);
  return { first: turned.reduce((sum, d) => sum + (x.shape[d]! - 1) * x.strides[d]!, 0), sizes, steps: strides };
}

const flipOp = defineOp({
  name: 'flip',
  formula: 'y[…, i, …] = x[…, n − 1 − i, …] along each of dims',
  inputs: ['x'],
  dtypes: { x: ANY },
  attrs: { dims: [] as readonly number[] },
  shape: ({ x }, { dims }) => {
    normalizeDims('flip', dims, x.shape.length);
    return x.shape;
  },
  // The copy kernels with negative steps; in 32 bits they wrap round.
  webgpu: ({ x, output }, { dims }) => {
    const { first, sizes, steps } = backwards(x, dims);
    const words = (values: readonly number[]): number[] => uniformDims(values).map((v) => v >>> 0);
    return dispatch({
      shader: copyShader,
      bindings: { x, output },
      uniforms: {
        total: sizeOf(x.shape),
        xOffset: first,
        outputOffset: 0,
        sizes: uniformDims(sizes),
        xStrides: words(steps[0]!),
        outputStrides: words(steps[1]!),
      },
      workgroups: grid(sizeOf(x.shape), 256),
    });
  },
  wasm: ({ x, output }, { dims }) => {
    const { first, sizes, steps } = backwards(x, dims);
    const layout = layoutOf({ sizes, strides: steps });
    const args = [{ ...x, offset: x.offset + first }, output];
    return { kernel: 'copy', args, layout, range: sizeOf(x.shape), grain: 32768, scratch: WALK_BYTES };
  },
  grad: (dy, _saved, { attrs: { dims } }): { x: Tensor } => ({ x: flip(dy, dims) }),
  reference: ({ x }, { dims }) => {
    const turned = dims.map((d) => normalizeDim('flip', d, x.shape.length));
    return build(x.shape, (index) =>
      at(
        x,
        index.map((i, d) => (turned.includes(d) ? x.shape[d]! - 1 - i : i)),
      ),
    );
  },
  cases: [
    { inputs: { x: [5] }, attrs: { dims: [0] } },
    { inputs: { x: [3, 4, 5] }, attrs: { dims: [1] } },
    { inputs: { x: [3, 4, 5] }, attrs: { dims: [0, -1] } },
    { inputs: { x: { shape: [2, 130], dtype: 'int32', high: 99 } }, attrs: { dims: [1] } },
    { inputs: { x: { shape: [2, 9], dtype: 'bool' } }, attrs: { dims: [0, 1] } },
    { inputs: { x: [2, 3] }, attrs: { dims: [] } },
    { inputs: { x: [0, 3] }, attrs: { dims: [0] } },
    { inputs: { x: [64, 64, 512] }, attrs: { dims: [1] }, bench: true, gradient: false },
  ],
});

/** The elements in reverse order along each of `dims`; −1 is the last dimension. Any dtype but float16. A copy. */
export const flip = (x: Tensor, dims: number | readonly number[]): Tensor =>
  flipOp({ x }, { dims: typeof dims === 'number' ? [dims] : dims });

/** The shift as a place from 0 to n − 1. */
const turn = (shift: number, n: number): number => (n === 0 ? 0 : ((shift % n) + n) % n);

interface RollAttrs {
  readonly shifts: readonly number[];
  readonly dims: readonly number[];
}

function checkRoll({ shifts, dims }: RollAttrs, shape: Shape): number[] {
  if (shifts.length !== dims.length || !shifts.every(Number.isInteger)) {
    throw new ArgumentError(
      `roll: shifts ${show(shifts)} along dims ${show(dims)}. Expected a whole number for each dimension named.`,
    );
  }
  if (shape.length === 0 && dims.length > 0) throw new ShapeError('roll: a scalar has no dimension to roll along.');
  return dims.map((d) => normalizeDim('roll', d, shape.length));
}

const rollOp = defineComposite({
  name: 'roll',
  formula: 'y[…, (i + shift) mod n, …] = x[…, i, …]',
  inputs: ['x'],
  dtypes: { x: ANY },
  attrs: { shifts: [], dims: [] } as RollAttrs,
  compute: ({ x }, attrs) => {
    let y = x.alias();
    checkRoll(attrs, x.shape).forEach((d, i) => {
      const n = x.shape[d]!;
      const shift = turn(attrs.shifts[i]!, n);
      if (shift !== 0) y = cat([slice(y, d, n - shift), slice(y, d, 0, n - shift)], d);
    });
    return y;
  },
  reference: ({ x }, attrs) => {
    const dims = checkRoll(attrs, x.shape);
    return build(x.shape, (index) => {
      const from = [...index];
      for (const [i, d] of dims.entries()) from[d] = turn(from[d]! - attrs.shifts[i]!, x.shape[d]!);
      return at(x, from);
    });
  },
  cases: [
    { inputs: { x: [5] }, attrs: { shifts: [2], dims: [0] } },
    { inputs: { x: [3, 4] }, attrs: { shifts: [-1, 6], dims: [0, 1] } },
    { inputs: { x: { shape: [2, 3], dtype: 'int32', high: 9 } }, attrs: { shifts: [3], dims: [1] } },
    { inputs: { x: [0, 2] }, attrs: { shifts: [1], dims: [0] } },
  ],
});

/**
 * The elements moved `shifts` places along `dims`; those that fall off the end come in again at the beginning. Without
 * dims the tensor is rolled as one row of elements, and keeps its shape. A copy.
 */
export function roll(x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
  const list = (v: number | readonly number[]): readonly number[] => (typeof v === 'number' ? [v] : v);
  if (dims !== undefined) return rollOp({ x }, { shifts: list(shifts), dims: list(dims) });
  const flat = reshape(x, [-1]);
  const turned = rollOp({ x: flat }, { shifts: list(shifts), dims: [0] });
  const y = reshape(turned, x.shape);
  flat.dispose();
  turned.dispose();
  return y;
}
