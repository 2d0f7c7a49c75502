import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { type NDArray, reduce } from '../reference.ts';
import { normalizeDim, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { add, mul, sub } from './binary.ts';
import { indexSelect } from './indexSelect.ts';
import { picked, type ValuesAndIndices } from './picked.ts';
import type { ReduceOptions } from './reduction.ts';
import { argsort, sort } from './sort.ts';
import { narrow, permute, reshape, select } from './views.ts';

/** How a quantile that falls between two elements is made of them. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';

interface QuantileAttrs {
  readonly q: readonly number[];
  readonly dim: number | null;
  readonly keepdim: boolean;
  readonly interpolation: Interpolation;
}

/** The two elements of a sorted line of n that a quantile lies between, and how much of the second it takes. */
function between(q: number, n: number, interpolation: Interpolation): { low: number; high: number; share: number } {
  const place = q * (n - 1);
  const low = Math.floor(place);
  const high = Math.min(n - 1, low + 1);
  const rest = place - low;
  const half = rest === 0.5 ? (low % 2 === 0 ? 0 : 1) : Math.round(rest);
  const share = { linear: rest, lower: 0, higher: Math.ceil(rest), midpoint: rest === 0 ? 0 : 0.5, nearest: half };
  return { low, high, share: share[interpolation] };
}

const quantileOp = defineComposite({
  name: 'quantile',
  formula: 'y = the element at place q · (n − 1) of the sorted line, between two of them in proportion',
  inputs: ['x'],
  attrs: { q: [0.5], dim: null, keepdim: false, interpolation: 'linear' } as QuantileAttrs,
  // [number of q, …], without the dimension that is reduced
  compute: ({ x }, { q, dim, keepdim, interpolation }) => {
    const flat = dim === null || x.ndim === 0 ? reshape(x, [x.size]) : x;
    const d = dim === null ? 0 : normalizeDim('quantile', dim, flat.ndim);
    const n = flat.shape[d]!;
    const found = q.map((v) => between(v, n, interpolation));
    const { values } = sort(flat, d);
    const at = (places: number[]): Tensor => indexSelect(values, d, Tensor.from(x.device, places, [q.length], 'int32'));
    const low = at(found.map((f) => f.low));
    const shares = found.map((f) => f.share);
    const along = flat.shape.map((_, e) => (e === d ? q.length : 1));
    let y = low;
    if (shares.some((share) => share !== 0)) {
      const share = Tensor.from(x.device, shares, along, 'float32');
      y = add(low, mul(sub(at(found.map((f) => f.high)), low), share));
    }
    const rest = [...flat.shape.keys()].filter((e) => e !== d);
    const front = permute(y, [d, ...rest]);
    const kept = x.shape.map((s, e) => (dim === null || e === d ? 1 : s));
    return reshape(front, [q.length, ...(keepdim ? kept : rest.map((e) => flat.shape[e]!))]);
  },
  reference: ({ x }, { q, dim, keepdim, interpolation }): NDArray => {
    const dims =
      dim === null ? [...x.shape.keys()] : x.shape.length === 0 ? [] : [normalizeDim('', dim, x.shape.length)];
    const parts = q.map((v) =>
      reduce(x, dims, keepdim, (line) => {
        const sorted = [...line].sort((a, b) => a - b);
        const { low, high, share } = between(v, sorted.length, interpolation);
        return sorted[low]! + (sorted[high]! - sorted[low]!) * share;
      }),
    );
    return { shape: [q.length, ...parts[0]!.shape], data: Float64Array.from(parts.flatMap((p) => [...p.data])) };
  },
  cases: [
    { inputs: { x: { shape: [3, 8], values: 'distinct' } }, attrs: { q: [0.3], dim: 1 } },
    { inputs: { x: { shape: [3, 8, 2], values: 'distinct' } }, attrs: { q: [0, 0.25, 1], dim: 1, keepdim: true } },
    { inputs: { x: { shape: [2, 5], values: 'distinct' } }, attrs: { q: [0.6, 0.1] } },
    { inputs: { x: { shape: [7], values: 'distinct' } }, attrs: { q: [0.4], interpolation: 'lower' } },
    {
      inputs: { x: { shape: [7], values: 'distinct' } },
      attrs: { q: [0.4], interpolation: 'midpoint', keepdim: true },
    },
    { inputs: { x: [] } },
  ],
});

export interface QuantileOptions extends ReduceOptions {
  /** Default: linear. */
  readonly interpolation?: Interpolation;
}

const INTERPOLATIONS: readonly string[] = ['linear', 'lower', 'higher', 'midpoint', 'nearest'];

/**
 * The q-th quantile, 0 ≤ q ≤ 1, along `dim` or of all elements: of n in order the one at place q · (n − 1), or between two
 * of them as `interpolation` says. A list of q gives a first dimension with one result for each. float32; NaN counts as
 * the largest element.
 */
export function quantile(
  x: Tensor,
  q: number | readonly number[],
  dim?: number | null,
  { keepdim = false, interpolation = 'linear' }: QuantileOptions = {},
): Tensor {
  const list = typeof q === 'number' ? [q] : q;
  if (list.length === 0 || !list.every((v) => v >= 0 && v <= 1)) {
    throw new ArgumentError(`quantile: q ${show(list)}. Expected numbers from 0 to 1.`);
  }
  if (!INTERPOLATIONS.includes(interpolation)) {
    throw new ArgumentError(`quantile: interpolation '${interpolation}'. Expected ${INTERPOLATIONS.join(', ')}.`);
  }
  checkSome('quantile', x.shape, dim ?? null);
  const y = quantileOp({ x }, { q: list, dim: dim ?? null, keepdim, interpolation });
  if (typeof q !== 'number') return y;
  const one = select(y, 0, 0);
  y.dispose();
  return one;
}

function checkSome(op: string, shape: Shape, dim: number | null): void {
  const n = dim === null ? shape.reduce((a, b) => a * b, 1) : (shape[normalizeDim(op, dim, shape.length)] ?? 1);
  if (n === 0) throw new ShapeError(`${op}: ${show(shape)} has no elements to choose from. Expected at least one.`);
}

/**
 * The median of all elements, as a scalar; or, along `dim`, that of each line and where it lies. Of an even number of
 * elements it is the lower of the two in the middle, as in PyTorch; quantile(x, 0.5) is between them. float32.
 */
export function median(x: Tensor): Tensor;
export function median(x: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
export function median(x: Tensor, dim?: number, options: ReduceOptions = {}): Tensor | ValuesAndIndices {
  checkSome('median', x.shape, dim ?? null);
  if (dim === undefined) return quantile(x, 0.5, null, { interpolation: 'lower' });
  return picked(x, dim, options, (y, d) => {
    const line = normalizeDim('median', d, y.ndim);
    return narrow(argsort(y, line), line, (y.shape[line]! - 1) >> 1, 1);
  });
}
