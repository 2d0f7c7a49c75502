import { ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { alongDim, type NDArray, ndarray, reduce, zip } from '../reference.ts';
import { broadcastShapes, normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, maximum, mul } from './binary.ts';
import { counting } from './counting.ts';
import { crossEntropy } from './crossEntropy.ts';
import { matmul } from './matmul.ts';
import { norm } from './norm.ts';
import { sum } from './reduce.ts';
import { transpose } from './views.ts';

const normalizeOp = defineComposite({
  name: 'normalize',
  formula: 'x / max(‖x‖, eps) along dim',
  inputs: ['x'],
  attrs: { p: 2, dim: 1, eps: 1e-12 },
  compute: ({ x }, { p, dim, eps }) => div(x, maximum(norm(x, p, dim, { keepdim: true }), eps)),
  reference: ({ x }, { p, dim, eps }) =>
    alongDim(x, normalizeDim('normalize', dim, x.shape.length), (line) => {
      const size = line.reduce((total, v) => total + Math.abs(v) ** p, 0) ** (1 / p);
      return line.map((v) => v / Math.max(size, eps));
    }),
  cases: [
    { inputs: { x: [3, 5] } },
    { inputs: { x: [2, 3, 4] }, attrs: { dim: -1, p: 1 } },
    { inputs: { x: { shape: [2, 2], values: [0, 0, 3, 4] } }, gradient: false },
  ],
});

export interface NormalizeOptions {
  /** Which norm. Default: 2. */
  readonly p?: number;
  /** Default: 1. */
  readonly dim?: number;
  /** The least that x is divided by. Default: 1e-12. */
  readonly eps?: number;
}

/** `x` with lines of length 1 along `dim`: x / max(‖x‖, eps). As torch.nn.functional.normalize. float32. */
export const normalize = (x: Tensor, options: NormalizeOptions = {}): Tensor => normalizeOp({ x }, options);

const cosineSimilarityOp = defineComposite({
  name: 'cosineSimilarity',
  formula: 'Σ x · y / (max(‖x‖, eps) · max(‖y‖, eps)) along dim',
  inputs: ['x', 'y'],
  attrs: { dim: 1, eps: 1e-8 },
  compute: ({ x, y }, { dim, eps }) => {
    const d = normalizeDim('cosineSimilarity', dim, broadcastShapes('cosineSimilarity', x.shape, y.shape).length);
    const [a, b] = [x, y].map((t) => maximum(norm(t, 2, alignedDim(t, d, x, y), { keepdim: true }), eps));
    return sum(mul(div(x, a!), div(y, b!)), d);
  },
  reference: ({ x, y }, { dim, eps }): NDArray => {
    const shape = broadcastShapes('', x.shape, y.shape);
    const d = normalizeDim('', dim, shape.length);
    const dot = reduce(
      zip((a, b) => a! * b!, x, y),
      [d],
      false,
      (v) => v.reduce((a, b) => a + b, 0),
    );
    const size = (t: NDArray): NDArray => {
      const full = zip((a) => a!, t, ndarray(shape));
      return reduce(full, [d], false, (v) => Math.max(eps, Math.sqrt(v.reduce((a, b) => a + b * b, 0))));
    };
    return zip((a, b, c) => a! / (b! * c!), dot, size(x), size(y));
  },
  cases: [
    { inputs: { x: [3, 5], y: [3, 5] } },
    { inputs: { x: [2, 3, 4], y: [2, 3, 4] }, attrs: { dim: -1 } },
    { inputs: { x: [4, 5], y: [1, 5] } },
    { inputs: { x: { shape: [1, 2], values: [0, 0] }, y: [1, 2] }, gradient: false },
  ],
});

/** Dimension d of the common shape, counted in t, which must be as long there. */
function alignedDim(t: Tensor, d: number, x: Tensor, y: Tensor): number {
  const own = d - Math.max(x.ndim, y.ndim) + t.ndim;
  if (own >= 0 && x.shape.at(own - t.ndim) === y.shape.at(own - t.ndim)) return own;
  throw new ShapeError(
    `cosineSimilarity: ${show(x.shape)} and ${show(y.shape)} along dim ${d}. The vectors must be as long as each other.`,
  );
}

/** The cosine of the angle between x and y along `dim`, which the result no longer has. Broadcast elsewhere. float32. */
export const cosineSimilarity = (
  x: Tensor,
  y: Tensor,
  { dim = 1, eps = 1e-8 }: { readonly dim?: number; readonly eps?: number } = {},
): Tensor => cosineSimilarityOp({ x, y }, { dim, eps });

const contrastiveOp = defineComposite({
  name: 'contrastiveLoss',
  formula: 'mean cross entropy of scale · cos(x_i, y_j), each row and each column knowing its own',
  inputs: ['x', 'y', 'scale'],
  attrs: {},
  compute: ({ x, y, scale }) => {
    if (x.ndim !== 2 || show(x.shape) !== show(y.shape) || scale.size !== 1) {
      throw new ShapeError(
        `contrastiveLoss: ${show(x.shape)} and ${show(y.shape)}, scale ${show(scale.shape)}. ` +
          'Expected [pairs, features] twice and one number.',
      );
    }
    const logits = mul(matmul(normalize(x), transpose(normalize(y))), scale);
    const own = counting(x.shape[0]!, x.device);
    return mul(add(crossEntropy(logits, own), crossEntropy(transpose(logits), own)), 0.5);
  },
  reference: ({ x, y, scale }) => {
    const [n, features] = x.shape as [number, number];
    const unit = (t: NDArray): number[][] =>
      Array.from({ length: n }, (_, i) => {
        const row = [...t.data.subarray(i * features, (i + 1) * features)];
        const size = Math.sqrt(row.reduce((a, b) => a + b * b, 0));
        return row.map((v) => v / size);
      });
    const [a, b] = [unit(x), unit(y)];
    const logits = a.map((u) => b.map((v) => scale.data[0]! * u.reduce((sum, e, k) => sum + e * v[k]!, 0)));
    const lost = (rows: number[][]): number =>
      rows.reduce((sum, row, i) => sum + Math.log(row.reduce((t, v) => t + Math.exp(v - row[i]!), 0)), 0) / n;
    return ndarray([], [(lost(logits) + lost(logits.map((_, j) => logits.map((row) => row[j]!)))) / 2]);
  },
  cases: [
    { inputs: { x: [4, 6], y: [4, 6], scale: { shape: [], values: [5] } } },
    { inputs: { x: [1, 3], y: [1, 3], scale: { shape: [1], values: [2] } } },
  ],
});

/**
 * The loss of CLIP (Radford et al. 2021): of n pairs x_i, y_i [n, features] each x shall find its own y among all, and each y
 * its own x, by the cosine of their angle times `scale` (one number; CLIP learns its logarithm). float32.
 */
export const contrastiveLoss = (x: Tensor, y: Tensor, scale: Tensor): Tensor => contrastiveOp({ x, y, scale });
