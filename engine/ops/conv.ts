import { ArgumentError, ShapeError, show } from '../errors.ts';
import { scope } from '../memory.ts';
import { defineComposite, type Meta } from '../op.ts';
import { type NDArray, ndarray } from '../reference.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add } from './binary.ts';
import { matmul } from './matmul.ts';
import { fold, unfold } from './unfold.ts';
import { reshape, squeeze, transpose, unsqueeze } from './views.ts';
import {
  pairOf,
  planesOf,
  type SizePair,
  type WindowAttrs,
  type WindowOptions,
  windowAttrs,
  windowOver,
  windowPlaces,
} from './window.ts';

interface ConvAttrs extends Omit<WindowAttrs, 'kernelSize'> {
  readonly groups: number;
}

const ONE: ConvAttrs = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };

/** x [batch, in, height, width] and weight [out, in / groups, kernelY, kernelX]: everything a convolution counts by. */
function convSizes(x: Shape, weight: Shape, bias: Meta | undefined, attrs: ConvAttrs) {
  const { groups } = attrs;
  const [out = 0, perGroup = 0, kernelY = 0, kernelX = 0] = weight;
  const fits = x.length === 4 && weight.length === 4 && x[1] === perGroup * groups && out % groups === 0;
  if (!fits || (bias !== undefined && show(bias.shape) !== show([out]))) {
    throw new ShapeError(
      `conv2d: x ${show(x)}, weight ${show(weight)}${bias ? `, bias ${show(bias.shape)}` : ''}, groups ${groups}. ` +
        'Expected x [batch, in, height, width], weight [out, in / groups, height, width], bias [out], out a multiple of groups.',
    );
  }
  const window = windowOver('conv2d', x, { ...attrs, kernelSize: [kernelY, kernelX] });
  const outs = window.outY * window.outX;
  return { batch: x[0]!, out, window, outs, rows: perGroup * kernelY * kernelX };
}

const withBias = (y: Tensor, bias: Tensor | undefined): Tensor =>
  bias === undefined ? y : add(y, reshape(bias, [bias.size, 1, 1]));

const conv2dOp = defineComposite({
  name: 'conv2d',
  formula: 'y[o, p] = Σ_(c, k) weight[o, c, k] · x[c, p · stride + k · dilation − padding] + bias[o]',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  attrs: ONE,
  // A product of the weights with every window of x as a column.
  compute: ({ x, weight, bias }, attrs) => {
    const { groups, ...how } = attrs;
    const { batch, out, window, outs, rows } = convSizes(x.shape, weight.shape, bias, attrs);
    const pointwise =
      window.kernelY * window.kernelX === 1 && outs === window.height * window.width && window.padY + window.padX === 0;
    const columns = pointwise ? x : unfold(x, [window.kernelY, window.kernelX], how);
    const y =
      groups === 1
        ? matmul(reshape(weight, [out, rows]), reshape(columns, [batch, rows, outs]))
        : matmul(reshape(weight, [groups, out / groups, rows]), reshape(columns, [batch, groups, rows, outs]));
    return withBias(reshape(y, [batch, out, window.outY, window.outX]), bias);
  },
  reference: ({ x, weight, bias }, attrs): NDArray => {
    const { batch, out, window, outs } = convSizes(x.shape, weight.shape, bias as Meta | undefined, attrs);
    const y = ndarray([batch, out, window.outY, window.outX]);
    const [planes, kernels] = [planesOf(x), planesOf(weight)];
    const [channels, perGroup] = [x.shape[1]!, weight.shape[1]!];
    for (let b = 0; b < batch; b++) {
      for (let o = 0; o < out; o++) {
        const row = y.data.subarray((b * out + o) * outs, (b * out + o + 1) * outs);
        row.fill(bias?.data[o] ?? 0);
        const first = Math.floor(o / (out / attrs.groups)) * perGroup;
        for (let c = 0; c < perGroup; c++) {
          const [plane, kernel] = [planes[b * channels + first + c]!, kernels[o * perGroup + c]!];
          for (const { out: p, k, place } of windowPlaces(window))
            if (place >= 0) row[p]! += kernel[k]! * plane[place]!;
        }
      }
    }
    return y;
  },
  cases: [
    { inputs: { x: [2, 3, 5, 6], weight: [4, 3, 3, 3], bias: [4] }, attrs: { ...ONE, padding: [1, 1] } },
    {
      inputs: { x: [1, 4, 7, 8], weight: [6, 2, 3, 2] },
      attrs: { stride: [2, 3], padding: [1, 2], dilation: [2, 1], groups: 2 },
    },
    {
      inputs: { x: [2, 3, 4, 4], weight: [3, 1, 3, 3], bias: [3] },
      attrs: { ...ONE, groups: 3 },
      note: 'each channel by itself',
    },
    { inputs: { x: [2, 5, 3, 4], weight: [2, 5, 1, 1], bias: [2] }, note: 'a product of matrices' },
    { inputs: { x: [1, 3, 8, 8], weight: [5, 3, 4, 4] }, attrs: { ...ONE, stride: [4, 4] }, note: 'patches' },
    { inputs: { x: [0, 2, 3, 3], weight: [1, 2, 2, 2] } },
    {
      inputs: { x: [8, 64, 28, 28], weight: [64, 64, 3, 3], bias: [64] },
      attrs: { ...ONE, padding: [1, 1] },
      bench: true,
      gradient: false,
    },
  ],
});

export interface ConvOptions extends WindowOptions {
  /** Channels are cut into so many groups, each with weights of its own. Default: 1. */
  readonly groups?: number;
}

function convAttrs(op: string, { groups = 1, ...options }: ConvOptions): ConvAttrs {
  if (!Number.isInteger(groups) || groups < 1) {
    throw new ArgumentError(`${op}: groups ${groups}. Expected a whole number from 1.`);
  }
  const { kernelSize: _, ...how } = windowAttrs(op, 1, options);
  return { ...how, groups };
}

/** Runs `body` with x as a batch; one without a batch dimension gets it, and the result loses it. */
function batched(x: Tensor, rank: number, body: (batch: Tensor) => Tensor): Tensor {
  return scope(() => (x.ndim === rank - 1 ? squeeze(body(unsqueeze(x, 0)), 0) : body(x)));
}

/**
 * Convolution over the last two dimensions (cross-correlation, as in every library): x [batch, in, height, width] with
 * weight [out, in / groups, height, width] and bias [out] → [batch, out, rows, columns]. `stride`, `padding` (zeros) and
 * `dilation` are a number or one for rows and one for columns; `groups: in` convolves each channel by itself. x may lack
 * the batch. A product of matrices over the windows of x, which takes kernel times the memory of x while it runs. float32.
 *
 * @throws {ShapeError} where the shapes do not fit
 */
export const conv2d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor =>
  batched(x, 4, (batch) => conv2dOp({ x: batch, weight, bias: bias ?? undefined }, convAttrs('conv2d', options)));

interface TransposeAttrs extends ConvAttrs {
  readonly outputPadding: readonly [number, number];
}

/** x [batch, in, height, width] and weight [in, out / groups, kernelY, kernelX]. */
function transposeSizes(x: Shape, weight: Shape, bias: Meta | undefined, attrs: TransposeAttrs) {
  const { groups, stride, padding, dilation, outputPadding } = attrs;
  const [channels = 0, perGroup = 0, kernelY = 0, kernelX = 0] = weight;
  const out = perGroup * groups;
  const fits = x.length === 4 && weight.length === 4 && x[1] === channels && channels % groups === 0;
  if (!fits || (bias !== undefined && show(bias.shape) !== show([out]))) {
    throw new ShapeError(
      `convTranspose2d: x ${show(x)}, weight ${show(weight)}${bias ? `, bias ${show(bias.shape)}` : ''}, groups ${groups}. ` +
        'Expected x [batch, in, height, width], weight [in, out / groups, height, width], bias [out], in a multiple of groups.',
    );
  }
  if (outputPadding.some((p, d) => p >= stride[d]!)) {
    throw new ArgumentError(
      `convTranspose2d: outputPadding ${show(outputPadding)} with stride ${show(stride)}. Expected less than the stride.`,
    );
  }
  const size = [kernelY, kernelX].map(
    (k, d) => (x[d + 2]! - 1) * stride[d]! - 2 * padding[d]! + dilation[d]! * (k - 1) + outputPadding[d]! + 1,
  ) as [number, number];
  if (size.some((s) => s < 1)) {
    throw new ShapeError(`convTranspose2d: the output of ${show(x)} would be ${show(size)}. Take less padding.`);
  }
  return {
    channels,
    out,
    kernelSize: [kernelY, kernelX] as [number, number],
    size,
    rows: perGroup * kernelY * kernelX,
  };
}

const convTranspose2dOp = defineComposite({
  name: 'convTranspose2d',
  formula: 'y[o, p · stride + k · dilation − padding] += Σ_c weight[c, o, k] · x[c, p], and bias[o]',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  attrs: { ...ONE, outputPadding: [0, 0] } as TransposeAttrs,
  compute: ({ x, weight, bias }, attrs) => {
    const { groups, stride, padding, dilation } = attrs;
    const { channels, kernelSize, size, rows } = transposeSizes(x.shape, weight.shape, bias, attrs);
    const [batch, places] = [x.shape[0]!, x.shape[2]! * x.shape[3]!];
    const kernels = transpose(reshape(weight, [groups, channels / groups, rows]));
    const columns = matmul(kernels, reshape(x, [batch, groups, channels / groups, places]));
    const flat = reshape(columns, [batch, groups * rows, places]);
    return withBias(fold(flat, size, kernelSize, { stride, padding, dilation }), bias);
  },
  reference: ({ x, weight, bias }, attrs): NDArray => {
    const { channels, out, kernelSize, size } = transposeSizes(x.shape, weight.shape, bias as Meta | undefined, attrs);
    const window = windowOver('convTranspose2d', size, { ...attrs, kernelSize });
    const y = ndarray([x.shape[0]!, out, ...size]);
    const [planes, kernels] = [planesOf(x), planesOf(weight)];
    const perGroup = out / attrs.groups;
    planesOf(y).forEach((plane, p) => {
      const [b, o] = [Math.floor(p / out), p % out];
      plane.fill(bias?.data[o] ?? 0);
      const share = channels / attrs.groups;
      const first = Math.floor(o / perGroup) * share;
      for (let c = first; c < first + share; c++) {
        const [from, kernel] = [planes[b * channels + c]!, kernels[c * perGroup + (o % perGroup)]!];
        for (const { out: q, k, place } of windowPlaces(window)) if (place >= 0) plane[place]! += kernel[k]! * from[q]!;
      }
    });
    return y;
  },
  cases: [
    { inputs: { x: [2, 3, 4, 5], weight: [3, 2, 3, 3], bias: [2] } },
    {
      inputs: { x: [1, 4, 3, 4], weight: [4, 2, 3, 2], bias: [4] },
      attrs: { stride: [2, 3], padding: [1, 0], dilation: [1, 2], groups: 2, outputPadding: [1, 2] },
    },
    { inputs: { x: [1, 2, 2, 2], weight: [2, 1, 2, 2] }, attrs: { ...ONE, stride: [2, 2] } },
  ],
});

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns more at the end, less than the stride: which of the sizes that a stride maps to one is meant. */
  readonly outputPadding?: SizePair;
}

/**
 * The transpose of {@link conv2d}, its gradient as an operation: x [batch, in, height, width] with weight [in, out / groups,
 * height, width] and bias [out] → [batch, out, (height − 1)·stride − 2·padding + dilation·(kernel − 1) + outputPadding + 1,
 * …]. Upsamples by the stride. x may lack the batch. float32.
 *
 * @throws {ShapeError} where the shapes do not fit
 */
export const convTranspose2d = (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  { outputPadding = 0, ...options }: ConvTransposeOptions = {},
): Tensor =>
  batched(x, 4, (batch) =>
    convTranspose2dOp(
      { x: batch, weight, bias: bias ?? undefined },
      {
        ...convAttrs('convTranspose2d', options),
        outputPadding: pairOf('convTranspose2d', 'outputPadding', outputPadding, 0),
      },
    ),
  );

export interface Conv1dOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** Options along one dimension as those of rows of height 1. */
const asRows = ({ stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv1dOptions): ConvOptions => ({
  stride: [1, stride],
  padding: [0, padding],
  dilation: [1, dilation],
  groups,
});

function checkRank1d(op: string, x: Tensor, weight: Tensor): void {
  if ((x.ndim === 2 || x.ndim === 3) && weight.ndim === 3) return;
  throw new ShapeError(
    `${op}: x ${show(x.shape)}, weight ${show(weight.shape)}. Expected x [batch, channels, length] and a weight of three dimensions.`,
  );
}

/**
 * Convolution over the last dimension: x [batch, in, length] with weight [out, in / groups, size] and bias [out] →
 * [batch, out, windows]. x may lack the batch. See {@link conv2d}.
 */
export function conv1d(x: Tensor, weight: Tensor, bias?: Tensor | null, options: Conv1dOptions = {}): Tensor {
  checkRank1d('conv1d', x, weight);
  return scope(() => squeeze(conv2d(unsqueeze(x, -2), unsqueeze(weight, -2), bias, asRows(options)), -2));
}

/**
 * The transpose of {@link conv1d}: x [batch, in, length] with weight [in, out / groups, size] and bias [out] → [batch, out,
 * (length − 1)·stride − 2·padding + dilation·(size − 1) + outputPadding + 1]. x may lack the batch.
 */
export function convTranspose1d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  { outputPadding = 0, ...options }: Conv1dOptions & { readonly outputPadding?: number } = {},
): Tensor {
  checkRank1d('convTranspose1d', x, weight);
  return scope(() => {
    const rows = { ...asRows(options), outputPadding: [0, outputPadding] as const };
    return squeeze(convTranspose2d(unsqueeze(x, -2), unsqueeze(weight, -2), bias, rows), -2);
  });
}
