import { given, ShapeError, show } from './errors.ts';

/** Sizes of each dimension; `[]` is a scalar. */
export type Shape = readonly number[];

/** How a tensor lies in its buffer: element (i, j, …) is at `offset + i·strides[0] + j·strides[1] + …`, in elements. */
export interface Layout {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Number of elements: the product of the sizes; 1 for a scalar. */
export const sizeOf = (shape: Shape): number => {
  let n = 1;
  for (const s of shape) n *= s;
  return n;
};

/** Throws a ShapeError for what is no list of sizes: whole numbers from 0. */
export function checkShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape)) {
    const hint = typeof shape === 'number' ? `${op}([${shape}])` : `${op}([2, 3])`;
    throw new ShapeError(`${op}: the shape is ${given(shape)}, expected an array of sizes. Write ${hint}.`);
  }
  for (const size of shape) {
    if (Number.isInteger(size) && size >= 0) continue;
    throw new ShapeError(`${op}: the shape holds ${given(size)}, expected whole numbers from 0, such as [2, 3].`);
  }
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Row-major strides: the last dimension is 1. */
export function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(1, shape[i]!);
  }
  return strides;
}

/** True when the elements lie row-major without gaps (whatever the offset). */
export function isContiguous({ shape, strides }: Pick<Layout, 'shape' | 'strides'>): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!;
    if (size === 0) return true;
    if (size !== 1 && strides[i] !== step) return false;
    step *= size;
  }
  return true;
}

/** True when the elements fill one piece of memory without gaps, each once, the dimensions in any order. */
export function isDense({ shape, strides }: Pick<Layout, 'shape' | 'strides'>): boolean {
  const order = shape.map((_, d) => d).sort((a, b) => strides[b]! - strides[a]! || shape[b]! - shape[a]!);
  return isContiguous({ shape: order.map((d) => shape[d]!), strides: order.map((d) => strides[d]!) });
}

/** A dimension counted from the end when negative: −1 is the last. */
export function normalizeDim(op: string, dim: number, rank: number): number {
  const d = dim < 0 ? dim + Math.max(1, rank) : dim;
  if (!Number.isInteger(dim) || d < 0 || d >= Math.max(1, rank)) {
    throw new ShapeError(`${op}: dim ${dim} of a ${rank}-dimensional tensor. Expected ${-rank} to ${rank - 1}.`);
  }
  return d;
}

/** Several dimensions, or all of them when none are named; sorted, without repeats. */
export function normalizeDims(op: string, dim: number | readonly number[] | null | undefined, rank: number): number[] {
  if (dim === null || dim === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof dim === 'number' ? [dim] : dim).map((d) => normalizeDim(op, d, rank));
  const set = [...new Set(list)].sort((a, b) => a - b);
  if (set.length !== list.length) throw new ShapeError(`${op}: dims ${show(list)} name a dimension twice.`);
  return rank === 0 ? [] : set;
}

/** NumPy's rule: align at the right; sizes are equal or one of them is 1. */
export function broadcastShapes(op: string, ...shapes: Shape[]): Shape {
  const [first = []] = shapes;
  if (shapes.every((shape) => sameShape(shape, first))) return first;
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    let size = 1;
    for (const shape of shapes) {
      const s = shape[i - rank + shape.length] ?? 1;
      if (s === 1 || s === size) continue;
      if (size !== 1) {
        throw new ShapeError(
          `${op}: shapes ${shapes.map(show).join(' and ')} do not broadcast: ` +
            `dimension ${i - rank} is ${size} and ${s}. Sizes must be equal, or one of them 1.`,
        );
      }
      size = s;
    }
    return size;
  });
}

/** Strides that read `layout` as if it had `shape` (0 along what is repeated). `shape` must be a valid broadcast. */
export function broadcastStrides({ shape, strides }: Pick<Layout, 'shape' | 'strides'>, to: Shape): number[] {
  const lead = to.length - shape.length;
  return to.map((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? 0 : strides[i - lead]!));
}

/** The sizes asked for, with one −1 filled in. */
export function resolveShape(op: string, from: Shape, to: Shape): number[] {
  const total = sizeOf(from);
  const free = to.indexOf(-1);
  const known = to.reduce((n, s, i) => (i === free ? n : n * s), 1);
  const bad = to.some((s, i) => i !== free && (!Number.isInteger(s) || s < 0));
  const fill = known === 0 ? 0 : total / known;
  if (bad || (free < 0 ? known !== total : !Number.isInteger(fill) || (known === 0 && total !== 0))) {
    throw new ShapeError(
      `${op}: ${show(from)} has ${total} elements and cannot become ${show(to)}. ` +
        `The sizes must multiply to ${total}; one of them may be -1.`,
    );
  }
  return to.map((s, i) => (i === free ? fill : s));
}

/** Strides that give `layout` the new shape without moving data, or null where a copy is needed. */
export function viewStrides({ shape, strides }: Pick<Layout, 'shape' | 'strides'>, to: Shape): number[] | null {
  if (sizeOf(shape) === 0 || isContiguous({ shape, strides })) return rowMajor(to);
  // Group the old dimensions into runs that lie like one dimension, then cut each run at the new sizes.
  const out = new Array<number>(to.length).fill(1);
  let j = to.length - 1;
  let i = shape.length - 1;
  while (i >= 0) {
    let run = shape[i]!;
    const step = strides[i]!;
    let k = i - 1;
    while (k >= 0 && (shape[k] === 1 || strides[k] === run * step)) run *= shape[k--]!;
    i = k;
    let inner = step;
    let left = run;
    while (j >= 0 && (left > 1 || to[j] === 1)) {
      if (left % to[j]! !== 0) return null;
      out[j] = inner;
      inner *= to[j]!;
      left /= to[j]!;
      j--;
    }
    if (left !== 1) return null;
  }
  return out;
}

/** One shape and the strides of several operands over it, as few dimensions as possible. */
export interface Iteration {
  readonly shape: number[];
  /** `strides[k][d]`: step of operand k along dimension d, in elements. */
  readonly strides: number[][];
}

/**
 * Merges neighbouring dimensions that every operand walks as one, and drops those of size 1. Kernels over strided
 * operands then need few dimensions: contiguous operands always end with one.
 */
export function mergeDims(shape: Shape, strides: readonly (readonly number[])[]): Iteration {
  const outShape: number[] = [];
  const out: number[][] = strides.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    const size = shape[d]!;
    if (size === 1) continue;
    const last = outShape.length - 1;
    if (last >= 0 && strides.every((s, k) => out[k]![last] === s[d]! * size)) {
      outShape[last]! *= size;
      for (const [k, s] of strides.entries()) out[k]![last] = s[d]!;
    } else {
      outShape.push(size);
      for (const [k, s] of strides.entries()) out[k]!.push(s[d]!);
    }
  }
  return { shape: outShape, strides: out };
}
