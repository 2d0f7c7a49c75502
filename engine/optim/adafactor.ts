import { noGrad } from '../autograd.ts';
import { storageBytes } from '../dtype.ts';
import { ArgumentError, show } from '../errors.ts';
import { scope, unscoped } from '../memory.ts';
import { accumulate, fill } from '../ops/accumulate.ts';
import { div, maximum, mul, sub } from '../ops/binary.ts';
import { lerp } from '../ops/blend.ts';
import { mean } from '../ops/reduce.ts';
import { rsqrt, sqrt, square } from '../ops/unary.ts';
import { reshape } from '../ops/views.ts';
import type { Tensor } from '../tensor.ts';
import {
  checkSetting,
  type GroupOptions,
  Optimizer,
  type OptimizerState,
  type ParamGroup,
  type ParamState,
  type StepOptions,
} from './optimizer.ts';

/** Settings of Adafactor; defaults as torch.optim.Adafactor. */
export interface AdafactorOptions {
  /** The largest relative step: lr, but no more than 1/√step, times the size of the parameter. */
  lr: number;
  /** The running means keep 1 − step^beta2Decay at each step. */
  beta2Decay: number;
  /** The least root of a mean square, and the least size that a parameter counts as. */
  eps: readonly [number, number];
  /** Steps of more than this root mean square are scaled down to it. */
  d: number;
  /** Shrinks the parameter itself by lr·weightDecay. */
  weightDecay: number;
}

const DEFAULTS: AdafactorOptions = { lr: 0.01, beta2Decay: -0.8, eps: [2 ** -23, 1e-3], d: 1, weightDecay: 0 };

/** The running means of squares: of a matrix by row and by column, of a vector for each element. */
interface Factors {
  step: number;
  readonly means: Readonly<Record<string, Tensor>>;
}

/** The root of the mean square of all elements. */
const size = (x: Tensor): Tensor => sqrt(mean(square(x)));

/**
 * Adafactor (Shazeer and Stern 2018): as Adam without a first moment, with the second moment of a matrix [m, n] kept as the
 * product of a column of m and a row of n, so that the state is almost nothing; steps are relative to the size of the
 * parameter. Each parameter takes some twenty small operations. Arithmetic as torch.optim.Adafactor.
 */
export class Adafactor extends Optimizer<AdafactorOptions> {
  readonly #factors = new Map<Tensor, Factors>();

  constructor(
    params: readonly Tensor[] | readonly GroupOptions<AdafactorOptions>[],
    options: Partial<AdafactorOptions> = {},
  ) {
    super(params, DEFAULTS, options, []);
  }

  protected check({ lr, beta2Decay, eps, d, weightDecay }: ParamGroup<AdafactorOptions>): void {
    checkSetting('Adafactor', 'lr', lr, 0);
    checkSetting('Adafactor', 'beta2Decay', beta2Decay, Number.NEGATIVE_INFINITY, 0);
    checkSetting('Adafactor', 'eps[0]', eps[0], 0);
    checkSetting('Adafactor', 'eps[1]', eps[1], 0);
    checkSetting('Adafactor', 'd', d, 1);
    checkSetting('Adafactor', 'weightDecay', weightDecay, 0);
  }

  /** Parameters are stepped one by one: their shapes matter. */
  protected update(): void {}

  override step({ gradScale }: StepOptions = {}): void {
    if (gradScale !== undefined && gradScale.size !== 1) {
      throw new ArgumentError(`step: gradScale is ${show(gradScale.shape)}, expected one element.`);
    }
    for (const group of this.paramGroups) {
      this.check(group);
      for (const p of group.params) {
        if (p.grad === null) continue;
        const factors = this.#of(p);
        factors.step++;
        noGrad(() =>
          scope(() => {
            const g = gradScale === undefined ? p.grad! : mul(p.grad!, reshape(gradScale, []));
            accumulate(p, stepped(p.detach(), g, factors, group), true);
          }),
        );
      }
    }
  }

  override async stateDict(): Promise<OptimizerState<AdafactorOptions>> {
    const { paramGroups } = await super.stateDict();
    const state: Record<number, ParamState> = {};
    const all = this.paramGroups.flatMap(({ params }) => params);
    for (const [i, p] of all.entries()) {
      const factors = this.#factors.get(p);
      if (factors === undefined || factors.step === 0) continue;
      const { step, means } = factors;
      const values: Record<string, Float32Array> = {};
      for (const [name, t] of Object.entries(means)) values[name] = (await t.data()) as Float32Array;
      state[i] = { step, values };
    }
    return { state, paramGroups };
  }

  override loadStateDict({ state, paramGroups }: OptimizerState<AdafactorOptions>): void {
    const all = this.paramGroups.flatMap(({ params }) => params);
    for (const [i, p] of all.entries()) {
      const values = state[i]?.values;
      if (values === undefined) continue;
      for (const [name, t] of Object.entries(this.#of(p).means)) {
        if (values[name]?.length === t.size) continue;
        throw new ArgumentError(
          `loadStateDict: ${name} of parameter ${i}, ${p.describe()}, has ${values[name]?.length ?? 'no'} values, expected ${t.size}.`,
        );
      }
    }
    super.loadStateDict({ state: {}, paramGroups });
    for (const [i, p] of all.entries()) {
      const factors = this.#of(p);
      factors.step = state[i]?.step ?? 0;
      for (const [name, t] of Object.entries(factors.means)) {
        t.copyFrom(state[i]?.values[name] ?? new Float32Array(t.size));
      }
    }
  }

  override get stateBytes(): number {
    const means = [...this.#factors.values()].flatMap((factors) => Object.values(factors.means));
    return means.reduce((bytes, t) => bytes + storageBytes('float32', t.size), 0);
  }

  override dispose(): void {
    for (const { means } of this.#factors.values()) for (const t of Object.values(means)) t.dispose();
    this.#factors.clear();
    super.dispose();
  }

  #of(p: Tensor): Factors {
    let factors = this.#factors.get(p);
    if (factors === undefined) {
      const zeros = (shape: readonly number[]): Tensor => unscoped(() => fill(shape, 0, { device: p.device }));
      const lead = p.shape.slice(0, -2);
      const [rows, columns] = p.shape.slice(-2) as [number, number];
      const means =
        p.ndim > 1
          ? { rowVar: zeros([...lead, rows, 1]), colVar: zeros([...lead, 1, columns]) }
          : { variance: zeros(p.shape) };
      factors = { step: 0, means };
      this.#factors.set(p, factors);
    }
    return factors;
  }
}

/** The parameter after a step; the running means are changed in place. */
function stepped(
  p: Tensor,
  g: Tensor,
  { step, means }: Factors,
  { lr, beta2Decay, eps, d, weightDecay }: AdafactorOptions,
): Tensor {
  const share = step ** beta2Decay;
  const towards = (running: Tensor, next: Tensor): Tensor => {
    accumulate(running, lerp(running, next, share), true);
    return running;
  };
  const squares = square(g);
  let variance: Tensor;
  if (means['variance'] !== undefined) variance = towards(means['variance'], squares);
  else {
    const rows = towards(means['rowVar']!, mean(squares, -1, { keepdim: true }));
    const columns = towards(means['colVar']!, mean(squares, -2, { keepdim: true }));
    variance = div(mul(rows, columns), maximum(mean(rows, -2, { keepdim: true }), eps[0]));
  }
  const update = mul(g, rsqrt(maximum(variance, eps[0] ** 2)));
  const rate = mul(maximum(size(p), eps[1]), Math.min(lr, 1 / Math.sqrt(step)));
  const calmed = div(rate, maximum(mul(size(update), 1 / d), 1));
  return sub(weightDecay === 0 ? p : mul(p, 1 - lr * weightDecay), mul(update, calmed));
}
