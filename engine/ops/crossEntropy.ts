import shader from '../../shaders/cross_entropy.wgsl';
import backwardShader from '../../shaders/cross_entropy_backward.wgsl';
import totalShader from '../../shaders/cross_entropy_total.wgsl';
import { dispatch, grid, type Operand } from '../backend.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineOp, type Meta } from '../op.ts';
import { map, type NDArray, ndarray } from '../reference.ts';
import { type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { zerosLike } from './accumulate.ts';
import { add, div, ge, logicalAnd, lt, maximum, mul, ne, sub } from './binary.ts';
import { to } from './contiguous.ts';
import { gather, scatterAdd } from './gather.ts';
import { threadsFor } from './lines.ts';
import { sum } from './reduce.ts';
import { logSoftmax, softmax } from './softmax.ts';
import { squeeze, unsqueeze } from './views.ts';

/** What becomes of the losses of the single rows. */
export type Reduction = 'mean' | 'sum' | 'none';

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
  readonly reduction: Reduction;
}

const DEFAULTS: CrossEntropyOptions = { ignoreIndex: -100, labelSmoothing: 0, reduction: 'mean' };

/** Rows and classes of logits [..., classes]. */
function sizes({ shape }: { readonly shape: Shape }): { rows: number; n: number } {
  return { rows: sizeOf(shape.slice(0, -1)), n: shape[shape.length - 1]! };
}

/** The 256 threads of a workgroup over rows of n elements that follow one another. */
const threads = (rows: number, n: number): { ROWS: number; COLS: number; ALONG: number } =>
  threadsFor({ outer: rows, n, inner: 1 });

const crossEntropyOp = defineOp({
  name: 'crossEntropy',
  formula: 'mean over the rows of −Σ q[c] log softmax(logits)[c], q = (1 − ε)·[c = target] + ε/classes',
  inputs: ['logits', 'target'],
  dtypes: { target: ['int32'] },
  attrs: DEFAULTS,
  shape: ({ logits, target }, { reduction }) => {
    if (logits.shape.length === 0 || !sameShape(logits.shape.slice(0, -1), target.shape)) {
      throw new ShapeError(
        `crossEntropy: logits ${show(logits.shape)} with target ${show(target.shape)}. ` +
          'Expected logits [..., classes] and one class for each row: target has the shape of logits without its last size.',
      );
    }
    return reduction === 'none' ? target.shape : [];
  },
  extra: ({ logits }: { readonly logits: Meta }) => ({
    // For each row its largest logit and the logarithm of its sum; then the factor of the mean.
    stats: { shape: [sizes(logits).rows, 2], dtype: 'float32' },
    scale: { shape: [1], dtype: 'float32' },
  }),
  webgpu: (
    { logits, target, output, stats, scale },
    { ignoreIndex: ignore, labelSmoothing: smoothing, reduction },
    tools,
  ) => {
    const { rows, n } = sizes(logits);
    const losses = reduction === 'none' ? output : tools.scratch([Math.max(1, rows)]);
    const params = threads(rows, n);
    const each = dispatch({
      shader,
      bindings: { logits, labels: target, losses, stats },
      uniforms: { rows, n, ignore, smoothing },
      params,
      workgroups: grid(rows, params.COLS),
    });
    if (reduction === 'none') return each;
    const total = dispatch({
      shader: totalShader,
      bindings: { losses, labels: target, output, scale },
      uniforms: { rows, n, ignore, mean: reduction === 'mean' ? 1 : 0 },
      workgroups: [1],
    });
    return [each, total];
  },
  wasm: ({ logits, target, output, stats, scale }, { ignoreIndex, labelSmoothing, reduction }, tools) => {
    const { rows, n } = sizes(logits);
    const losses = reduction === 'none' ? output : tools.scratch([Math.max(1, rows)]);
    const each = {
      kernel: 'crossEntropy',
      args: [logits, target, losses, stats, n, ignoreIndex, labelSmoothing],
      range: rows,
      grain: Math.ceil(8192 / Math.max(1, n)),
    };
    const mean = reduction === 'mean' ? 1 : 0;
    const total = {
      kernel: 'crossEntropyTotal',
      args: [losses, target, output, scale, rows, n, ignoreIndex, mean],
      range: 1,
    };
    return reduction === 'none' ? each : rows === 0 ? total : [each, total];
  },
  composed: ({ logits, target }, attrs) => {
    const { labelSmoothing: smoothing, reduction } = attrs;
    const logProbs = logSoftmax(logits, -1);
    const picked = squeeze(gather(logProbs, -1, unsqueeze(target, -1)), -1);
    const wanted =
      smoothing === 0 ? picked : add(mul(picked, 1 - smoothing), mul(sum(logProbs, -1), smoothing / sizes(logits).n));
    const counted = counts(logits, target, attrs);
    const losses = mul(mul(wanted, counted), -1);
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? sum(losses) : div(sum(losses), maximum(sum(counted), 1));
  },
  saves: ['logits', 'target', 'stats', 'scale'],
  grad: (dy, { logits, target, stats, scale }, { attrs, createGraph }) => ({
    logits: createGraph
      ? composedGradient(dy, logits, target, attrs)
      : crossEntropyBackward({ dy, logits, target, stats, scale }, attrs),
  }),
  reference: ({ logits, target }, attrs) => {
    const { reduction } = attrs;
    const { losses, factor } = rowLosses(logits, target, attrs);
    if (reduction === 'none') return ndarray(target.shape, losses);
    return ndarray([], [losses.reduce((a, b) => a + b, 0) * factor]);
  },
  cases: [
    { inputs: { logits: { shape: [13, 29], scale: 3 }, target: classes([13], 29) } },
    { inputs: { logits: [2, 5, 7], target: classes([2, 5], 7) }, attrs: { ignoreIndex: 0, labelSmoothing: 0.1 } },
    { inputs: { logits: [6, 300], target: classes([6], 300) }, attrs: { reduction: 'none', labelSmoothing: 0.2 } },
    {
      inputs: { logits: { shape: [5, 9], scale: 300 }, target: classes([5], 9) },
      attrs: { reduction: 'sum' },
      note: 'large logits: no overflow',
    },
    {
      inputs: { logits: [4, 3], target: { shape: [4], dtype: 'int32', values: [-100, 2, 3, -1] } },
      note: 'ignored and impossible classes',
    },
    {
      inputs: { logits: [2, 3], target: { shape: [2], dtype: 'int32', values: [-100, -100] } },
      note: 'nothing counts: 0',
    },
    { inputs: { logits: [4], target: { shape: [], dtype: 'int32', values: [1] } } },
    { inputs: { logits: [0, 3], target: { shape: [0], dtype: 'int32' } } },
    {
      inputs: { logits: { shape: [512, 8000], scale: 3 }, target: classes([512], 8000) },
      attrs: { ignoreIndex: 0, labelSmoothing: 0.1 },
      bench: true,
      gradient: false,
    },
  ],
});

const crossEntropyBackward = defineOp({
  name: 'crossEntropyBackward',
  formula: 'dlogits = dy · scale · (softmax(logits) − q), 0 in ignored rows',
  inputs: ['dy', 'logits', 'target', 'stats', 'scale'],
  dtypes: { target: ['int32'] },
  attrs: DEFAULTS,
  shape: ({ logits }) => logits.shape,
  dtype: 'float32',
  webgpu: (
    { dy, logits, target, stats, scale, output },
    { ignoreIndex: ignore, labelSmoothing: smoothing, reduction },
  ) => {
    const total = sizeOf(logits.shape);
    const { n } = sizes(logits);
    return dispatch({
      shader: backwardShader,
      bindings: { dy, logits, labels: target, stats, scale, output },
      uniforms: { total, n, ignore, smoothing, each: reduction === 'none' ? 1 : 0, mean: reduction === 'mean' ? 1 : 0 },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ dy, logits, target, stats, scale, output }, { ignoreIndex, labelSmoothing, reduction }) => {
    const { rows, n } = sizes(logits);
    const flags = [reduction === 'none' ? 1 : 0, reduction === 'mean' ? 1 : 0];
    const args: (Operand | number)[] = [
      dy,
      logits,
      target,
      stats,
      scale,
      output,
      n,
      ignoreIndex,
      labelSmoothing,
      ...flags,
    ];
    return { kernel: 'crossEntropyBackward', args, range: rows, grain: Math.ceil(8192 / n) };
  },
  reference: ({ dy, logits, target }, attrs) => {
    const { factor, counted, top, logTotal } = rowLosses(logits, target, attrs);
    const { n } = sizes(logits);
    const { labelSmoothing, reduction } = attrs;
    const out = ndarray(logits.shape);
    out.data.forEach((_, i) => {
      const row = Math.floor(i / n);
      if (!counted[row]) return;
      const wanted = labelSmoothing / n + (target.data[row] === i % n ? 1 - labelSmoothing : 0);
      const p = Math.exp(logits.data[i]! - top[row]! - logTotal[row]!);
      out.data[i] = dy.data[reduction === 'none' ? row : 0]! * factor * (p - wanted);
    });
    return out;
  },
  cases: [
    // stats and scale as the forward pass gives them: for equal logits of 0 a largest one of 0 and log 4.
    {
      inputs: {
        dy: [3],
        logits: { shape: [3, 4], values: new Array<number>(12).fill(0) },
        target: classes([3], 4),
        stats: { shape: [3, 2], values: [0, Math.log(4), 0, Math.log(4), 0, Math.log(4)] },
        scale: [1],
      },
      attrs: { reduction: 'none', labelSmoothing: 0.1 },
    },
  ],
});

/** A random class for each row. */
function classes(shape: Shape, high: number): { shape: Shape; dtype: 'int32'; values: 'integer'; high: number } {
  return { shape, dtype: 'int32', values: 'integer', high };
}

/** 1 for each row whose target counts, else 0. */
function counts(logits: Tensor, target: Tensor, { ignoreIndex }: CrossEntropyOptions): Tensor {
  const known = logicalAnd(ge(target, 0), lt(target, sizes(logits).n));
  return to(logicalAnd(known, ne(target, ignoreIndex)), 'float32');
}

/** The gradient in operations that have gradients themselves. */
function composedGradient(dy: Tensor, logits: Tensor, target: Tensor, attrs: CrossEntropyOptions): Tensor {
  const { labelSmoothing: smoothing, reduction } = attrs;
  const counted = counts(logits, target, attrs);
  const weight = reduction === 'mean' ? div(counted, maximum(sum(counted), 1)) : counted;
  const hot = scatterAdd(zerosLike(logits), -1, unsqueeze(target, -1), unsqueeze(mul(counted, 1 - smoothing), -1));
  const wanted = smoothing === 0 ? hot : add(hot, smoothing / sizes(logits).n);
  return mul(sub(softmax(logits, -1), wanted), unsqueeze(mul(weight, dy), -1));
}

interface RowLosses {
  readonly losses: number[];
  readonly counted: boolean[];
  readonly top: number[];
  readonly logTotal: number[];
  /** What the sum of the losses is multiplied by. */
  readonly factor: number;
}

function rowLosses(
  logits: NDArray,
  target: NDArray,
  { ignoreIndex, labelSmoothing, reduction }: CrossEntropyOptions,
): RowLosses {
  const { n } = sizes(logits);
  const counted = Array.from(target.data, (t) => t !== ignoreIndex && t >= 0 && t < n);
  const rows = counted.map((_, row) => logits.data.subarray(row * n, (row + 1) * n));
  const top = rows.map((x) => x.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
  const logTotal = rows.map((x, row) => Math.log(x.reduce((a, v) => a + Math.exp(v - top[row]!), 0)));
  const losses = rows.map((x, row) => {
    if (!counted[row]) return 0;
    const minusLog = map({ shape: [n], data: x }, (v) => logTotal[row]! - (v - top[row]!)).data;
    return (
      (1 - labelSmoothing) * minusLog[target.data[row]!]! + (labelSmoothing / n) * minusLog.reduce((a, b) => a + b, 0)
    );
  });
  const count = counted.filter(Boolean).length;
  return { losses, counted, top, logTotal, factor: reduction === 'mean' ? (count === 0 ? 0 : 1 / count) : 1 };
}

/**
 * Cross entropy of logits [..., classes] with target int32 [...], the classes that are right: softmax, logarithm and choice
 * in one kernel. As PyTorch's F.cross_entropy, but classes are always the last dimension:
 *
 * - `ignoreIndex`: rows with this target count nowhere, neither in the sum nor in the number it is divided by;
 * - `labelSmoothing` ε: the target is worth 1 − ε, and every class ε / classes (Szegedy et al. 2016);
 * - `reduction`: 'mean' over the rows that count, 'sum', or 'none' for a loss of each row.
 *
 * Where no row counts, the mean is 0 with a gradient of 0 (PyTorch: NaN). A target that is no class is ignored too:
 * values on a device cannot be checked without waiting for them.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: Partial<CrossEntropyOptions> = {}): Tensor {
  const attrs = { ...DEFAULTS, ...options };
  const { labelSmoothing, reduction, ignoreIndex } = attrs;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError(`crossEntropy: labelSmoothing ${labelSmoothing}, expected a number from 0 to 1.`);
  }
  if (!['mean', 'sum', 'none'].includes(reduction)) {
    throw new ArgumentError(`crossEntropy: reduction '${reduction}', expected 'mean', 'sum' or 'none'.`);
  }
  if (!Number.isInteger(ignoreIndex))
    throw new ArgumentError(`crossEntropy: ignoreIndex ${ignoreIndex}, expected an integer.`);
  return crossEntropyOp({ logits, target }, attrs);
}
