import { ArgumentError, ShapeError, show } from '../errors.ts';
import { normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { expand, permute, reshape, select } from './views.ts';

/** Dimensions moved to other places; the others stay in their order. A view. */
export function movedim(x: Tensor, from: number | readonly number[], to: number | readonly number[]): Tensor {
  const list = (dims: number | readonly number[]): number[] =>
    (typeof dims === 'number' ? [dims] : dims).map((d) => normalizeDim('movedim', d, x.ndim));
  const [source, target] = [list(from), list(to)];
  if (source.length !== target.length || [source, target].some((dims) => new Set(dims).size !== dims.length)) {
    throw new ShapeError(
      `movedim: dims ${show(source)} to ${show(target)}. Expected as many places as dimensions, none named twice.`,
    );
  }
  const rest = [...x.shape.keys()].filter((d) => !source.includes(d));
  const order = x.shape.map((_, d) => (target.includes(d) ? source[target.indexOf(d)]! : rest.shift()!));
  return permute(x, order);
}

/** Every x[…, i, …] along `dim`, without that dimension. Views. */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  const d = normalizeDim('unbind', dim, x.ndim);
  if (x.ndim === 0) throw new ShapeError('unbind: a scalar has no dimension to take apart.');
  return Array.from({ length: x.shape[d]! }, (_, i) => select(x, d, i));
}

/** A scalar as a vector of one; everything else as it is. A view. */
export const atLeast1d = (x: Tensor): Tensor => reshape(x, x.ndim === 0 ? [1] : x.shape);

/** A scalar as [1, 1], a vector as one row [1, n]; everything else as it is. A view. */
export const atLeast2d = (x: Tensor): Tensor =>
  reshape(x, x.ndim === 0 ? [1, 1] : x.ndim === 1 ? [1, ...x.shape] : x.shape);

/** As torch.atleast_3d: [] becomes [1, 1, 1], [n] becomes [1, n, 1], [m, n] becomes [m, n, 1]. A view. */
export const atLeast3d = (x: Tensor): Tensor =>
  reshape(x, x.ndim === 0 ? [1, 1, 1] : x.ndim === 1 ? [1, ...x.shape, 1] : x.ndim === 2 ? [...x.shape, 1] : x.shape);

/**
 * Coordinates of a grid: from vectors of n0, n1, … elements one tensor of shape [n0, n1, …] each, which varies along its
 * own dimension alone. `indexing: 'xy'` exchanges the first two dimensions, as numpy does by default. Views.
 */
export function meshgrid(
  vectors: readonly Tensor[],
  { indexing = 'ij' }: { readonly indexing?: 'ij' | 'xy' } = {},
): Tensor[] {
  const bad = vectors.find((v) => v.ndim > 1);
  if (bad !== undefined) throw new ShapeError(`meshgrid: ${show(bad.shape)} is no vector. Expected vectors.`);
  if (indexing !== 'ij' && indexing !== 'xy') {
    throw new ArgumentError(`meshgrid: indexing ${JSON.stringify(indexing)}. Expected 'ij' or 'xy'.`);
  }
  const order = [...vectors.keys()];
  if (indexing === 'xy' && order.length > 1) [order[0], order[1]] = [1, 0];
  const sizes = order.map((k) => vectors[k]!.size);
  return vectors.map((v, k) => {
    const own = order.indexOf(k);
    const line = reshape(
      v,
      sizes.map((n, d) => (d === own ? n : 1)),
    );
    const grid = expand(line, sizes);
    line.dispose();
    return grid;
  });
}
