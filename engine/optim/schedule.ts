import { ArgumentError } from '../errors.ts';

/** The learning rate at a step, counted from 1: `optimizer.lr = schedule(step)` before each `optimizer.step()`. */
export type Schedule = (step: number) => number;

function positive(schedule: string, settings: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!(value > 0)) throw new ArgumentError(`${schedule}: ${name} is ${value}, expected a number above 0.`);
  }
}

/**
 * The schedule of "Attention Is All You Need" (Vaswani et al. 2017, equation 3): linear over `warmup` steps, then falling
 * with the root of the step: factor · dModel^−½ · min(t^−½, t · warmup^−3/2).
 */
export function noam({
  dModel,
  warmup = 4000,
  factor = 1,
}: {
  readonly dModel: number;
  readonly warmup?: number;
  readonly factor?: number;
}): Schedule {
  positive('noam', { dModel, warmup });
  return (step) => factor * dModel ** -0.5 * Math.min(step ** -0.5, step * warmup ** -1.5);
}

/** From `lr`/warmup up to `lr` over `warmup` steps; 1 from then on. */
const rise = (step: number, warmup: number): number => (step < warmup ? step / warmup : 1);

/** Always `lr`, after a linear rise over `warmup` steps. */
export function constant({ lr, warmup = 0 }: { readonly lr: number; readonly warmup?: number }): Schedule {
  return (step) => lr * rise(step, warmup);
}

export interface DecayOptions {
  readonly lr: number;
  /** Steps in all; from there on the rate is `end`. */
  readonly steps: number;
  readonly warmup?: number;
  readonly end?: number;
}

/** How far a step is on the way from the end of the warm-up to the last step, 0 to 1. */
const progress = (step: number, warmup: number, steps: number): number =>
  Math.min(1, Math.max(0, step - warmup) / Math.max(1, steps - warmup));

/** A linear rise over `warmup` steps, then a straight line down to `end` at `steps`. */
export function linearDecay({ lr, steps, warmup = 0, end = 0 }: DecayOptions): Schedule {
  positive('linearDecay', { steps });
  return (step) => (step < warmup ? lr * rise(step, warmup) : lr + (end - lr) * progress(step, warmup, steps));
}

/**
 * A linear rise over `warmup` steps, then half a cosine down to `end` at `steps` (Loshchilov and Hutter 2017, without
 * restarts).
 */
export function cosineDecay({ lr, steps, warmup = 0, end = 0 }: DecayOptions): Schedule {
  positive('cosineDecay', { steps });
  return (step) => {
    if (step < warmup) return lr * rise(step, warmup);
    return end + ((lr - end) / 2) * (1 + Math.cos(Math.PI * progress(step, warmup, steps)));
  };
}

/** `lr`, times `gamma` after every `stepSize` steps, after a linear rise over `warmup` of them. As torch's StepLR. */
export function stepDecay({
  lr,
  stepSize,
  gamma = 0.1,
  warmup = 0,
}: {
  readonly lr: number;
  readonly stepSize: number;
  readonly gamma?: number;
  readonly warmup?: number;
}): Schedule {
  positive('stepDecay', { stepSize });
  return (step) => (step < warmup ? lr * rise(step, warmup) : lr * gamma ** Math.floor((step - 1) / stepSize));
}

/** `lr`, times `gamma` from each of `milestones` on: steps already taken. As torch's MultiStepLR. */
export function multiStepDecay({
  lr,
  milestones,
  gamma = 0.1,
  warmup = 0,
}: {
  readonly lr: number;
  readonly milestones: readonly number[];
  readonly gamma?: number;
  readonly warmup?: number;
}): Schedule {
  return (step) =>
    step < warmup ? lr * rise(step, warmup) : lr * gamma ** milestones.filter((at) => step - 1 >= at).length;
}

/** `lr`, times `gamma` after every step. As torch's ExponentialLR. */
export const exponentialDecay = ({ lr, gamma }: { readonly lr: number; readonly gamma: number }): Schedule =>
  stepDecay({ lr, stepSize: 1, gamma });

export interface OneCycleOptions {
  /** The highest rate. */
  readonly maxLr: number;
  /** Steps in all; from there on the rate is the lowest. */
  readonly steps: number;
  /** The part of the steps in which the rate rises. Default: 0.3. */
  readonly pctStart?: number;
  /** The first rate is maxLr / divFactor. Default: 25. */
  readonly divFactor?: number;
  /** The last rate is the first / finalDivFactor. Default: 1e4. */
  readonly finalDivFactor?: number;
  /** Default: cos. */
  readonly annealStrategy?: 'cos' | 'linear';
}

/**
 * Up from maxLr / divFactor to maxLr, then down to almost nothing (Smith and Topin 2019), as torch's OneCycleLR in two
 * phases. Momentum stays as it is.
 */
export function oneCycle({
  maxLr,
  steps,
  pctStart = 0.3,
  divFactor = 25,
  finalDivFactor = 1e4,
  annealStrategy = 'cos',
}: OneCycleOptions): Schedule {
  positive('oneCycle', { maxLr, steps, divFactor, finalDivFactor });
  if (!(pctStart >= 0 && pctStart <= 1)) {
    throw new ArgumentError(`oneCycle: pctStart is ${pctStart}, expected a number from 0 to 1.`);
  }
  const first = maxLr / divFactor;
  const top = pctStart * steps - 1;
  const between = (from: number, to: number, share: number): number =>
    from + (to - from) * (annealStrategy === 'cos' ? (1 - Math.cos(Math.PI * share)) / 2 : share);
  return (step) => {
    const at = Math.min(step - 1, steps - 1);
    if (at <= top) return between(first, maxLr, top === 0 ? 1 : at / top);
    return between(maxLr, first / finalDivFactor, (at - top) / (steps - 1 - top));
  };
}

/** `schedule` from its first step on, after a linear rise to its first rate over `steps` steps. */
export function warmup(steps: number, schedule: Schedule): Schedule {
  return (step) => (step <= steps ? (schedule(1) * step) / (steps + 1) : schedule(step - steps));
}
