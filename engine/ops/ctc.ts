import { ArgumentError, ShapeError, show } from '../errors.ts';
import { scope } from '../memory.ts';
import { defineComposite } from '../op.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { Tensor } from '../tensor.ts';
import { fill } from './accumulate.ts';
import { add, div, eq, gt, logicalAnd, ne } from './binary.ts';
import { cat, stack } from './cat.ts';
import type { Reduction } from './crossEntropy.ts';
import { embedSlice } from './embedSlice.ts';
import { gather } from './gather.ts';
import { logsumexp } from './logsumexp.ts';
import { mean, sum } from './reduce.ts';
import { neg } from './unary.ts';
import { expand, narrow, reshape, select } from './views.ts';
import { maskedFill, where } from './where.ts';

interface CtcAttrs {
  readonly inputLengths: readonly number[];
  readonly targetLengths: readonly number[];
  readonly blank: number;
  readonly reduction: Reduction;
  readonly zeroInfinity: boolean;
}

/** The logarithm of what cannot be: far below all that can, and still a number. */
const NEVER = -1e30;

function check(logProbs: readonly number[], targets: readonly number[], attrs: CtcAttrs): void {
  const { inputLengths, targetLengths, blank } = attrs;
  const [time = 0, batch = 0, classes = 0] = logProbs;
  if (logProbs.length !== 3 || targets.length !== 2 || targets[0] !== batch) {
    throw new ShapeError(
      `ctcLoss: logProbs ${show(logProbs)} and targets ${show(targets)}. Expected [time, batch, classes] and [batch, length].`,
    );
  }
  const fits = (lengths: readonly number[], most: number): boolean =>
    lengths.length === batch && lengths.every((n) => Number.isInteger(n) && n >= 0 && n <= most);
  if (!fits(inputLengths, time) || !fits(targetLengths, targets[1]!)) {
    throw new ArgumentError(
      `ctcLoss: inputLengths ${show(inputLengths)} and targetLengths ${show(targetLengths)}. ` +
        `Expected one for each of ${batch}, at most ${time} and ${targets[1]}.`,
    );
  }
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes) {
    throw new ArgumentError(`ctcLoss: blank ${blank} of ${classes} classes. Expected one of them.`);
  }
}

/** x one or two places further along the last dimension; what comes in cannot be. */
const moved = (x: Tensor, by: number): Tensor =>
  x.shape.at(-1)! <= by
    ? fill(x.shape, NEVER, { device: x.device })
    : embedSlice(narrow(x, -1, 0, x.shape.at(-1)! - by), x.shape, -1, by, 1, NEVER);

const ctcLossOp = defineComposite({
  name: 'ctcLoss',
  formula: 'minus the log-probability of all ways to spell the target over time, with blanks and repetitions',
  inputs: ['logProbs', 'targets'],
  dtypes: { targets: ['int32'] },
  attrs: {
    ...{ inputLengths: [], targetLengths: [], blank: 0, reduction: 'mean', zeroInfinity: false },
  } as CtcAttrs,
  compute: ({ logProbs, targets }, attrs) => {
    check(logProbs.shape, targets.shape, attrs);
    const { inputLengths, targetLengths, blank, reduction, zeroInfinity } = attrs;
    const { device } = logProbs;
    const [time, batch] = logProbs.shape as [number, number];
    const length = targets.shape[1]!;
    const states = 2 * length + 1;
    const numbers = (values: readonly number[], shape: readonly number[]): Tensor =>
      Tensor.from(device, values, shape, 'int32');
    const blanks = (n: number): Tensor => fill([batch, n], blank, { dtype: 'int32', device });
    // blank, target 0, blank, target 1, …, blank
    const spelt = cat([reshape(stack([blanks(length), targets], 2), [batch, 2 * length]), blanks(1)], 1);
    // From a letter to the next without a blank between, where they differ.
    const before = cat([blanks(Math.min(2, states)), narrow(spelt, 1, 0, Math.max(0, states - 2))], 1);
    const skips = logicalAnd(ne(spelt, blank), ne(spelt, before));
    const scores = gather(logProbs, 2, expand(spelt, [time, batch, states]));
    const ends = numbers(inputLengths, [batch, 1]);

    // alpha[n, s]: all ways to have spelt up to state s by now
    const begin = maskedFill(select(scores, 0, 0), gt(numbers([...Array(states).keys()], [1, states]), 1), NEVER);
    let alpha = begin;
    for (let t = 1; t < time; t++) {
      const last = alpha;
      alpha = scope(() => {
        const skipped = maskedFill(moved(last, 2), eq(skips, 0), NEVER);
        const next = add(logsumexp(stack([last, moved(last, 1), skipped]), 0), select(scores, 0, t));
        return where(gt(ends, t), next, last);
      });
    }
    const lastStates = targetLengths.flatMap((n) => [2 * n, Math.max(0, 2 * n - 1)]);
    const both = gather(alpha, 1, numbers(lastStates, [batch, 2]));
    const none = numbers(
      targetLengths.flatMap((n) => [0, Number(n === 0)]),
      [batch, 2],
    );
    let losses = neg(logsumexp(maskedFill(both, none, NEVER), 1));
    // no input at all spells only nothing
    const empty = numbers(
      inputLengths.map((n) => Number(n === 0)),
      [batch],
    );
    const spellsNothing = Tensor.from(
      device,
      targetLengths.map((n) => (n === 0 ? 0 : -NEVER)),
      [batch],
      'float32',
    );
    losses = where(empty, spellsNothing, losses);
    losses = maskedFill(losses, gt(losses.detach(), -NEVER / 2), zeroInfinity ? 0 : Number.POSITIVE_INFINITY);
    if (reduction === 'none') return losses;
    if (reduction === 'sum') return sum(losses);
    const sizes = targetLengths.map((n) => Math.max(1, n));
    return mean(div(losses, Tensor.from(device, sizes, [batch], 'float32')));
  },
  reference: ({ logProbs, targets }, attrs): NDArray => {
    const { inputLengths, targetLengths, blank, reduction, zeroInfinity } = attrs;
    const [, batch, classes] = logProbs.shape as [number, number, number];
    const length = targets.shape[1]!;
    const losses = Array.from({ length: batch }, (_, n) => {
      const letters = [...targets.data.subarray(n * length, n * length + targetLengths[n]!)];
      const spelt = [blank, ...letters.flatMap((c) => [c, blank])];
      let alpha = spelt.map((_, s) => Number(s === 0));
      for (let t = 0; t < inputLengths[n]!; t++) {
        const p = (c: number): number => Math.exp(logProbs.data[(t * batch + n) * classes + c]!);
        const last = alpha;
        alpha = spelt.map((c, s) => {
          if (t === 0) return s < 2 ? p(c) : 0;
          const skip = c !== blank && c !== spelt[s - 2] ? (last[s - 2] ?? 0) : 0;
          return p(c) * (last[s]! + (last[s - 1] ?? 0) + skip);
        });
      }
      const total = alpha.at(-1)! + (letters.length === 0 ? 0 : alpha.at(-2)!);
      return total === 0 && zeroInfinity ? 0 : -Math.log(total);
    });
    if (reduction === 'none') return ndarray([batch], losses);
    const sizes = losses.map((v, n) => (reduction === 'mean' ? v / Math.max(1, targetLengths[n]!) / batch : v));
    return ndarray([], [sizes.reduce((a, b) => a + b, 0)]);
  },
  cases: [
    {
      inputs: { logProbs: [6, 2, 4], targets: { shape: [2, 3], dtype: 'int32', values: [1, 2, 3, 2, 2, 0] } },
      attrs: { inputLengths: [6, 5], targetLengths: [3, 2] },
    },
    {
      inputs: { logProbs: [4, 3, 3], targets: { shape: [3, 2], dtype: 'int32', values: [0, 1, 1, 1, 0, 0] } },
      attrs: { inputLengths: [4, 3, 2], targetLengths: [2, 2, 0], blank: 2, reduction: 'sum' },
    },
    {
      inputs: { logProbs: [2, 2, 3], targets: { shape: [2, 2], dtype: 'int32', values: [1, 1, 2, 1] } },
      attrs: { inputLengths: [2, 2], targetLengths: [2, 2], reduction: 'none', zeroInfinity: true },
      note: 'two equal letters need three steps: no way, counted as 0',
    },
    {
      inputs: { logProbs: [1, 1, 2], targets: { shape: [1, 0], dtype: 'int32' } },
      attrs: { inputLengths: [1], targetLengths: [0], reduction: 'none' },
    },
  ],
});

export interface CtcLossOptions {
  /** The class that stands for nothing. Default: 0. */
  readonly blank?: number;
  /** 'mean' of the losses, each over the length of its target; 'sum', or 'none'. Default: mean. */
  readonly reduction?: Reduction;
  /** Where the input is too short for its target the loss is 0, not infinite. Default: false. */
  readonly zeroInfinity?: boolean;
}

/**
 * Connectionist temporal classification (Graves et al. 2006): minus the log-probability that a sequence spells a shorter
 * one, over all ways to place its letters in time with blanks and repetitions between. logProbs [time, batch, classes] of
 * log-probabilities (logSoftmax), targets int32 [batch, length], and for each how much of both counts. Takes time · 8
 * small operations. float32.
 *
 * @throws {ShapeError} for other shapes, {ArgumentError} for lengths that do not fit
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: readonly number[],
  targetLengths: readonly number[],
  { blank = 0, reduction = 'mean', zeroInfinity = false }: CtcLossOptions = {},
): Tensor {
  if (!['mean', 'sum', 'none'].includes(reduction)) {
    throw new ArgumentError(`ctcLoss: reduction '${reduction}', expected 'mean', 'sum' or 'none'.`);
  }
  return ctcLossOp({ logProbs, targets }, { inputLengths, targetLengths, blank, reduction, zeroInfinity });
}
