import gatherShader from '../../shaders/gather.wgsl';
import scatterShader from '../../shaders/scatter_add.wgsl';
import { dispatch, grid, type Operand } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineOp } from '../op.ts';
import { at, build, type NDArray, ndarray, indices as places } from '../reference.ts';
import { normalizeDim, rowMajor, type Shape, sizeOf } from '../shape.ts';
import { anchor, layoutOf, MAX_DIMS, padDims, uniformDims, WALK_BYTES, walk } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { slice } from './views.ts';

/** The index may be smaller than x in the dimensions that are not chosen, but has as many. */
function check(op: string, x: Shape, index: Shape, dim: number): number {
  const d = normalizeDim(op, dim, x.length);
  if (x.length === index.length && index.every((s, e) => e === d || s <= x[e]!)) return d;
  throw new ShapeError(
    `${op}: index ${show(index)} does not fit ${show(x)} along dim ${dim}. ` +
      'Expected as many dimensions, none longer but the one chosen.',
  );
}

/** A scalar as a vector of one, so that there is a dimension to choose. */
const atLeast1 = (shape: Shape): Shape => (shape.length === 0 ? [1] : shape);

/** How a kernel walks index and x over the shape of the index; x stands still along the dimension chosen. */
function gatherWalk(
  x: Operand,
  index: Operand,
  dim: number,
): { size: number; step: number; sizes: number[]; strides: number[][] } {
  const d = normalizeDim('gather', dim, x.shape.length);
  const still = x.strides.map((s, e) => (e === d ? 0 : s));
  return { size: x.shape[d] ?? 1, step: x.strides[d] ?? 1, ...walk(index.shape, index.strides, still) };
}

const gatherOp = defineOp({
  name: 'gather',
  formula: 'y[i, j, k] = x[i, index[i, j, k], k] for dim 1',
  inputs: ['x', 'index'],
  dtypes: { x: ['float32', 'int32', 'bool'], index: ['int32'] },
  attrs: { dim: 0 },
  strided: ['x', 'index'],
  shape: ({ x, index }, { dim }) => {
    check('gather', x.shape, index.shape, dim);
    return index.shape;
  },
  webgpu: ({ x, index, output }, { dim }) => {
    const { size, step, sizes, strides } = gatherWalk(x, index, dim);
    const [from, which, total] = [anchor(x), anchor(index), sizeOf(output.shape)];
    return dispatch({
      shader: gatherShader,
      bindings: { indices: which.operand, x: from.operand, output },
      uniforms: {
        total,
        size,
        step,
        indexOffset: which.offset,
        xOffset: from.offset,
        sizes: uniformDims(sizes),
        indexStrides: uniformDims(strides[0]!),
        xStrides: uniformDims(strides[1]!),
      },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, index, output }, { dim }) => {
    const { size, step, sizes, strides } = gatherWalk(x, index, dim);
    const layout = layoutOf({ sizes, strides });
    const args = [index, x, output, size, step];
    return { kernel: 'gather', args, layout, range: sizeOf(output.shape), grain: 16384, scratch: WALK_BYTES };
  },
  saves: ['index'],
  grad: (dy, { index }, { attrs: { dim }, shapes }) => ({ x: scatterAddZeros(shapes.x, dim, index, dy) }),
  reference: ({ x, index }, { dim }) => {
    const d = normalizeDim('gather', dim, x.shape.length);
    return build(index.shape, (i) => {
      const place = at(index, i);
      const known = place >= 0 && place < (x.shape[d] ?? 1);
      return known
        ? at(
            x,
            i.map((v, e) => (e === d ? place : v)),
          )
        : 0;
    });
  },
  cases: [
    { inputs: { x: [3, 7], index: { shape: [3, 4], dtype: 'int32', values: 'integer', high: 7 } }, attrs: { dim: 1 } },
    {
      inputs: { x: [4, 3, 5], index: { shape: [6, 2, 5], dtype: 'int32', values: 'integer', high: 4 } },
      attrs: { dim: 0 },
    },
    {
      inputs: { x: [2, 3, 4], index: { shape: [1, 5, 3], dtype: 'int32', values: 'integer', high: 3 } },
      attrs: { dim: -2 },
    },
    { inputs: { x: [4], index: { shape: [3], dtype: 'int32', values: [-1, 4, 2] } }, note: 'a place outside gives 0' },
    {
      inputs: {
        x: { shape: [5], dtype: 'int32', values: 'integer', high: 9 },
        index: { shape: [2], dtype: 'int32', values: [4, 0] },
      },
    },
    { inputs: { x: [3, 2], index: { shape: [3, 0], dtype: 'int32' } }, attrs: { dim: 1 } },
    {
      inputs: { x: [512, 8000], index: { shape: [512, 1], dtype: 'int32', values: 'integer', high: 8000 } },
      attrs: { dim: 1 },
      bench: true,
      gradient: false,
    },
  ],
});

/** Sizes of the output and of index and source in MAX_DIMS places, and where the dimension chosen lies among them. */
function scatterSizes(output: Shape, index: Shape, dim: number): { sizes: number[]; limits: number[]; dim: number } {
  const d = normalizeDim('scatterAdd', dim, output.length);
  return {
    sizes: padDims(atLeast1(output), 1),
    limits: padDims(atLeast1(index), 1),
    dim: MAX_DIMS - atLeast1(output).length + d,
  };
}

const scatterAddOp = defineOp({
  name: 'scatterAdd',
  formula: 'y = x, and y[i, index[i, j, k], k] += source[i, j, k] for dim 1',
  inputs: ['x', 'index', 'source'],
  optional: ['x'],
  dtypes: { index: ['int32'] },
  // Without x, zeros of `shape`.
  attrs: { dim: 0, shape: [] as Shape },
  shape: ({ x, index, source }, { dim, shape }) => {
    const to = x?.shape ?? shape;
    check('scatterAdd', to, index.shape, dim);
    if (source.shape.length !== index.shape.length || !index.shape.every((s, e) => s === source.shape[e])) {
      throw new ShapeError(
        `scatterAdd: index ${show(index.shape)} and source ${show(source.shape)}. They must be alike.`,
      );
    }
    return to;
  },
  dtype: 'float32',
  webgpu: ({ x, index, source, output }, attrs, tools) => {
    const { sizes, limits, dim } = scatterSizes(output.shape, index.shape, attrs.dim);
    const total = sizeOf(output.shape);
    return dispatch({
      shader: scatterShader,
      bindings: { x: x ?? tools.none, indices: index, source, output },
      uniforms: {
        total,
        dim,
        base: x === undefined ? 0 : 1,
        sizes: uniformDims(sizes),
        limits: uniformDims(limits),
        strides: uniformDims(rowMajor(limits)),
      },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, index, source, output }, attrs, tools) => {
    const { sizes, limits, dim } = scatterSizes(output.shape, index.shape, attrs.dim);
    const outer = sizeOf(sizes.slice(0, dim));
    const args = [x ?? tools.none, index, source, output, x === undefined ? 0 : 1, dim];
    const grain = Math.ceil((16384 * outer) / Math.max(1, sizeOf(sizes) + sizeOf(limits)));
    return { kernel: 'scatterAdd', args, layout: [...sizes, ...limits], range: outer, grain };
  },
  saves: ['index'],
  grad: (dy, { index }, { attrs: { dim }, needs }) => ({
    x: needs.x ? dy : null,
    source: needs.source ? gather(dy, dim, index) : null,
  }),
  reference: ({ x, index, source }, { dim, shape }): NDArray => {
    const out = x === undefined ? ndarray(shape) : ndarray(x.shape, x.data);
    const d = normalizeDim('scatterAdd', dim, out.shape.length);
    const strides = rowMajor(out.shape);
    for (const i of places(index.shape)) {
      const place = at(index, i);
      if (place < 0 || place >= (out.shape[d] ?? 1)) continue;
      out.data[i.reduce((sum, v, e) => sum + (e === d ? place : v) * strides[e]!, 0)]! += at(source, i);
    }
    return out;
  },
  cases: [
    {
      inputs: { x: [3, 5], index: { shape: [3, 9], dtype: 'int32', values: 'integer', high: 5 }, source: [3, 9] },
      attrs: { dim: 1 },
    },
    {
      inputs: {
        x: [4, 3, 2],
        index: { shape: [7, 2, 1], dtype: 'int32', values: 'integer', high: 4 },
        source: [7, 2, 1],
      },
    },
    {
      inputs: {
        x: [2, 3, 4],
        index: { shape: [1, 5, 3], dtype: 'int32', values: 'integer', high: 3 },
        source: [1, 5, 3],
      },
      attrs: { dim: -2 },
    },
    { inputs: { index: { shape: [3], dtype: 'int32', values: [-1, 4, 2] }, source: [3] }, attrs: { shape: [4] } },
    { inputs: { x: [3, 2], index: { shape: [3, 0], dtype: 'int32' }, source: [3, 0] }, attrs: { dim: 1 } },
    {
      inputs: {
        x: [2048, 1000],
        index: { shape: [2048, 16], dtype: 'int32', values: 'integer', high: 1000 },
        source: [2048, 16],
      },
      attrs: { dim: 1 },
      bench: true,
      gradient: false,
    },
  ],
});

/**
 * Elements of `x` picked along `dim`: y[i, j, k] = x[i, index[i, j, k], k] for dim 1. `index` int32 has as many dimensions
 * as x and is no longer but along dim; the result has its shape. Any dtype. A place outside x gives 0 and no gradient:
 * values on a device cannot be checked without waiting for them. Throws a ShapeError where the shapes do not fit.
 */
export const gather = (x: Tensor, dim: number, index: Tensor): Tensor => gatherOp({ x, index }, { dim });

/**
 * `x` with the elements of `source` added at places along `dim`: y[i, index[i, j, k], k] += source[i, j, k] for dim 1; x
 * itself stays as it is. `index` int32 has as many dimensions as x and source, and is no longer than source, nor than x
 * but along dim. Equal places add up in the order of j, the same in every run. A place outside x adds nothing. On WebGPU
 * each element of x reads its line of the index: for long lists of whole rows use indexSelect and its gradient.
 */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  let from = source;
  if (source.ndim === index.ndim) {
    index.shape.forEach((s, d) => {
      if (s < source.shape[d]!) from = slice(from, d, 0, s);
    });
  }
  return scatterAddOp({ x, index, source: from }, { dim });
}

/** The same onto zeros of `shape`: the gradient of gather. */
const scatterAddZeros = (shape: Shape, dim: number, index: Tensor, source: Tensor): Tensor =>
  scatterAddOp({ index, source }, { dim, shape });
