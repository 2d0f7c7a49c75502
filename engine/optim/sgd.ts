import { ArgumentError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { sgdStep } from './kernels.ts';
import { checkSetting, type GroupOptions, Optimizer, type ParamGroup, type StepRange } from './optimizer.ts';

/** Settings of gradient descent; defaults as torch.optim.SGD. */
export interface SGDOptions {
  /** Learning rate. */
  lr: number;
  /** What is kept of the running sum of gradients at each step. */
  momentum: number;
  /** Added to the gradient times the parameter: an L2 penalty. */
  weightDecay: number;
  /** Looks ahead along the momentum. */
  nesterov: boolean;
}

const DEFAULTS: SGDOptions = { lr: 1e-3, momentum: 0, weightDecay: 0, nesterov: false };

/**
 * Gradient descent: g = gradient + weightDecay·p, v = momentum·v + g, p = p − lr·v; with nesterov p − lr·(g + momentum·v).
 * As torch.optim.SGD with dampening 0.
 */
export class SGD extends Optimizer<SGDOptions> {
  /** Whether any group had momentum when this was made: else no running sums are kept. */
  readonly #momentum: boolean;

  constructor(params: readonly Tensor[] | readonly GroupOptions<SGDOptions>[], options: Partial<SGDOptions> = {}) {
    const moves = [options, ...(params as readonly Partial<SGDOptions>[])].some(
      ({ momentum }) => (momentum ?? 0) !== 0,
    );
    super(params, DEFAULTS, options, moves ? ['momentumBuffer'] : []);
    this.#momentum = moves;
  }

  protected check({ lr, momentum, weightDecay, nesterov }: ParamGroup<SGDOptions>): void {
    checkSetting('SGD', 'lr', lr, 0);
    checkSetting('SGD', 'momentum', momentum, 0);
    checkSetting('SGD', 'weightDecay', weightDecay, 0);
    if (nesterov && momentum === 0) throw new ArgumentError('SGD: nesterov needs a momentum above 0.');
  }

  protected update({ parameters, gradients, state, gradScale }: StepRange, group: ParamGroup<SGDOptions>): void {
    if (group.momentum !== 0 && !this.#momentum) {
      throw new ArgumentError(
        'SGD: momentum was 0 when the optimizer was made, so no running sums are kept. Make a new one.',
      );
    }
    const velocity = group.momentum === 0 ? null : state[0]!;
    sgdStep({ parameters, gradients, velocity, gradScale }, group);
  }
}
