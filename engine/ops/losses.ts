import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite, type OpCase } from '../op.ts';
import { type NDArray, ndarray, zip } from '../reference.ts';
import { sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { softplus } from './activations.ts';
import { add, div, ge, le, logicalAnd, lt, maximum, mul, ne, sub } from './binary.ts';
import { to } from './contiguous.ts';
import type { Reduction } from './crossEntropy.ts';
import { gather } from './gather.ts';
import { mean, sum } from './reduce.ts';
import { abs, clamp, exp, log, neg, square } from './unary.ts';
import { reshape, squeeze, unsqueeze } from './views.ts';
import { maskedFill } from './where.ts';

const REDUCTIONS: readonly string[] = ['mean', 'sum', 'none'];

export interface LossOptions {
  /** 'mean' over all, 'sum', or 'none' for each by itself. Default: mean. */
  readonly reduction?: Reduction;
}

function checkReduction(op: string, reduction: string, known = REDUCTIONS): void {
  if (known.includes(reduction)) return;
  throw new ArgumentError(`${op}: reduction '${reduction}', expected ${known.map((r) => `'${r}'`).join(', ')}.`);
}

const reduced = (each: Tensor, reduction: Reduction): Tensor =>
  reduction === 'none' ? each : reduction === 'sum' ? sum(each) : mean(each);

function reducedReference(each: NDArray, reduction: Reduction): NDArray {
  if (reduction === 'none') return each;
  const total = each.data.reduce((a, b) => a + b, 0);
  return ndarray([], [reduction === 'sum' ? total : total / each.data.length]);
}

type Pair = 'x' | 'target';

interface ElementLoss<A extends object> {
  readonly formula: string;
  readonly attrs: A;
  readonly each: (x: Tensor, target: Tensor, attrs: A) => Tensor;
  readonly f: (x: number, target: number, attrs: A) => number;
  readonly cases: readonly OpCase<Pair, never, A & { readonly reduction: Reduction }>[];
}

/** A loss of each element and its target, of one shape, reduced. */
function elementLoss<A extends object>(name: string, { formula, attrs, each, f, cases }: ElementLoss<A>) {
  const op = defineComposite<Pair, A & { readonly reduction: Reduction }>({
    name,
    formula,
    inputs: ['x', 'target'],
    attrs: { ...attrs, reduction: 'mean' },
    compute: ({ x, target }, given) => {
      if (!sameShape(x.shape, target.shape)) {
        throw new ShapeError(`${name}: x ${show(x.shape)} and target ${show(target.shape)}. They must be alike.`);
      }
      return reduced(each(x, target, given), given.reduction);
    },
    reference: ({ x, target }, given) =>
      reducedReference(
        zip((a, b) => f(a!, b!, given), x, target),
        given.reduction,
      ),
    cases,
  });
  return (x: Tensor, target: Tensor, options: Partial<A> & LossOptions): Tensor => {
    checkReduction(name, options.reduction ?? 'mean');
    return op({ x, target }, options as Partial<A & { readonly reduction: Reduction }>);
  };
}

const l1 = elementLoss('l1Loss', {
  formula: 'mean of |x − target|',
  attrs: {},
  each: (x, target) => abs(sub(x, target)),
  f: (x, target) => Math.abs(x - target),
  cases: [
    { inputs: { x: [7, 9], target: [7, 9] } },
    { inputs: { x: [3, 5], target: [3, 5] }, attrs: { reduction: 'sum' } },
    { inputs: { x: [2, 4], target: [2, 4] }, attrs: { reduction: 'none' } },
  ],
});

/** The mean of |x − target|, the sum, or each. Shapes must be equal. float32. */
export const l1Loss = (x: Tensor, target: Tensor, options: LossOptions = {}): Tensor => l1(x, target, options);

const huber64 = (d: number, delta: number): number =>
  Math.abs(d) < delta ? d ** 2 / 2 : delta * (Math.abs(d) - delta / 2);

/** ½ c² + delta · (|d| − c), with c = |d| held below delta. */
function huberOf(x: Tensor, target: Tensor, delta: number): Tensor {
  const distance = abs(sub(x, target));
  const near = clamp(distance, null, delta);
  return add(mul(square(near), 0.5), mul(sub(distance, near), delta));
}

const huber = elementLoss('huberLoss', {
  formula: 'mean of ½ d² where |d| < delta, else delta · (|d| − ½ delta), d = x − target',
  attrs: { delta: 1 },
  each: (x, target, { delta }) => huberOf(x, target, delta),
  f: (x, target, { delta }) => huber64(x - target, delta),
  cases: [
    { inputs: { x: [7, 9], target: [7, 9] } },
    { inputs: { x: [3, 5], target: [3, 5] }, attrs: { delta: 0.4, reduction: 'sum' } },
    { inputs: { x: [3, 5], target: [3, 5] }, attrs: { delta: 2, reduction: 'none' } },
  ],
});

const positive = (op: string, name: string, value: number): void => {
  if (!(value > 0)) throw new ArgumentError(`${op}: ${name} ${value}. Expected a number above 0.`);
};

/** Squares near the target, straight lines from `delta` on (Huber 1964): mean, sum, or each. float32. */
export function huberLoss(
  x: Tensor,
  target: Tensor,
  { delta = 1, reduction = 'mean' }: LossOptions & { readonly delta?: number } = {},
): Tensor {
  positive('huberLoss', 'delta', delta);
  return huber(x, target, { delta, reduction });
}

const smooth = elementLoss('smoothL1Loss', {
  formula: 'mean of ½ d² / beta where |d| < beta, else |d| − ½ beta, d = x − target',
  attrs: { beta: 1 },
  each: (x, target, { beta }) => mul(huberOf(x, target, beta), 1 / beta),
  f: (x, target, { beta }) => huber64(x - target, beta) / beta,
  cases: [
    { inputs: { x: [7, 9], target: [7, 9] } },
    { inputs: { x: [3, 5], target: [3, 5] }, attrs: { beta: 0.4, reduction: 'none' } },
  ],
});

/** {@link huberLoss} over beta: the slope far from the target is 1 (Girshick 2015). float32. */
export function smoothL1Loss(
  x: Tensor,
  target: Tensor,
  { beta = 1, reduction = 'mean' }: LossOptions & { readonly beta?: number } = {},
): Tensor {
  positive('smoothL1Loss', 'beta', beta);
  return smooth(x, target, { beta, reduction });
}

const PROBABILITIES = [0.2, 0.9, 1e-3, 0.5, 0.999, 0.4];

const binary = elementLoss('binaryCrossEntropy', {
  formula: 'mean of −target · log x − (1 − target) · log(1 − x)',
  attrs: {},
  // Logarithms are held above −100, as PyTorch does.
  each: (x, target) => {
    const [yes, no] = [clamp(log(x), -100), clamp(log(add(neg(x), 1)), -100)];
    return neg(add(mul(target, yes), mul(add(neg(target), 1), no)));
  },
  f: (x, t) => -t * Math.max(-100, Math.log(x)) - (1 - t) * Math.max(-100, Math.log(1 - x)),
  cases: [
    { inputs: { x: { shape: [6], values: PROBABILITIES }, target: { shape: [6], values: [0, 1, 1, 0.3, 1, 0] } } },
    {
      inputs: { x: { shape: [3], values: [0, 1, 1] }, target: { shape: [3], values: [0, 1, 0] } },
      attrs: { reduction: 'none' },
      gradient: false,
      note: 'log 0 counts as −100',
    },
  ],
});

/**
 * Cross entropy of probabilities x and targets from 0 to 1: mean, sum, or each. Where x comes from a sigmoid,
 * binaryCrossEntropyWithLogits is more exact. float32.
 */
export const binaryCrossEntropy = (x: Tensor, target: Tensor, options: LossOptions = {}): Tensor =>
  binary(x, target, options);

const logitsOp = defineComposite({
  name: 'binaryCrossEntropyWithLogits',
  formula: 'mean of −posWeight · target · log σ(x) − (1 − target) · log(1 − σ(x))',
  inputs: ['x', 'target', 'posWeight'],
  optional: ['posWeight'],
  attrs: { reduction: 'mean' as Reduction },
  // (1 − t)·x + w·softplus(−x), w = 1 + (posWeight − 1)·t
  compute: ({ x, target, posWeight }, { reduction }) => {
    if (!sameShape(x.shape, target.shape)) {
      throw new ShapeError(
        `binaryCrossEntropyWithLogits: x ${show(x.shape)} and target ${show(target.shape)}. They must be alike.`,
      );
    }
    const tail = softplus(neg(x));
    const weighted = posWeight === undefined ? tail : mul(tail, add(mul(sub(posWeight, 1), target), 1));
    return reduced(add(mul(add(neg(target), 1), x), weighted), reduction);
  },
  reference: ({ x, target, posWeight }, { reduction }) => {
    const each = zip(
      (v, t, p = 1) => {
        const tail = Math.max(-v!, 0) + Math.log1p(Math.exp(-Math.abs(v!)));
        return (1 - t!) * v! + (1 + (p - 1) * t!) * tail;
      },
      x,
      target,
      ...(posWeight ? [posWeight] : []),
    );
    return reducedReference(each, reduction);
  },
  cases: [
    { inputs: { x: { shape: [4, 5], scale: 3 }, target: { shape: [4, 5], values: 'positive' } } },
    {
      inputs: { x: [4, 5], target: [4, 5], posWeight: { shape: [5], values: 'positive' } },
      attrs: { reduction: 'sum' },
    },
    {
      inputs: { x: { shape: [4], values: [0, 0, 1e4, -1e4] }, target: { shape: [4], values: [0, 1, 1, 1] } },
      attrs: { reduction: 'none' },
      note: 'large logits: no overflow; at 0 the gradient is σ − target',
    },
  ],
});

/**
 * Binary cross entropy of logits x and targets from 0 to 1: sigmoid and logarithm in one, so that no logit is too large.
 * `posWeight` [classes], broadcast, makes positive targets count that much more. float32.
 */
export function binaryCrossEntropyWithLogits(
  x: Tensor,
  target: Tensor,
  { posWeight, reduction = 'mean' }: LossOptions & { readonly posWeight?: Tensor } = {},
): Tensor {
  checkReduction('binaryCrossEntropyWithLogits', reduction);
  return logitsOp({ x, target, posWeight }, { reduction });
}

const klDivOp = defineComposite({
  name: 'klDiv',
  formula: 'mean of target · (log target − x), x being logarithms',
  inputs: ['x', 'target'],
  attrs: { reduction: 'mean' as Reduction | 'batchmean', logTarget: false },
  compute: ({ x, target }, { reduction, logTarget }) => {
    if (!sameShape(x.shape, target.shape)) {
      throw new ShapeError(`klDiv: x ${show(x.shape)} and target ${show(target.shape)}. They must be alike.`);
    }
    const p = logTarget ? exp(target) : target;
    const logs = logTarget ? target : log(maskedFill(target, le(target, 0), 1));
    const each = mul(p, sub(logs, x));
    return reduction === 'batchmean' ? mul(sum(each), 1 / Math.max(1, x.shape[0] ?? 1)) : reduced(each, reduction);
  },
  reference: ({ x, target }, { reduction, logTarget }) => {
    const each = zip(
      (a, t) => {
        const p = logTarget ? Math.exp(t!) : t!;
        return p === 0 ? 0 : p * ((logTarget ? t! : Math.log(p)) - a!);
      },
      x,
      target,
    );
    if (reduction !== 'batchmean') return reducedReference(each, reduction);
    return ndarray([], [each.data.reduce((a, b) => a + b, 0) / x.shape[0]!]);
  },
  cases: [
    { inputs: { x: [4, 5], target: { shape: [4, 5], values: 'positive' } } },
    { inputs: { x: [4, 5], target: { shape: [4, 5], values: 'positive' } }, attrs: { reduction: 'batchmean' } },
    { inputs: { x: [4, 5], target: [4, 5] }, attrs: { reduction: 'sum', logTarget: true } },
    {
      inputs: { x: [3], target: { shape: [3], values: [0, 0.5, 0.5] } },
      attrs: { reduction: 'none' },
      gradient: false,
      note: '0 · log 0 = 0',
    },
  ],
});

export interface KlDivOptions {
  /** 'batchmean' divides the sum by the first size: the divergence of the distributions. Default: mean, as PyTorch. */
  readonly reduction?: Reduction | 'batchmean';
  /** The target is given as logarithms too. */
  readonly logTarget?: boolean;
}

/** The divergence Σ target · (log target − x) of log-probabilities x from probabilities, reduced. float32. */
export function klDiv(x: Tensor, target: Tensor, { reduction = 'mean', logTarget = false }: KlDivOptions = {}): Tensor {
  checkReduction('klDiv', reduction, [...REDUCTIONS, 'batchmean']);
  return klDivOp({ x, target }, { reduction, logTarget });
}

interface NllAttrs {
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
}

const nllLossOp = defineComposite({
  name: 'nllLoss',
  formula: 'mean of −weight[target] · x[target]',
  inputs: ['x', 'target', 'weight'],
  optional: ['weight'],
  dtypes: { target: ['int32'] },
  constants: ['weight'],
  attrs: { ignoreIndex: -100, reduction: 'mean' } as NllAttrs,
  compute: ({ x, target, weight }, { ignoreIndex, reduction }) => {
    const n = x.shape.at(-1);
    if (
      n === undefined ||
      !sameShape(x.shape.slice(0, -1), target.shape) ||
      (weight && show(weight.shape) !== show([n]))
    ) {
      throw new ShapeError(
        `nllLoss: x ${show(x.shape)} with target ${show(target.shape)}${weight ? `, weight ${show(weight.shape)}` : ''}. ` +
          'Expected x [.., classes], target [..] and weight [classes].',
      );
    }
    const known = logicalAnd(logicalAnd(ge(target, 0), lt(target, n)), ne(target, ignoreIndex));
    const counted = to(known, 'float32');
    const weights = weight === undefined ? counted : mul(counted, gatherFrom(weight, target));
    const losses = neg(mul(squeeze(gather(x, -1, unsqueeze(target, -1)), -1), weights));
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? sum(losses) : div(sum(losses), maximum(sum(weights), 1e-30));
  },
  reference: ({ x, target, weight }, { ignoreIndex, reduction }) => {
    const n = x.shape.at(-1)!;
    const weights = Array.from(target.data, (t) => (t >= 0 && t < n && t !== ignoreIndex ? (weight?.data[t] ?? 1) : 0));
    const losses = ndarray(
      target.shape,
      weights.map((w, i) => (w === 0 ? 0 : -w * x.data[i * n + target.data[i]!]!)),
    );
    if (reduction !== 'mean') return reducedReference(losses, reduction);
    const total = weights.reduce((a, b) => a + b, 0);
    return ndarray([], [total === 0 ? 0 : losses.data.reduce((a, b) => a + b, 0) / total]);
  },
  cases: [
    { inputs: { x: [6, 4], target: { shape: [6], dtype: 'int32', high: 4 } } },
    {
      inputs: {
        x: [2, 3, 4],
        target: { shape: [2, 3], dtype: 'int32', values: [0, 1, 3, -100, 2, 1] },
        weight: { shape: [4], values: 'positive' },
      },
    },
    {
      inputs: { x: [3, 4], target: { shape: [3], dtype: 'int32', high: 4 } },
      attrs: { reduction: 'none', ignoreIndex: 1 },
    },
    { inputs: { x: [2, 3], target: { shape: [2], dtype: 'int32', values: [-100, -100] } }, note: 'nothing counts: 0' },
  ],
});

/** The weight of each target; 0 where it is no class. */
const gatherFrom = (weight: Tensor, target: Tensor): Tensor => {
  const flat = reshape(target, [target.size]);
  return reshape(gather(weight, 0, flat), target.shape);
};

export interface NllLossOptions extends LossOptions {
  /** Of each class: float32 [classes]. The mean divides by the weights that count. */
  readonly weight?: Tensor;
  /** Rows with this target count nowhere. Default: −100. */
  readonly ignoreIndex?: number;
}

/**
 * Minus the log-probability of the right class: x [.., classes] of log-probabilities, target int32 [..]; classes are always
 * the last dimension. crossEntropy takes logits and does both in one. Where no row counts the mean is 0. float32.
 */
export function nllLoss(
  x: Tensor,
  target: Tensor,
  { weight, ignoreIndex = -100, reduction = 'mean' }: NllLossOptions = {},
): Tensor {
  checkReduction('nllLoss', reduction);
  return nllLossOp({ x, target, weight }, { ignoreIndex, reduction });
}
