import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineView } from '../op.ts';
import { at, build, type NDArray, ndarray } from '../reference.ts';
import { broadcastStrides, type Layout, normalizeDim, resolveShape, type Shape, viewStrides } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { contiguous } from './contiguous.ts';
import { embedSlice } from './embedSlice.ts';
import { sumTo } from './sumTo.ts';

const anyType = { x: ['float32', 'float16', 'int32', 'bool'] } as const;

const reshapeOp = defineView({
  name: 'reshape',
  formula: 'the same elements in row-major order, other sizes',
  inputs: ['x'],
  dtypes: anyType,
  attrs: { shape: [] as Shape },
  layout: (x, { shape }) => {
    const to = resolveShape('reshape', x.shape, shape);
    const strides = viewStrides(x, to);
    return strides && { shape: to, strides, offset: x.offset };
  },
  copy: (x, attrs) => {
    const flat = contiguous(x);
    const y = reshape(flat, attrs.shape);
    flat.dispose();
    return y;
  },
  grad: (dy, { shapes }) => reshape(dy, shapes.x),
  reference: ({ x }, { shape }) => ndarray(resolveShape('reshape', x.shape, shape), x.data),
  cases: [
    { inputs: { x: [6, 4] }, attrs: { shape: [3, -1] } },
    { inputs: { x: [1] }, attrs: { shape: [] } },
    { inputs: { x: [2, 0, 3] }, attrs: { shape: [0, 5] } },
  ],
});

/** The same elements in row-major order with other sizes, one of which may be −1. A view where the strides allow it. */
export const reshape = (x: Tensor, shape: Shape): Tensor => reshapeOp(x, { shape });

/** All dimensions from `start` to `end` as one. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  const from = normalizeDim('flatten', start, x.ndim);
  const to = normalizeDim('flatten', end, x.ndim);
  if (to < from) throw new ShapeError(`flatten: end ${end} lies before start ${start} in ${show(x.shape)}.`);
  const size = x.shape.slice(from, to + 1).reduce((n, s) => n * s, 1);
  return reshape(x, [...x.shape.slice(0, from), size, ...x.shape.slice(to + 1)]);
}

/** A dimension of size 1 put in at `dim`. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const at = normalizeDim('unsqueeze', dim, x.ndim + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Without the dimension `dim`, which must have size 1; without all such dimensions when none is named. */
export function squeeze(x: Tensor, dim?: number): Tensor {
  if (dim === undefined)
    return reshape(
      x,
      x.shape.filter((s) => s !== 1),
    );
  const at = normalizeDim('squeeze', dim, x.ndim);
  if (x.shape[at] !== 1)
    throw new ShapeError(`squeeze: dim ${dim} of ${show(x.shape)} has size ${x.shape[at]}, expected 1.`);
  return reshape(
    x,
    x.shape.filter((_, d) => d !== at),
  );
}

function checkDims(dims: readonly number[], rank: number): number[] {
  const order = dims.map((d) => normalizeDim('permute', d, rank));
  if (order.length !== rank || new Set(order).size !== rank) {
    throw new ShapeError(`permute: dims ${show(dims)} of a ${rank}-dimensional tensor. Name each dimension once.`);
  }
  return order;
}

const permuteOp = defineView({
  name: 'permute',
  formula: 'y[i…] = x[dimensions in another order]',
  inputs: ['x'],
  dtypes: anyType,
  attrs: { dims: [] as readonly number[] },
  layout: (x, { dims }) => {
    const order = checkDims(dims, x.shape.length);
    return { shape: order.map((d) => x.shape[d]!), strides: order.map((d) => x.strides[d]!), offset: x.offset };
  },
  grad: (dy, { attrs: { dims } }) => {
    const order = checkDims(dims, dims.length);
    return permute(
      dy,
      order.map((_, d) => order.indexOf(d)),
    );
  },
  reference: ({ x }, { dims }) => {
    const order = checkDims(dims, x.shape.length);
    return build(
      order.map((d) => x.shape[d]!),
      (index) =>
        at(
          x,
          order.map((_, d) => index[order.indexOf(d)]!),
        ),
    );
  },
  cases: [
    { inputs: { x: [2, 3, 5] }, attrs: { dims: [2, 0, 1] } },
    { inputs: { x: [2, 3, 4, 5] }, attrs: { dims: [0, 2, 1, 3] } },
  ],
});

/** The dimensions in another order: `permute(x, [0, 2, 1])`. A view. */
export const permute = (x: Tensor, dims: readonly number[]): Tensor => permuteOp(x, { dims });

/** Two dimensions exchanged. A view. */
export function transpose(x: Tensor, dim0 = -2, dim1 = -1): Tensor {
  const [a, b] = [normalizeDim('transpose', dim0, x.ndim), normalizeDim('transpose', dim1, x.ndim)];
  return permute(
    x,
    x.shape.map((_, d) => (d === a ? b : d === b ? a : d)),
  );
}

function expandedShape(from: Shape, to: Shape): number[] {
  const lead = to.length - from.length;
  const shape = to.map((s, i) => (s === -1 && i >= lead ? from[i - lead]! : s));
  if (
    lead < 0 ||
    shape.some((s, i) => i >= lead && from[i - lead] !== 1 && from[i - lead] !== s) ||
    shape.some((s) => s < 0)
  ) {
    throw new ShapeError(
      `expand: ${show(from)} to ${show(to)}. Only sizes of 1 can grow, and new dimensions come first.`,
    );
  }
  return shape;
}

const expandOp = defineView({
  name: 'expand',
  formula: 'x repeated along dimensions of size 1, without copying',
  inputs: ['x'],
  dtypes: anyType,
  attrs: { shape: [] as Shape },
  layout: (x, { shape }) => {
    const to = expandedShape(x.shape, shape);
    return { shape: to, strides: broadcastStrides(x, to), offset: x.offset };
  },
  grad: (dy, { shapes }) => sumTo(dy, shapes.x),
  reference: ({ x }, { shape }) => {
    const to = expandedShape(x.shape, shape);
    const lead = to.length - x.shape.length;
    return build(to, (index) =>
      at(
        x,
        x.shape.map((s, d) => (s === 1 ? 0 : index[d + lead]!)),
      ),
    );
  },
  cases: [
    { inputs: { x: [3, 1] }, attrs: { shape: [2, 3, 4] } },
    { inputs: { x: [] }, attrs: { shape: [5] } },
    { inputs: { x: [1, 4] }, attrs: { shape: [3, -1] } },
  ],
});

/** x repeated along its dimensions of size 1, and along new leading ones; −1 keeps a size. A view with stride 0. */
export const expand = (x: Tensor, shape: Shape): Tensor => expandOp(x, { shape });

/** Bounds as Python's slices have them: negative from the end, cut to the size. */
function bounds(size: number, { start, end, step }: SliceAttrs): { start: number; length: number } {
  if (!Number.isInteger(step) || step < 1)
    throw new ArgumentError(`slice: step ${step}, expected an integer of at least 1.`);
  const place = (i: number): number => Math.min(size, Math.max(0, i < 0 ? i + size : i));
  const from = place(start);
  return { start: from, length: Math.max(0, Math.ceil((place(end ?? size) - from) / step)) };
}

interface SliceAttrs {
  readonly dim: number;
  readonly start: number;
  readonly end: number | null;
  readonly step: number;
}

function sliceLayout({ shape, strides, offset }: Layout, attrs: SliceAttrs): Layout {
  const dim = normalizeDim('slice', attrs.dim, shape.length);
  const { start, length } = bounds(shape[dim]!, attrs);
  return {
    shape: shape.map((s, d) => (d === dim ? length : s)),
    strides: strides.map((s, d) => (d === dim ? s * attrs.step : s)),
    offset: offset + (length === 0 ? 0 : start * strides[dim]!),
  };
}

const sliceOp = defineView({
  name: 'slice',
  formula: 'y[…, i, …] = x[…, start + i·step, …]',
  inputs: ['x'],
  dtypes: anyType,
  attrs: { dim: 0, start: 0, end: null, step: 1 } as SliceAttrs,
  layout: sliceLayout,
  grad: (dy, { attrs, shapes }) => {
    const dim = normalizeDim('slice', attrs.dim, shapes.x.length);
    const { start, length } = bounds(shapes.x[dim]!, attrs);
    if (length === shapes.x[dim]) return dy;
    return embedSlice(dy, shapes.x, dim, start, attrs.step);
  },
  reference: ({ x }, attrs): NDArray => {
    const dim = normalizeDim('slice', attrs.dim, x.shape.length);
    const { start, length } = bounds(x.shape[dim]!, attrs);
    const shape = x.shape.map((s, d) => (d === dim ? length : s));
    return build(shape, (index) =>
      at(
        x,
        index.map((i, d) => (d === dim ? start + i * attrs.step : i)),
      ),
    );
  },
  cases: [
    { inputs: { x: [4, 7] }, attrs: { dim: 1, start: 1, end: 6 } },
    { inputs: { x: [4, 7, 2] }, attrs: { dim: -2, start: 0, step: 3 } },
    { inputs: { x: [5] }, attrs: { dim: 0, start: -2 } },
    { inputs: { x: [5, 2] }, attrs: { dim: 0, start: 3, end: 3 } },
    { inputs: { x: [1, 4] }, attrs: { dim: 0, start: -3, step: 2 } },
  ],
});

/** Elements `start`, `start + step`, … before `end` along `dim`; negative numbers count from the end. A view. */
export const slice = (x: Tensor, dim: number, start = 0, end: number | null = null, step = 1): Tensor =>
  sliceOp(x, { dim, start, end, step });

/** `length` elements from `start` along `dim`. A view. */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const size = x.shape[normalizeDim('narrow', dim, x.ndim)]!;
  if (start < 0 || length < 0 || start + length > size) {
    throw new ShapeError(
      `narrow: ${start} to ${start + length} along dim ${dim} of ${show(x.shape)}, which has ${size}.`,
    );
  }
  return slice(x, dim, start, start + length);
}

/** Element `index` along `dim`, which the result no longer has. A view. */
export function select(x: Tensor, dim: number, index: number): Tensor {
  const d = normalizeDim('select', dim, x.ndim);
  const size = x.shape[d]!;
  const i = index < 0 ? index + size : index;
  if (!Number.isInteger(i) || i < 0 || i >= size) {
    throw new ShapeError(
      `select: index ${index} along dim ${dim} of ${show(x.shape)}. Expected ${-size} to ${size - 1}.`,
    );
  }
  const row = slice(x, d, i, i + 1);
  const y = squeeze(row, d);
  row.dispose();
  return y;
}

/** The parts of `x` along `dim`: of `size` elements each (the last may be smaller), or of the sizes given. Views. */
export function split(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  const d = normalizeDim('split', dim, x.ndim);
  const total = x.shape[d]!;
  if (typeof size === 'number' && (!Number.isInteger(size) || size < 1)) {
    throw new ArgumentError(`split: parts of size ${size}, expected an integer of at least 1.`);
  }
  const sizes =
    typeof size === 'number'
      ? Array.from({ length: Math.ceil(total / size) }, (_, i) => Math.min(size, total - i * size))
      : size;
  if (sizes.reduce((a, b) => a + b, 0) !== total) {
    throw new ShapeError(`split: sizes ${show(sizes)} along dim ${dim} of ${show(x.shape)} do not add up to ${total}.`);
  }
  let start = 0;
  return sizes.map((length) => narrow(x, d, (start += length) - length, length));
}

/** `n` parts of equal size along `dim`; the last may be smaller. Views. */
export function chunk(x: Tensor, n: number, dim = 0): Tensor[] {
  return split(x, Math.max(1, Math.ceil(x.shape[normalizeDim('chunk', dim, x.ndim)]! / n)), dim);
}
