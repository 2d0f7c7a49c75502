import { ArgumentError } from '../errors.ts';
import { unscoped } from '../memory.ts';
import { isContiguous } from '../shape.ts';
import { reader, type Tensor } from '../tensor.ts';
import { type Span, spanOf } from './kernels.ts';

/** Where a binding may begin on WebGPU, in elements: tensors of a flat buffer begin at multiples of this. */
export const ALIGN = 64;

/**
 * Where a value beside each parameter begins in a buffer of its own: they lie as the parameters do, so that what is one
 * range there is one range here.
 */
export function layBeside(parameters: readonly Tensor[]): {
  readonly offsets: readonly number[];
  readonly size: number;
} {
  let size = 0;
  let before: Tensor | undefined;
  const offsets = parameters.map((p) => {
    const between = before?.storage === p.storage ? p.offset - before.offset - before.size : -1;
    const follows = between >= 0 && between < ALIGN;
    const offset = follows ? size + between : Math.ceil(size / ALIGN) * ALIGN;
    size = offset + p.size;
    before = p;
    return offset;
  });
  return { offsets, size };
}

/** Elements from the end of `a` to the beginning of `b`; null where they do not follow one another in one storage. */
function gap(a: Span, b: Span): number | null {
  const between = b.offset - a.offset - a.size;
  return a.storage === b.storage && between >= 0 && between < ALIGN ? between : null;
}

/** Spans of one parameter that a kernel walks together: the parameter, its gradient, its state. */
export interface Row {
  readonly spans: readonly Span[];
  /**
   * True where the parameter and its gradient lie in the flat buffers of a model, so that what lies between them and
   * their neighbours is zero. Elsewhere something else may lie there.
   */
  readonly flat: boolean;
  /** Only rows of equal keys may be walked together. */
  readonly key: unknown;
}

/**
 * Rows whose spans all follow one another at equal distances become one: a model whose parameters were flattened is one
 * row, or a few where some have no gradient.
 */
export function mergeRows(rows: readonly Row[]): Row[] {
  const merged: Row[] = [];
  let last: Row | undefined;
  for (const row of rows) {
    const before: Row | undefined = merged[merged.length - 1];
    const gaps = last?.spans.map((span, k) => gap(span, row.spans[k]!)) ?? [null];
    const follows = gaps.every((g) => g !== null && g === gaps[0]) && (gaps[0] === 0 || (last!.flat && row.flat));
    if (before !== undefined && follows && last!.key === row.key) {
      const spans = before.spans.map((span, k) => {
        const end = row.spans[k]!.offset + row.spans[k]!.size;
        return { ...span, size: end - span.offset };
      });
      merged[merged.length - 1] = { ...before, spans };
    } else {
      merged.push(row);
    }
    last = row;
  }
  return merged;
}

/** True where the gradient lies in its place in the model's gradient buffer. */
export const inSlot = ({ grad, gradSlot }: Tensor): boolean =>
  grad !== null && gradSlot !== null && grad.storage === gradSlot.storage && grad.offset === gradSlot.offset;

/** The gradient without gaps, put in place of `p.grad` where that is a view with gaps. */
export function contiguousGrad(p: Tensor): Tensor {
  const { grad } = p;
  if (grad === null) throw new ArgumentError(`optimizer: ${p.describe()} has no gradient.`);
  if (!isContiguous(grad))
    replaceGrad(
      p,
      unscoped(() => reader.contiguous(grad)),
    );
  return p.grad!;
}

/** Sets `p.grad`, freeing the one before. */
export function replaceGrad(p: Tensor, grad: Tensor | null): void {
  p.grad?.dispose();
  p.grad = grad;
}

/** The row of a parameter that has a gradient, with further spans beside. */
export const rowOf = (p: Tensor, beside: readonly Span[] = [], key: unknown = null): Row => ({
  spans: [spanOf(p), spanOf(contiguousGrad(p)), ...beside],
  flat: inSlot(p),
  key,
});
