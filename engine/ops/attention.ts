import { factor } from '../autocast.ts';
import { ArgumentError, DTypeError, ShapeError, show } from '../errors.ts';
import { type CaseInput, defineOp, type Meta, type OpCase, type Slots } from '../op.ts';
import { defaultGenerator, Generator, Stream } from '../random.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { broadcastStrides, rowMajor, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { onesLike } from './accumulate.ts';
import {
  type AttentionAttrs,
  backwardOnWebGPU,
  forwardOnWebGPU,
  mixedBackwardOnWasm,
  mixedForwardOnWasm,
} from './attentionKernel.ts';
import { mul, sub } from './binary.ts';
import { contiguous, to } from './contiguous.ts';
import { dropout } from './dropout.ts';
import { FACTORS } from './halves.ts';
import { matmul } from './matmul.ts';
import { sum } from './reduce.ts';
import { softmax } from './softmax.ts';
import { triu } from './triangle.ts';
import { expand, permute, reshape, transpose } from './views.ts';
import { maskedFill } from './where.ts';

type Inputs<T> = Slots<'q' | 'k' | 'v' | 'mask', 'mask', T>;

/** Scores of what may not be seen: far below any other, and finite, since WGSL may assume that nothing is infinite. */
const HIDDEN = -3e38;

function checkShapes({ q, k, v, mask }: Inputs<Meta>): {
  batch: number;
  heads: number;
  L: number;
  S: number;
  dim: number;
} {
  const [batch = 0, heads = 0, L = 0, dim = 0] = q.shape;
  const S = k.shape[2] ?? 0;
  const fits =
    q.shape.length === 4 && show(k.shape) === show([batch, heads, S, dim]) && show(v.shape) === show(k.shape);
  const full = [batch, heads, L, S];
  const maskFits = !mask || (mask.shape.length === 4 && mask.shape.every((s, d) => s === 1 || s === full[d]));
  if (!fits || !maskFits) {
    throw new ShapeError(
      `scaledDotProductAttention: q ${show(q.shape)}, k ${show(k.shape)}, v ${show(v.shape)}${mask ? `, mask ${show(mask.shape)}` : ''}. ` +
        'Expected q [batch, heads, L, dim], k and v [batch, heads, S, dim], mask broadcast to [batch, heads, L, S].',
    );
  }
  return { batch, heads, L, S, dim };
}

/** One kernel reads all three, in one way. */
function checkDtypes({ q, k, v }: Slots<'q' | 'k' | 'v', never, Meta>): void {
  if (q.dtype === k.dtype && k.dtype === v.dtype) return;
  throw new DTypeError(
    `scaledDotProductAttention: q is ${q.dtype}, k ${k.dtype}, v ${v.dtype}. Expected one dtype: convert with to().`,
  );
}

/** The weights behind softmax [batch, heads, L, S], zero in rows that may see nothing, and behind dropout. */
function weightsOf({ q, k, mask }: Inputs<Tensor>, attrs: AttentionAttrs): { weights: Tensor; dropped: Tensor } {
  let scores = mul(matmul(wide(q), transpose(wide(k))), attrs.scale);
  const [L, S] = [q.shape[2]!, k.shape[2]!];
  let hidden: Tensor | null = mask ? expand(mask, scores.shape) : null;
  if (attrs.isCausal) {
    const future = expand(triu(onesLike(scores), 1 + S - L).gt(0), scores.shape);
    hidden = hidden ? hidden.logicalOr(future) : future;
  }
  if (hidden) scores = maskedFill(scores, hidden, HIDDEN);
  const all = softmax(scores, -1);
  const weights = hidden ? maskedFill(all, hidden, 0) : all;
  return { weights, dropped: dropWeights(weights, attrs) };
}

/** As float32, itself where it is that. */
const wide = (x: Tensor): Tensor => to(x, 'float32');

function dropWeights(x: Tensor, { p, seed, stream }: AttentionAttrs): Tensor {
  if (p === 0) return x;
  const generator = new Generator(seed);
  generator.state = { seed, stream };
  return dropout(x, p, { generator });
}

/** Scores, masking, softmax, dropout and sum in float64, one query after another. */
function reference({ q, k, v, mask }: Inputs<NDArray>, { isCausal, scale, p, seed, stream }: AttentionAttrs): NDArray {
  const float = (x: NDArray): Meta => ({ shape: x.shape, dtype: 'float32' });
  const { batch, heads, L, S, dim } = checkShapes({ q: float(q), k: float(k), v: float(v), mask: mask && float(mask) });
  const full: Shape = [batch, heads, L, S];
  const steps = mask ? broadcastStrides({ shape: mask.shape, strides: rowMajor(mask.shape) }, full) : [];
  const random = new Stream(seed, stream);
  const out = ndarray([batch, L, heads, dim]);
  for (let z = 0; z < batch * heads; z++) {
    for (let i = 0; i < L; i++) {
      const scores = Array.from({ length: S }, (_, j) => {
        const place = [Math.floor(z / heads), z % heads, i, j];
        const hidden =
          (isCausal && j > i + S - L) || (mask && mask.data[place.reduce((n, x, d) => n + x * steps[d]!, 0)] !== 0);
        let dot = 0;
        for (let d = 0; d < dim; d++) dot += q.data[(z * L + i) * dim + d]! * k.data[(z * S + j) * dim + d]!;
        return hidden ? Number.NEGATIVE_INFINITY : dot * scale;
      });
      const top = Math.max(...scores);
      const powers = scores.map((s) => (top === Number.NEGATIVE_INFINITY ? 0 : Math.exp(s - top)));
      const total = powers.reduce((a, b) => a + b, 0) || 1;
      const to = ((Math.floor(z / heads) * L + i) * heads + (z % heads)) * dim;
      powers.forEach((e, j) => {
        const keep = p === 0 ? 1 : random.uniform() >= p ? 1 / (1 - p) : 0;
        for (let d = 0; d < dim; d++) out.data[to + d]! += (e / total) * keep * v.data[(z * S + j) * dim + d]!;
      });
    }
  }
  return out;
}

/** dq of what is visible to all, without dropout; y, dy and dq are [batch, L, heads, dim]. */
function backwardReference(
  { q, k, v, y, lse, dy }: Slots<BackwardInput, 'mask', NDArray>,
  { scale }: AttentionAttrs,
): NDArray {
  const [batch = 0, heads = 0, L = 0, dim = 0] = q.shape;
  const S = k.shape[2]!;
  const dq = ndarray(y.shape);
  const dot = (a: NDArray, i: number, b: NDArray, j: number): number => {
    let total = 0;
    for (let d = 0; d < dim; d++) total += a.data[i + d]! * b.data[j + d]!;
    return total;
  };
  for (let z = 0; z < batch * heads; z++) {
    for (let i = 0; i < L; i++) {
      const row = (z * L + i) * dim;
      const out = ((Math.floor(z / heads) * L + i) * heads + (z % heads)) * dim;
      const delta = dot(dy, out, y, out);
      for (let j = 0; j < S; j++) {
        const key = (z * S + j) * dim;
        const p = Math.exp(dot(q, row, k, key) * scale - lse.data[z * L + i]!);
        const ds = p * (dot(dy, out, v, key) - delta);
        for (let d = 0; d < dim; d++) dq.data[out + d]! += scale * ds * k.data[key + d]!;
      }
    }
  }
  return dq;
}

/** [batch, rows, heads, dim] for [batch, heads, rows, dim]: as projections write queries, keys and values. */
const rowsFirst = ({ shape: [batch = 0, heads = 0, rows = 0, dim = 0] }: Meta): Shape => [batch, rows, heads, dim];

type BackwardInput = 'q' | 'k' | 'v' | 'mask' | 'y' | 'lse' | 'dy';

const attrs: AttentionAttrs = { isCausal: false, scale: 1, p: 0, seed: 0, stream: 0 };
const dtypes = { q: FACTORS, k: FACTORS, v: FACTORS, mask: ['bool', 'int32'] } as const;

type Case = OpCase<'q' | 'k' | 'v' | 'mask', 'mask', AttentionAttrs>;
const sized = (b: number, h: number, L: number, S: number, d: number, more: Partial<AttentionAttrs> = {}): Case => ({
  inputs: { q: [b, h, L, d], k: [b, h, S, d], v: [b, h, S, d] },
  attrs: { scale: d ** -0.5, ...more },
});
const masked = (c: Case, shape: Shape): Case => ({ ...c, inputs: { ...c.inputs, mask: { shape, dtype: 'bool' } } });

const halved = (c: Case): Case => {
  const half = (shape: Shape | CaseInput): CaseInput => ({ shape: shape as Shape, dtype: 'float16' });
  const { q, k, v } = c.inputs;
  return { ...c, inputs: { ...c.inputs, q: half(q), k: half(k), v: half(v) } };
};

const cases: readonly Case[] = [
  sized(1, 1, 2, 3, 4),
  sized(1, 1, 1, 1, 1),
  sized(2, 3, 5, 5, 8, { isCausal: true }),
  sized(1, 2, 3, 7, 5, { isCausal: true }),
  sized(2, 1, 9, 4, 6, { isCausal: true }),
  sized(2, 2, 33, 70, 24),
  sized(1, 2, 66, 131, 16, { isCausal: true }),
  masked(sized(2, 3, 6, 11, 8), [2, 1, 1, 11]),
  masked(sized(2, 2, 5, 5, 4, { isCausal: true }), [1, 2, 5, 5]),
  {
    ...masked(sized(2, 1, 3, 2, 4), [2, 1, 1, 2]),
    inputs: { ...sized(2, 1, 3, 2, 4).inputs, mask: { shape: [2, 1, 1, 2], dtype: 'bool', values: [1, 1, 0, 1] } },
    note: 'a batch whose keys are all hidden',
  },
  sized(2, 2, 6, 9, 8, { p: 0.3, seed: 5, stream: 2 }),
  masked(sized(2, 2, 7, 7, 4, { p: 0.2, seed: 2 ** 35, isCausal: true }), [2, 1, 1, 7]),
  halved(sized(2, 2, 5, 7, 6, { isCausal: true })),
  halved(masked(sized(1, 2, 33, 34, 23), [1, 1, 1, 34])),
  { ...sized(8, 8, 128, 128, 64), bench: true, gradient: false },
];

const backward = defineOp({
  name: 'attentionBackward',
  formula: 'p = e^(q·kᵀ·scale − lse); dv = pᵀ·dy; ds = p · (dy·vᵀ − Σ dy·y); dq = scale·ds·k; dk = scale·dsᵀ·q',
  inputs: ['q', 'k', 'v', 'mask', 'y', 'lse', 'dy'],
  optional: ['mask'],
  attrs,
  dtypes,
  strided: ['mask'],
  rowsStrided: ['q', 'k', 'v'],
  // gradients lie as projections wrote what they belong to: going back through those copies nothing
  shape: ({ q, k, v }) => {
    checkDtypes({ q, k, v });
    return rowsFirst(q);
  },
  dtype: 'float32',
  extra: ({ k, v }: { readonly k: Meta; readonly v: Meta }) => ({
    dk: { shape: rowsFirst(k), dtype: 'float32' },
    dv: { shape: rowsFirst(v), dtype: 'float32' },
  }),
  webgpu: backwardOnWebGPU,
  wasm: mixedBackwardOnWasm,
  reference: backwardReference,
  // masks, dropout, dk and dv are held against differences through the cases of scaledDotProductAttention
  cases: [
    {
      inputs: {
        ...{ q: [2, 3, 5, 8], k: [2, 3, 7, 8], v: [2, 3, 7, 8] },
        ...{ y: [2, 5, 3, 8], lse: { shape: [2, 3, 5], values: 'positive' }, dy: [2, 5, 3, 8] },
      },
      attrs: { scale: 0.3 },
    },
  ],
});

const op = defineOp({
  name: 'scaledDotProductAttention',
  formula: 'softmax(q·kᵀ·scale + mask)·v',
  inputs: ['q', 'k', 'v', 'mask'],
  optional: ['mask'],
  attrs,
  dtypes,
  strided: ['mask'],
  rowsStrided: ['q', 'k', 'v'],
  // the heads of a query side by side, as the projection behind reads them
  shape: (inputs) => {
    checkShapes(inputs);
    checkDtypes(inputs);
    return rowsFirst(inputs.q);
  },
  dtype: 'float32',
  extra: ({ q }: { readonly q: Meta }) => ({ lse: { shape: q.shape.slice(0, 3), dtype: 'float32' } }),
  webgpu: forwardOnWebGPU,
  wasm: mixedForwardOnWasm,
  composed: (inputs, full) => {
    checkShapes(inputs);
    return contiguous(permute(matmul(weightsOf(inputs, full).dropped, wide(inputs.v)), [0, 2, 1, 3]));
  },
  saves: ['q', 'k', 'v', 'mask', 'output', 'lse'],
  halves: ['output'],
  grad: (dy, { q, k, v, mask, output, lse }, { attrs: full, createGraph }) => {
    if (!createGraph) {
      const { output: dq, dk, dv } = backward.all({ q, k, v, mask, y: output, lse, dy }, full);
      const headsFirst = (x: Tensor): Tensor => permute(x, [0, 2, 1, 3]);
      return { q: headsFirst(dq), k: headsFirst(dk), v: headsFirst(dv) };
    }
    const { weights, dropped } = weightsOf({ q, k, v, mask }, full);
    const dOut = permute(dy, [0, 2, 1, 3]);
    const dWeights = dropWeights(matmul(dOut, transpose(wide(v))), full);
    const dot = sum(mul(dWeights, weights), -1, { keepdim: true });
    const dScores = mul(mul(weights, sub(dWeights, dot)), full.scale);
    return { q: matmul(dScores, wide(k)), k: matmul(transpose(dScores), wide(q)), v: matmul(transpose(dropped), dOut) };
  },
  reference,
  cases,
});

export interface AttentionOptions {
  /** bool, true where a key is hidden from a query; broadcast to [.., L, S]. */
  readonly mask?: Tensor | null;
  /** Query i sees keys up to i + S − L only: the last query sees all. */
  readonly isCausal?: boolean;
  /** Default 1/√dim. */
  readonly scale?: number;
  /** Probability of dropping a weight. */
  readonly dropout?: number;
  readonly generator?: Generator;
}

/**
 * Attention(Q, K, V) = softmax(QKᵀ/√d_k)·V (Vaswani et al. 2017, eq. 1), in tiles: the L×S matrix of weights is never
 * stored, forward or backward. q: [.., L, dim], k and v: [.., S, dim] with the same leading dimensions, at most two;
 * any strides → [.., L, dim]. A query that may see no key gets zeros. q, k and v are all float32 or all float16, the
 * result is float32; inside `autocast` they are rounded to float16.
 *
 * @throws {ShapeError} for shapes that do not fit
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const { mask = null, isCausal = false, scale, dropout: p = 0, generator = defaultGenerator } = options;
  if (!(p >= 0 && p < 1)) {
    throw new ArgumentError(`scaledDotProductAttention: dropout ${p}, expected a probability from 0 to below 1.`);
  }
  if (q.ndim < 2 || q.ndim > 4 || k.ndim !== q.ndim || v.ndim !== q.ndim) {
    throw new ShapeError(
      `scaledDotProductAttention: q ${show(q.shape)}, k ${show(k.shape)}, v ${show(v.shape)}. Expected two to four dimensions, as many for each.`,
    );
  }
  // [.., L, dim] → [batch, heads, L, dim]
  const four = (x: Tensor): Tensor =>
    x.ndim === 4 ? x : reshape(x, [...new Array<number>(4 - x.ndim).fill(1), ...x.shape]);
  const random = p > 0 ? generator.next() : { seed: 0, stream: 0 };
  using queries = factor(four(q));
  using keys = factor(four(k));
  using values = factor(four(v));
  const y = op(
    { q: queries, k: keys, v: values, mask: mask ? four(mask) : undefined },
    { isCausal, scale: scale ?? Math.max(1, q.shape.at(-1)!) ** -0.5, p, seed: random.seed, stream: random.stream },
  );
  const result = permute(y, [0, 2, 1, 3]);
  return q.ndim === 4 ? result : reshape(result, q.shape);
}
