import { ArgumentError, DTypeError, ShapeError, show } from '../errors.ts';
import { scope } from '../memory.ts';
import { broadcastShapes, type Shape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { named } from '../trace.ts';
import { add, ge, logicalAnd, lt, mul } from './binary.ts';
import { indexSelect } from './indexSelect.ts';
import { expand, permute, reshape, select, slice, unsqueeze } from './views.ts';
import { where } from './where.ts';

/** Places along a dimension as Python's slices write them: `':'`, `'1:'`, `':-1'`, `'2:10:3'`; the step is positive. */
export type IndexRange = `${number | ''}:${number | ''}` | `${number | ''}:${number | ''}:${number | ''}`;

/** What `at` takes for one dimension; null puts one of size 1 in, `'...'` stands for all that are not named. */
export type Index = number | IndexRange | '...' | null | Tensor | readonly number[];

/** A list of places along dimension `dim` of the tensor as it is by then. */
interface Places {
  readonly dim: number;
  readonly index: Tensor | readonly number[];
}

const isList = (item: Index): item is Tensor | readonly number[] => item instanceof Tensor || Array.isArray(item);

/**
 * Part of a tensor, as PyTorch's x[…] reads it; one item for each dimension, from the first one on:
 *
 * - a number takes that place, and the dimension is gone; negative numbers count from the end;
 * - `'1:5'`, `'::2'`, `':'` takes a range, `'...'` all dimensions that no item names, null puts in a dimension of size 1;
 * - a list of numbers or an int32 tensor takes those places; several of them are broadcast against each other and
 *   taken together: x.at([0, 1], [2, 3]) is x[0, 2] and x[1, 3]. Their dimensions stand where the lists did, or first
 *   where something stood between the lists.
 *
 * Numbers and ranges give a view, lists a copy; both have a gradient. A place outside is an error; in a tensor, whose
 * values cannot be checked without waiting for them, it gives 0. For a bool mask use maskedSelect, nonzero or where.
 */
export function at(x: Tensor, ...index: Index[]): Tensor {
  return scope(() => named('at', () => read(x, index)));
}

function read(x: Tensor, index: readonly Index[]): Tensor {
  const named = index.filter((item) => item !== null && item !== '...').length;
  if (named > x.ndim || index.filter((item) => item === '...').length > 1) {
    throw new ShapeError(
      `at: ${named} places of ${show(x.shape)}. Expected at most one for each of its ${x.ndim} dimensions, and one '...'.`,
    );
  }
  let y = x.alias();
  let dim = 0;
  const lists: Places[] = [];
  for (const item of index) {
    if (item === null) y = unsqueeze(y, dim++);
    else if (item === '...') dim += x.ndim - named;
    else if (typeof item === 'number') y = select(y, dim, item);
    else if (isList(item)) lists.push({ dim: dim++, index: item });
    else y = range(y, dim++, item);
  }
  return lists.length === 0 ? y : pick(y, lists);
}

function range(x: Tensor, dim: number, text: string): Tensor {
  const found = /^(-?\d+)?:(-?\d+)?(?::(\d+)?)?$/.exec(text);
  if (found === null) {
    throw new ArgumentError(
      `at: '${text}' along dim ${dim} of ${show(x.shape)}. Expected a range such as '1:5' or '::2'.`,
    );
  }
  const [, start = '0', end, step = '1'] = found;
  return slice(x, dim, Number(start), end === undefined ? null : Number(end), Number(step));
}

/** The places as int32 from 0 on, and whether they are known to lie inside. */
function placesOf({ dim, index }: Places, x: Tensor): { places: Tensor; inside: boolean } {
  const size = x.shape[dim]!;
  if (!(index instanceof Tensor)) {
    const places = index.map((i) => (i < 0 ? i + size : i));
    const outside = places.findIndex((i) => !(Number.isInteger(i) && i >= 0 && i < size));
    if (outside >= 0) {
      throw new ShapeError(
        `at: place ${index[outside]} along dim ${dim} of ${show(x.shape)}. Expected ${-size} to ${size - 1}.`,
      );
    }
    return { places: Tensor.from(x.device, places, [places.length], 'int32'), inside: true };
  }
  if (index.dtype !== 'int32') {
    throw new DTypeError(
      `at: an index ${index.describe()}. Expected int32; for a mask use await maskedSelect(x, mask), or where().`,
    );
  }
  return { places: where(lt(index, 0), add(index, size), index), inside: false };
}

/** Rows of x picked by lists of places, which are broadcast against each other. */
function pick(x: Tensor, lists: readonly Places[]): Tensor {
  const dims = lists.map(({ dim }) => dim);
  const found = lists.map((list) => placesOf(list, x));
  const shape = broadcastShapes('at', ...found.map(({ places }) => places.shape));
  const places = expand(lists.length === 1 ? found[0]!.places : combined(x, dims, found), shape);
  const rest = [...x.shape.keys()].filter((d) => !dims.includes(d));
  const sizes = (of: readonly number[]): Shape => of.map((d) => x.shape[d]!);
  const flat = reshape(places, [sizeOf(shape)]);
  const adjacent = dims.every((d, i) => d === dims[0]! + i);
  const before = adjacent ? dims[0]! : 0;
  if (lists.length === 1) {
    const y = indexSelect(x, dims[0]!, flat);
    return reshape(y, [...x.shape.slice(0, before), ...shape, ...x.shape.slice(before + 1)]);
  }
  const rows = reshape(permute(x, [...dims, ...rest]), [sizeOf(sizes(dims)), sizeOf(sizes(rest))]);
  const y = reshape(indexSelect(rows, 0, flat), [...shape, ...sizes(rest)]);
  // The dimensions of the lists are first; they go behind those before the first list.
  const own = shape.map((_, d) => d);
  const others = rest.map((_, d) => d + shape.length);
  return permute(y, [...others.slice(0, before), ...own, ...others.slice(before)]);
}

/** Places along several dimensions as places along all of them as one; −1 where one of them lies outside. */
function combined(
  x: Tensor,
  dims: readonly number[],
  found: readonly { readonly places: Tensor; readonly inside: boolean }[],
): Tensor {
  let whole: Tensor | null = null;
  let valid: Tensor | null = null;
  for (const [k, { places, inside }] of found.entries()) {
    const size = x.shape[dims[k]!]!;
    whole = whole === null ? places : add(mul(whole, size), places);
    if (inside) continue;
    const fits = logicalAnd(ge(places, 0), lt(places, size));
    valid = valid === null ? fits : logicalAnd(valid, fits);
  }
  return valid === null ? whole! : where(valid, whole!, -1);
}
