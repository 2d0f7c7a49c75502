import { div } from '../ops/binary.ts';
import type { Tensor } from '../tensor.ts';
import { adamStep } from './kernels.ts';
import { checkSetting, type GroupOptions, Optimizer, type ParamGroup, type StepRange } from './optimizer.ts';

/** Settings of Adam and AdamW. */
export interface AdamOptions {
  /** Learning rate. */
  lr: number;
  /** What is kept at each step of the running means of the gradient and of its square. */
  betas: readonly [number, number];
  /** Added to the root of the mean square, so that nothing is divided by 0. */
  eps: number;
  /** Adam: an L2 penalty through the gradient. AdamW: shrinks the parameter itself by lr·weightDecay. */
  weightDecay: number;
}

const DEFAULTS: AdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 };

abstract class AdamBase extends Optimizer<AdamOptions> {
  protected abstract readonly decoupled: boolean;

  protected check({ lr, betas, eps, weightDecay }: ParamGroup<AdamOptions>): void {
    const name = this.constructor.name;
    checkSetting(name, 'lr', lr, 0);
    checkSetting(name, 'betas[0]', betas[0], 0, 1 - Number.EPSILON);
    checkSetting(name, 'betas[1]', betas[1], 0, 1 - Number.EPSILON);
    checkSetting(name, 'eps', eps, 0);
    checkSetting(name, 'weightDecay', weightDecay, 0);
  }

  protected update({ parameters, gradients, state, gradScale, step }: StepRange, group: ParamGroup<AdamOptions>): void {
    const { lr, betas, eps, weightDecay } = group;
    const spans = { parameters, gradients, m: state[0]!, v: state[1]!, gradScale };
    const { decoupled } = this;
    adamStep(spans, { lr, beta1: betas[0], beta2: betas[1], eps, weightDecay, decoupled, step });
  }

  /** m/(1 − β1ᵗ) and v/(1 − β2ᵗ) (Kingma and Ba 2015, algorithm 1). */
  protected override corrected(
    { expAvg, expAvgSq }: Readonly<Record<string, Tensor>>,
    step: number,
    { betas }: ParamGroup<AdamOptions>,
  ): Readonly<Record<string, Tensor>> {
    return { expAvg: div(expAvg!, 1 - betas[0] ** step), expAvgSq: div(expAvgSq!, 1 - betas[1] ** step) };
  }
}

const NAMES = ['expAvg', 'expAvgSq'];

/**
 * Adam (Kingma and Ba 2015): m and v are running means of the gradient and of its square,
 * p = p − lr/(1 − β1ᵗ) · m / (√v/√(1 − β2ᵗ) + eps). Defaults and arithmetic as torch.optim.Adam.
 */
export class Adam extends AdamBase {
  protected readonly decoupled = false;

  constructor(params: readonly Tensor[] | readonly GroupOptions<AdamOptions>[], options: Partial<AdamOptions> = {}) {
    super(params, DEFAULTS, options, NAMES);
  }
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019): p = p − lr·weightDecay·p first. Default weightDecay 0.01. */
export class AdamW extends AdamBase {
  protected readonly decoupled = true;

  constructor(params: readonly Tensor[] | readonly GroupOptions<AdamOptions>[], options: Partial<AdamOptions> = {}) {
    super(params, { ...DEFAULTS, weightDecay: 0.01 }, options, NAMES);
  }
}
