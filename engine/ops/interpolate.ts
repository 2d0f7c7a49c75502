import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { indexSelect } from './indexSelect.ts';
import { matmul } from './matmul.ts';
import { reshape, transpose } from './views.ts';

/** How values between the pixels of the source are made. `linear` is bilinear over two dimensions. */
export type InterpolationMode = 'nearest' | 'linear' | 'bilinear' | 'bicubic' | 'area';

interface ResizeAttrs {
  /** Of the last dimensions. */
  readonly size: readonly number[];
  /** Steps in the source for one in the output, where the user gave a scale; else the ratio of the sizes. */
  readonly steps: readonly (number | null)[];
  readonly mode: InterpolationMode;
  readonly alignCorners: boolean;
  readonly antialias: boolean;
}

const linear = (t: number): number => Math.max(0, 1 - Math.abs(t));

/** Keys 1981; a is −0.75 as in PyTorch and OpenCV, −0.5 as in PIL where it is antialiased. */
const cubic =
  (a: number) =>
  (t: number): number => {
    const d = Math.abs(t);
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  };

/**
 * How much each of n places of the source counts in each of `size` of the output, as rows of a matrix [size, n]. Places
 * beyond the ends are those at the ends.
 */
function weights(n: number, size: number, step: number | null, attrs: ResizeAttrs): Float64Array {
  const { mode, alignCorners, antialias } = attrs;
  const out = new Float64Array(size * n);
  if (mode === 'area') {
    for (let i = 0; i < size; i++) {
      const [begin, end] = [Math.floor((i * n) / size), Math.ceil(((i + 1) * n) / size)];
      out.fill(1 / (end - begin), i * n + begin, i * n + end);
    }
    return out;
  }
  const scale = alignCorners ? (size > 1 ? (n - 1) / (size - 1) : 0) : (step ?? n / size);
  const shrink = antialias ? Math.max(1, scale) : 1;
  const filter = mode === 'bicubic' ? cubic(antialias ? -0.5 : -0.75) : linear;
  const reach = (mode === 'bicubic' ? 2 : 1) * shrink;
  for (let i = 0; i < size; i++) {
    const centre = alignCorners ? i * scale : (i + 0.5) * scale - 0.5;
    // bilinear: a place before the first pixel is at it
    const place = mode === 'bicubic' || antialias ? centre : Math.max(0, centre);
    let total = 0;
    for (let j = Math.ceil(place - reach); j <= Math.floor(place + reach); j++) {
      if (antialias && (j < 0 || j >= n)) continue;
      const weight = filter((j - place) / shrink);
      total += weight;
      out[i * n + Math.min(n - 1, Math.max(0, j))]! += weight;
    }
    if (antialias) for (let j = 0; j < n; j++) out[i * n + j]! /= total;
  }
  return out;
}

/** The place in the source that each of the output is taken from. */
const nearest = (n: number, size: number, step: number | null): number[] =>
  Array.from({ length: size }, (_, i) => Math.min(n - 1, Math.floor(i * (step ?? n / size))));

const resizeOp = defineComposite({
  name: 'interpolate',
  formula: 'x at other sizes: along each dimension a weighted sum of the places nearby',
  inputs: ['x'],
  attrs: { size: [], steps: [], mode: 'bilinear', alignCorners: false, antialias: false } as ResizeAttrs,
  // One dimension after another, the one that shrinks most first; as a product with a matrix.
  compute: ({ x }, attrs) => {
    const { size, steps, mode } = attrs;
    const lead = x.ndim - size.length;
    const order = [...size.keys()].sort((a, b) => size[a]! / x.shape[lead + a]! - size[b]! / x.shape[lead + b]!);
    let y = x.alias();
    for (const k of order) {
      const [d, n, to] = [lead + k, x.shape[lead + k]!, size[k]!];
      if (n === to && steps[k] === null && mode !== 'bicubic') continue;
      if (mode === 'nearest') {
        y = indexSelect(y, d, Tensor.from(x.device, nearest(n, to, steps[k]!), [to], 'int32'));
        continue;
      }
      const matrix = Tensor.from(x.device, weights(n, to, steps[k]!, attrs), [to, n], 'float32');
      const shape = y.shape.map((s, e) => (e === d ? to : s));
      const after = sizeOf(y.shape.slice(d + 1));
      y = reshape(
        after === 1
          ? matmul(reshape(y, [sizeOf(y.shape) / n, n]), transpose(matrix))
          : matmul(matrix, reshape(y, [sizeOf(y.shape.slice(0, d)), n, after])),
        shape,
      );
    }
    return y;
  },
  reference: ({ x }, attrs): NDArray => {
    const lead = x.shape.length - attrs.size.length;
    return attrs.size.reduce((y, to, k) => {
      const d = lead + k;
      const n = x.shape[d]!;
      const rows = new Float64Array(to * n);
      if (attrs.mode === 'nearest') for (const [i, j] of nearest(n, to, attrs.steps[k]!).entries()) rows[i * n + j] = 1;
      else rows.set(weights(n, to, attrs.steps[k]!, attrs));
      const out = ndarray(y.shape.map((s, e) => (e === d ? to : s)));
      const after = sizeOf(y.shape.slice(d + 1));
      for (let o = 0; o < sizeOf(y.shape.slice(0, d)); o++) {
        for (let i = 0; i < to; i++) {
          for (let j = 0; j < n; j++) {
            for (let a = 0; a < after; a++) {
              out.data[(o * to + i) * after + a]! += rows[i * n + j]! * y.data[(o * n + j) * after + a]!;
            }
          }
        }
      }
      return out;
    }, x);
  },
  cases: [
    { inputs: { x: [1, 2, 3, 4] }, attrs: { size: [5, 7], steps: [null, null], mode: 'nearest' } },
    { inputs: { x: [1, 2, 6, 5] }, attrs: { size: [4, 9], steps: [null, null], mode: 'bilinear' } },
    { inputs: { x: [2, 6, 5] }, attrs: { size: [3, 5], steps: [null, null], mode: 'bicubic', antialias: true } },
    { inputs: { x: [2, 1, 7] }, attrs: { size: [3], steps: [null], mode: 'linear', alignCorners: true } },
    { inputs: { x: [1, 2, 7, 5] }, attrs: { size: [3, 2], steps: [null, null], mode: 'area' } },
  ],
});

export interface InterpolateOptions {
  /** Of the last dimensions: one number for one dimension, or for both. Either this or `scaleFactor`. */
  readonly size?: number | readonly number[];
  readonly scaleFactor?: number | readonly number[];
  /** Default: nearest. */
  readonly mode?: InterpolationMode;
  /** The corners of source and output coincide. Default: the edges of their pixels do. */
  readonly alignCorners?: boolean;
  /** bilinear and bicubic: shrinking takes all that lies below a pixel into account, as PIL does. */
  readonly antialias?: boolean;
}

/**
 * `x` [batch, channels, length] or [batch, channels, height, width] at other sizes, as torch.nn.functional.interpolate: by
 * the nearest pixel, linear or bilinear, bicubic (Keys 1981), or the mean of the area. Both dimensions are products with
 * small matrices, so that the gradient is too. float32.
 *
 * @throws {ShapeError} for other shapes, {ArgumentError} for options that do not go together
 */
export function interpolate(
  x: Tensor,
  { size, scaleFactor, mode = 'nearest', alignCorners = false, antialias = false }: InterpolateOptions,
): Tensor {
  const dims = x.ndim - 2;
  if (dims !== 1 && dims !== 2) {
    throw new ShapeError(
      `interpolate: ${show(x.shape)}. Expected [batch, channels, length] or [batch, channels, height, width].`,
    );
  }
  const smooth = mode === 'linear' || mode === 'bilinear' || mode === 'bicubic';
  if (!smooth && mode !== 'nearest' && mode !== 'area') {
    throw new ArgumentError(
      `interpolate: mode '${mode as string}'. Expected 'nearest', 'linear', 'bilinear', 'bicubic' or 'area'.`,
    );
  }
  if ((alignCorners || antialias) && !smooth) {
    throw new ArgumentError(
      `interpolate: alignCorners and antialias are for linear, bilinear and bicubic, not ${mode}.`,
    );
  }
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new ArgumentError('interpolate: expected either size or scaleFactor.');
  }
  const list = (v: number | readonly number[]): readonly number[] =>
    typeof v === 'number' ? new Array<number>(dims).fill(v) : v;
  const scales = scaleFactor === undefined ? null : list(scaleFactor);
  const sizes = scales === null ? list(size!) : scales.map((s, k) => Math.floor(x.shape[2 + k]! * s));
  if (sizes.length !== dims || !sizes.every((s) => Number.isInteger(s) && s > 0) || x.shape.slice(2).includes(0)) {
    throw new ArgumentError(`interpolate: ${show(x.shape)} to ${show(sizes)}. Expected ${dims} sizes of at least 1.`);
  }
  const steps = sizes.map((_, k) => (scales === null || mode === 'area' ? null : 1 / scales[k]!));
  return resizeOp({ x }, { size: sizes, steps, mode, alignCorners, antialias });
}

/** The last dimensions averaged down to `size`, whatever they are: place i is the mean of ⌊i·n/size⌋ to ⌈(i + 1)·n/size⌉. */
function adaptive(op: string, x: Tensor, size: number | readonly number[], dims: number): Tensor {
  const sizes = typeof size === 'number' ? new Array<number>(dims).fill(size) : size;
  if (x.ndim < dims + 1 || sizes.length !== dims || !sizes.every((s) => Number.isInteger(s) && s > 0)) {
    throw new ShapeError(`${op}: ${show(x.shape)} to ${show(sizes)}. Expected ${dims} sizes of at least 1.`);
  }
  return resizeOp({ x }, { size: sizes, steps: sizes.map(() => null), mode: 'area' });
}

/** Means over as many equal windows as asked for: x [.., height, width] → [.., size, size]. As torch's. float32. */
export const adaptiveAvgPool2d = (x: Tensor, outputSize: number | readonly [number, number]): Tensor =>
  adaptive('adaptiveAvgPool2d', x, outputSize, 2);

/** Means over as many equal windows as asked for: x [.., length] → [.., size]. As torch's. float32. */
export const adaptiveAvgPool1d = (x: Tensor, outputSize: number): Tensor =>
  adaptive('adaptiveAvgPool1d', x, outputSize, 1);
