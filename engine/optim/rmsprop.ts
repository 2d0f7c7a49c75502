import shader from '../../shaders/optim_rmsprop.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ArgumentError } from '../errors.ts';
import { defineInPlace } from '../inPlace.ts';
import { anchor } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { alike, each, GRAIN, positive, regionOf } from './kernels.ts';
import { checkSetting, type GroupOptions, Optimizer, type ParamGroup, type StepRange } from './optimizer.ts';

const rmsprop = defineInPlace({
  name: 'optimRmsprop',
  formula:
    'g = scale·gradient + l2·p, s = α·s + (1 − α)g², d = g / (√s + eps), v = momentum·v + d, p = p − rate·v; centered: s − m² for s',
  operands: ['p', 'gradient', 'squares', 'mean', 'velocity', 'scale'],
  optional: ['mean', 'velocity'],
  writes: ['p', 'squares', 'mean', 'velocity'],
  attrs: { l2: 0, rate: 0.1, alpha: 0.9, momentum: 0.5, eps: 1e-6 },
  webgpu: ({ p, gradient, squares, mean, velocity, scale }, { l2, rate, alpha, momentum, eps }, tools) => {
    const [at, from, state] = [anchor(p), anchor(gradient), anchor(squares)];
    const kept = (given: typeof mean) => (given === undefined ? tools.none : anchor(given).operand);
    const total = p.shape[0]!;
    return dispatch({
      shader,
      bindings: {
        ...{ p: at.operand, gradient: from.operand, squares: state.operand, scale },
        ...{ mean: kept(mean), velocity: kept(velocity) },
      },
      uniforms: {
        ...{ total, pOffset: at.offset, gOffset: from.offset, stateOffset: state.offset },
        ...{ l2, rate, alpha, oneMinusAlpha: 1 - alpha, momentum, eps },
      },
      params: { CENTERED: String(mean !== undefined), MOMENTUM: String(velocity !== undefined) },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ p, gradient, squares, mean, velocity, scale }, { l2, rate, alpha, momentum, eps }) => {
    const states = [squares, mean ?? squares, velocity ?? squares];
    const flags = [mean === undefined ? 0 : 1, velocity === undefined ? 0 : 1];
    const args = [p, gradient, ...states, scale, l2, rate, alpha, 1 - alpha, momentum, eps, ...flags];
    return { kernel: 'optimRmsprop', args, range: p.shape[0]!, grain: GRAIN };
  },
  reference: ({ p, gradient, squares, mean, velocity, scale }, { l2, rate, alpha, momentum, eps }) => {
    const g = each(p, (i) => scale.data[0]! * gradient.data[i]! + l2 * p.data[i]!);
    const s = each(p, (i) => alpha * squares.data[i]! + (1 - alpha) * g.data[i]! ** 2);
    const m = mean && each(p, (i) => mean.data[i]! + (1 - alpha) * (g.data[i]! - mean.data[i]!));
    const spread = (i: number): number => Math.max(0, s.data[i]! - (m?.data[i] ?? 0) ** 2);
    const d = each(p, (i) => g.data[i]! / (Math.sqrt(spread(i)) + eps));
    const v = velocity && each(p, (i) => momentum * velocity.data[i]! + d.data[i]!);
    const next = each(p, (i) => p.data[i]! - rate * (v ?? d).data[i]!);
    return { p: next, squares: s, ...(m && { mean: m }), ...(v && { velocity: v }) };
  },
  cases: [
    { inputs: { ...alike(70), squares: positive(70), scale: positive(1) }, attrs: { l2: 0.1 } },
    { inputs: { ...alike(70), squares: positive(70), velocity: [70], scale: [1] } },
    {
      inputs: { ...alike(9), squares: positive(9), mean: { shape: [9], scale: 0.1 }, velocity: [9], scale: [1] },
    },
    { inputs: { ...alike(1), squares: positive(1), mean: { shape: [1], scale: 0.1 }, scale: [1] } },
    { inputs: { ...alike(8_000_000), squares: positive(8_000_000), scale: [1] }, bench: true },
  ],
});

/** Settings of RMSprop; defaults as torch.optim.RMSprop. */
export interface RMSpropOptions {
  /** Learning rate. */
  lr: number;
  /** What is kept at each step of the running mean of the squared gradient. */
  alpha: number;
  /** Added to the root of the mean square, so that nothing is divided by 0. */
  eps: number;
  /** What is kept of the running sum of steps. */
  momentum: number;
  /** Divides by the deviation of the gradient instead of its mean square. */
  centered: boolean;
  /** Added to the gradient times the parameter: an L2 penalty. */
  weightDecay: number;
}

const DEFAULTS: RMSpropOptions = { lr: 0.01, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false, weightDecay: 0 };

/**
 * RMSprop (Hinton 2012, lecture 6e): the gradient over the root of the running mean of its square, with momentum where
 * asked for. Arithmetic as torch.optim.RMSprop.
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  /** The running means that are kept, squareAvg always. */
  readonly #kept: readonly string[];

  constructor(
    params: readonly Tensor[] | readonly GroupOptions<RMSpropOptions>[],
    options: Partial<RMSpropOptions> = {},
  ) {
    const all = [options, ...(params as readonly Partial<RMSpropOptions>[])];
    const kept = [
      'squareAvg',
      ...(all.some(({ centered }) => centered === true) ? ['gradAvg'] : []),
      ...(all.some(({ momentum }) => (momentum ?? 0) !== 0) ? ['momentumBuffer'] : []),
    ];
    super(params, DEFAULTS, options, kept);
    this.#kept = kept;
  }

  protected check({ lr, alpha, eps, momentum, weightDecay }: ParamGroup<RMSpropOptions>): void {
    checkSetting('RMSprop', 'lr', lr, 0);
    checkSetting('RMSprop', 'alpha', alpha, 0, 1);
    checkSetting('RMSprop', 'eps', eps, 0);
    checkSetting('RMSprop', 'momentum', momentum, 0);
    checkSetting('RMSprop', 'weightDecay', weightDecay, 0);
  }

  protected update(
    { parameters, gradients, state, gradScale }: StepRange,
    { lr: rate, alpha, eps, momentum, centered, weightDecay: l2 }: ParamGroup<RMSpropOptions>,
  ): void {
    const kept = (name: string, wanted: boolean) => {
      if (!wanted) return undefined;
      const at = this.#kept.indexOf(name);
      if (at >= 0) return regionOf(state[at]!);
      throw new ArgumentError(
        `RMSprop: no ${name} is kept, since momentum was 0 or centered false when the optimizer was made. Make a new one.`,
      );
    };
    rmsprop(
      {
        ...{ p: regionOf(parameters), gradient: regionOf(gradients), squares: regionOf(state[0]!) },
        ...{ mean: kept('gradAvg', centered), velocity: kept('momentumBuffer', momentum !== 0) },
        scale: regionOf(gradScale),
      },
      { l2, rate, alpha, momentum, eps },
    );
  }
}
