import type { BackendName, Launch, Operand } from '../backend.ts';
import { copyLaunch } from '../copy.ts';
import type { LaunchTools } from '../launch.ts';
import { isContiguous, type Layout, normalizeDim, type Shape } from '../shape.ts';

/**
 * How the kernels that work along dimensions (reductions, softmax, cumsum) see a tensor: as [outer, n, inner], where n
 * runs along the dimension worked on. Element (o, i, j) lies at (o·n + i)·inner + j, and each pair (o, j) is one line.
 */
export interface Lines {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** The lines along `dim` of a contiguous tensor; a scalar is one line of one element. */
export function linesAlong(op: string, shape: Shape, dim: number): Lines {
  const d = normalizeDim(op, dim, shape.length);
  return { outer: product(shape.slice(0, d)), n: shape[d] ?? 1, inner: product(shape.slice(d + 1)) };
}

/** The same for dimensions `dims` that lie beside one another, but for dimensions of size 1; null where they do not. */
function linesOver(shape: Shape, dims: readonly number[]): Lines | null {
  const reduced = shape.map((_, d) => dims.includes(d));
  const used = shape.flatMap((s, d) => (s === 1 ? [] : [d]));
  const first = used.findIndex((d) => reduced[d]);
  if (first < 0) return { outer: product(shape), n: 1, inner: 1 };
  const last = used.reduce((at, d, i) => (reduced[d] ? i : at), first);
  const middle = used.slice(first, last + 1);
  if (!middle.every((d) => reduced[d])) return null;
  const size = (ds: readonly number[]): number => product(ds.map((d) => shape[d]!));
  return { outer: size(used.slice(0, first)), n: size(middle), inner: size(used.slice(last + 1)) };
}

const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/**
 * How the 256 threads of a workgroup share the lines (shaders/lib/lines.wgsl): about eight elements for each thread of a
 * line where elements follow one another; lines beside one another where they do not.
 */
export function threadsFor({ outer, n, inner }: Lines): {
  readonly ROWS: number;
  readonly COLS: number;
  readonly ALONG: number;
} {
  const rows =
    inner === 1
      ? Math.min(256, powerOfTwo(n / 8))
      : Math.min(256 / Math.min(32, powerOfTwo(outer * inner)), powerOfTwo(n));
  return { ROWS: rows, COLS: 256 / rows, ALONG: inner === 1 ? 1 : 0 };
}

const permuted = ({ shape, strides, offset }: Layout, order: readonly number[]): Layout => ({
  shape: order.map((d) => shape[d]!),
  strides: order.map((d) => strides[d]!),
  offset,
});

/** An operand laid out as lines over several dimensions, and the copies that bring it there. */
export interface Arranged {
  /** Contiguous; its offset may be any number. */
  readonly x: Operand;
  readonly lines: Lines;
  readonly copies: readonly Launch[];
}

/**
 * Arranges `x` (any strides) for a reduction over `dims`, in any order of the elements of a line. No copy is needed
 * where x lies without gaps in some order of its dimensions, the reduced ones beside one another and the others in
 * order; that covers contiguous tensors and most transposed ones.
 */
export function arrange(backend: BackendName, x: Operand, dims: readonly number[], tools: LaunchTools): Arranged {
  const inOrder = x.shape.map((_, d) => d);
  const inMemory = [...inOrder].sort((a, b) => x.strides[b]! - x.strides[a]! || a - b);
  for (const order of [inOrder, inMemory]) {
    const view = permuted(x, order);
    if (!isContiguous(view)) continue;
    const kept = order.filter((d) => !dims.includes(d) && x.shape[d] !== 1);
    if (kept.some((d, i) => i > 0 && d < kept[i - 1]!)) continue;
    const lines = linesOver(
      view.shape,
      order.flatMap((d, i) => (dims.includes(d) ? [i] : [])),
    );
    if (lines !== null) return { x: { ...x, ...view }, lines, copies: [] };
  }
  // The reduced dimensions stay where they are if they lie together, else they become the last ones.
  const together = linesOver(x.shape, dims);
  const order = together === null ? [...inOrder.filter((d) => !dims.includes(d)), ...dims] : inOrder;
  const view = permuted(x, order);
  const to: Operand = { ...tools.scratch(view.shape), dtype: x.dtype };
  const n = product(dims.map((d) => x.shape[d]!));
  const lines = together ?? { outer: product(x.shape.filter((_, d) => !dims.includes(d))), n, inner: 1 };
  return { x: to, lines, copies: copyLaunch[backend]({ ...x, ...view }, to) };
}
