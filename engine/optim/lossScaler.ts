import { backward } from '../autograd.ts';
import { ArgumentError, HeddleError } from '../errors.ts';
import { scope } from '../memory.ts';
import { fill } from '../ops/accumulate.ts';
import type { Tensor } from '../tensor.ts';
import { checkSetting } from './optimizer.ts';

/** How the scale moves. Defaults as torch.amp.GradScaler. */
export interface LossScalerOptions {
  /** To begin with. Default 65,536. */
  readonly scale?: number;
  /** What the scale is multiplied by after `growthInterval` steps without overflow. Default 2. */
  readonly growthFactor?: number;
  /** What it is multiplied by after an overflow. Default 0.5. */
  readonly backoffFactor?: number;
  /** Default 2000. */
  readonly growthInterval?: number;
}

/** All that a run needs to go on. */
export interface LossScalerState {
  readonly scale: number;
  /** Steps without overflow since the scale last moved. */
  readonly goodSteps: number;
  /** Steps left out one after another, up to now. */
  readonly skippedSteps: number;
}

/** The scale grows no further: far above it, what float32 holds between gradient and norm would overflow. */
const LARGEST = 2 ** 24;

/**
 * Dynamic loss scaling (Micikevicius et al. 2018, section 3.2). Gradients that float16 rounds to 0 are lost, so the
 * loss is multiplied by as large a number as will do, and the gradients are divided by it again, within the step of the
 * optimizer. Where a gradient overflows to infinity the step is left out and the scale halved; after 2000 good steps it is
 * doubled.
 *
 * ```ts
 * const loss = autocast('float16', () => lossOf(batch));
 * scaler.backward(loss);
 * const { norm, scale } = gradNorm(parameters, 1, { lossScale: scaler.scale });
 * if (scaler.update(await norm.item())) optimizer.step({ gradScale: scale });
 * optimizer.zeroGrad();
 * ```
 */
export class LossScaler {
  readonly options: Required<LossScalerOptions>;
  #scale: number;
  #good = 0;
  #skipped = 0;

  constructor(options: LossScalerOptions = {}) {
    const { scale = 65536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
    checkSetting('LossScaler', 'growthFactor', growthFactor, 1, LARGEST);
    if (!(backoffFactor > 0 && backoffFactor < 1)) {
      throw new ArgumentError(`LossScaler: backoffFactor is ${backoffFactor}, expected a number between 0 and 1.`);
    }
    checkSetting('LossScaler', 'growthInterval', growthInterval, 1);
    this.options = { scale, growthFactor, backoffFactor, growthInterval };
    this.#scale = checkScale(scale);
  }

  /** What losses are multiplied by just now. */
  get scale(): number {
    return this.#scale;
  }

  /** Steps left out one after another, up to now. */
  get skippedSteps(): number {
    return this.#skipped;
  }

  /**
   * backward() of weight · scale · loss, a scalar. Gradients add up over several calls, as in accumulation; the scale
   * stays the same until `update`.
   */
  backward(loss: Tensor, weight = 1): void {
    scope(() => backward(loss, fill(loss.shape, weight * this.#scale, { dtype: 'float32', device: loss.device })));
  }

  /**
   * Once a step, before the optimizer: told the norm of all gradients (that of the loss belongs to it, if it may not be
   * finite), moves the scale and says whether the step may be taken. After false, leave the step out: parameters and
   * optimizer stay as they are.
   *
   * @throws {HeddleError} when gradients overflow although nothing was multiplied any more
   */
  update(norm: number): boolean {
    const { growthFactor, backoffFactor, growthInterval } = this.options;
    if (Number.isFinite(norm)) {
      this.#skipped = 0;
      this.#good++;
      if (this.#good >= growthInterval) {
        this.#good = 0;
        this.#scale = Math.max(this.#scale, Math.min(LARGEST, this.#scale * growthFactor));
      }
      return true;
    }
    this.#skipped++;
    this.#good = 0;
    if (this.#scale <= 1) {
      throw new HeddleError(
        `LossScaler: gradients are not finite (norm ${norm}) at a loss scale of ${this.#scale}; ` +
          `${this.#skipped} steps in a row were left out. The scale is not the reason: values have grown beyond float16, ` +
          'or training diverged. Go back to an earlier checkpoint with a lower learning rate or more warm-up, or train ' +
          'in float32.',
      );
    }
    this.#scale *= backoffFactor;
    return false;
  }

  state(): LossScalerState {
    return { scale: this.#scale, goodSteps: this.#good, skippedSteps: this.#skipped };
  }

  /** Goes on from a state. */
  load({ scale, goodSteps, skippedSteps }: LossScalerState): void {
    checkSetting('LossScaler', 'goodSteps', goodSteps, 0);
    checkSetting('LossScaler', 'skippedSteps', skippedSteps, 0);
    this.#scale = checkScale(scale);
    this.#good = goodSteps;
    this.#skipped = skippedSteps;
  }
}

function checkScale(scale: number): number {
  if (scale > 0 && Number.isFinite(scale)) return scale;
  throw new ArgumentError(`LossScaler: scale is ${scale}, expected a finite number above 0.`);
}
