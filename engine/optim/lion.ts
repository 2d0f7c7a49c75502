import shader from '../../shaders/optim_lion.wgsl';
import { dispatch, grid } from '../backend.ts';
import { defineInPlace } from '../inPlace.ts';
import { anchor } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { alike, each, GRAIN, positive, regionOf } from './kernels.ts';
import { checkSetting, type GroupOptions, Optimizer, type ParamGroup, type StepRange } from './optimizer.ts';

const lion = defineInPlace({
  name: 'optimLion',
  formula: 'g = scale·gradient, p = p − decay·p − rate·sign(β1·m + (1 − β1)g), m = β2·m + (1 − β2)g',
  operands: ['p', 'gradient', 'm', 'scale'],
  writes: ['p', 'm'],
  attrs: { decay: 0.01, rate: 0.1, beta1: 0.9, beta2: 0.99 },
  webgpu: ({ p, gradient, m, scale }, { decay, rate, beta1, beta2 }) => {
    const [at, from, state] = [anchor(p), anchor(gradient), anchor(m)];
    const total = p.shape[0]!;
    return dispatch({
      shader,
      bindings: { p: at.operand, gradient: from.operand, m: state.operand, scale },
      uniforms: {
        ...{ total, pOffset: at.offset, gOffset: from.offset, stateOffset: state.offset, decay, rate },
        ...{ beta1, oneMinusBeta1: 1 - beta1, beta2, oneMinusBeta2: 1 - beta2 },
      },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ p, gradient, m, scale }, { decay, rate, beta1, beta2 }) => {
    const args = [p, gradient, m, scale, decay, rate, beta1, 1 - beta1, beta2, 1 - beta2];
    return { kernel: 'optimLion', args, range: p.shape[0]!, grain: GRAIN };
  },
  reference: ({ p, gradient, m, scale }, { decay, rate, beta1, beta2 }) => {
    const g = each(p, (i) => scale.data[0]! * gradient.data[i]!);
    const step = (i: number): number => Math.sign(beta1 * m.data[i]! + (1 - beta1) * g.data[i]!);
    return {
      p: each(p, (i) => p.data[i]! - decay * p.data[i]! - rate * step(i)),
      m: each(p, (i) => beta2 * m.data[i]! + (1 - beta2) * g.data[i]!),
    };
  },
  cases: [
    { inputs: { ...alike(70), m: [70], scale: positive(1) } },
    { inputs: { ...alike(3), m: { shape: [3], values: [0, 0, 0] }, scale: [1] }, attrs: { decay: 0 } },
    { inputs: { ...alike(8_000_000), m: [8_000_000], scale: [1] }, bench: true },
  ],
});

/** Settings of Lion; defaults as in the paper. */
export interface LionOptions {
  /** Learning rate: every step has this size, so it is 3 to 10 times smaller than that of AdamW. */
  lr: number;
  /** What the direction keeps of the running mean of the gradient, and what the mean keeps at each step. */
  betas: readonly [number, number];
  /** Shrinks the parameter itself by lr·weightDecay. */
  weightDecay: number;
}

const DEFAULTS: LionOptions = { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0 };

/**
 * Lion (Chen et al. 2023): p = p − lr·(sign(β1·m + (1 − β1)·g) + weightDecay·p), m = β2·m + (1 − β2)·g. One running mean,
 * where Adam has two.
 */
export class Lion extends Optimizer<LionOptions> {
  constructor(params: readonly Tensor[] | readonly GroupOptions<LionOptions>[], options: Partial<LionOptions> = {}) {
    super(params, DEFAULTS, options, ['expAvg']);
  }

  protected check({ lr, betas, weightDecay }: ParamGroup<LionOptions>): void {
    checkSetting('Lion', 'lr', lr, 0);
    checkSetting('Lion', 'betas[0]', betas[0], 0, 1);
    checkSetting('Lion', 'betas[1]', betas[1], 0, 1);
    checkSetting('Lion', 'weightDecay', weightDecay, 0);
  }

  protected update(
    { parameters, gradients, state, gradScale }: StepRange,
    { lr: rate, betas: [beta1, beta2], weightDecay }: ParamGroup<LionOptions>,
  ): void {
    lion(
      {
        ...{ p: regionOf(parameters), gradient: regionOf(gradients), m: regionOf(state[0]!) },
        scale: regionOf(gradScale),
      },
      { decay: rate * weightDecay, rate, beta1, beta2 },
    );
  }
}
