import { ArgumentError } from '../errors.ts';

export interface PlateauOptions {
  /** Whether the measure is better when it falls or when it rises. Default: min. */
  readonly mode?: 'min' | 'max';
  /** What the rate is multiplied by. Default: 0.1. */
  readonly factor?: number;
  /** Measures in a row that may be no better. Default: 10. */
  readonly patience?: number;
  /** How much better counts: relative to the best, or as it is. Default: 1e-4, relative. */
  readonly threshold?: number;
  readonly thresholdMode?: 'rel' | 'abs';
  /** Measures after a reduction that do not count. Default: 0. */
  readonly cooldown?: number;
  /** Default: 0. */
  readonly minLr?: number;
}

/** Where a {@link ReduceLROnPlateau} is: all that it needs to go on. */
export interface PlateauState {
  /** null before the first measure. */
  readonly best: number | null;
  readonly badMeasures: number;
  readonly cooldownLeft: number;
}

/**
 * Lowers the learning rate of an optimizer when a measure, such as the loss on held-out data, stops getting better: call
 * `step(measure)` after each validation. As torch.optim.lr_scheduler.ReduceLROnPlateau.
 */
export class ReduceLROnPlateau {
  readonly optimizer: { readonly paramGroups: readonly { lr: number }[] };
  readonly options: Required<PlateauOptions>;
  #state: PlateauState = { best: null, badMeasures: 0, cooldownLeft: 0 };

  constructor(optimizer: { readonly paramGroups: readonly { lr: number }[] }, options: PlateauOptions = {}) {
    this.optimizer = optimizer;
    this.options = {
      ...{ mode: 'min', factor: 0.1, patience: 10, threshold: 1e-4, thresholdMode: 'rel', cooldown: 0, minLr: 0 },
      ...options,
    };
    const { factor } = this.options;
    if (!(factor > 0 && factor < 1)) {
      throw new ArgumentError(`ReduceLROnPlateau: factor is ${factor}, expected a number between 0 and 1.`);
    }
  }

  /** Takes a measure; returns true when the rate was lowered. */
  step(measure: number): boolean {
    const { patience, cooldown, factor, minLr } = this.options;
    let { best, badMeasures, cooldownLeft } = this.#state;
    if (this.#better(measure, best)) {
      best = measure;
      badMeasures = 0;
    } else badMeasures++;
    if (cooldownLeft > 0) {
      cooldownLeft--;
      badMeasures = 0;
    }
    const lower = badMeasures > patience;
    if (lower) {
      for (const group of this.optimizer.paramGroups) group.lr = Math.max(minLr, group.lr * factor);
      cooldownLeft = cooldown;
      badMeasures = 0;
    }
    this.#state = { best, badMeasures, cooldownLeft };
    return lower;
  }

  get state(): PlateauState {
    return this.#state;
  }

  set state(state: PlateauState) {
    this.#state = { ...state };
  }

  #better(measure: number, best: number | null): boolean {
    if (best === null) return true;
    const { mode, threshold, thresholdMode } = this.options;
    const sign = mode === 'min' ? -1 : 1;
    const margin = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === 'min' ? measure < margin : measure > margin;
  }
}
