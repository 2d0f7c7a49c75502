import { constant, cosineDecay, linearDecay, noam, type Schedule } from '../../engine/index.ts';

/**
 * How the learning rate goes. All rise over `warmup` steps; then `noam` falls with the root of the step, as in the paper,
 * `linear` and `cosine` fall to 0 at the last step, `constant` stays. `lr` is the largest rate; `noam` without one has the
 * paper's, dModel^−½ · warmup^−½.
 */
export type ScheduleSettings =
  | { readonly kind: 'noam'; readonly warmup: number; readonly lr?: number }
  | { readonly kind: 'linear' | 'cosine' | 'constant'; readonly warmup: number; readonly lr: number };

export type ScheduleName = ScheduleSettings['kind'];

export const SCHEDULES: readonly ScheduleName[] = ['noam', 'cosine', 'linear', 'constant'];

/** The largest rate of the paper's schedule (Vaswani et al. 2017, equation 3), which it has at the end of the warm-up. */
export const noamPeak = (dModel: number, warmup: number): number => (dModel * warmup) ** -0.5;

/** The learning rate at each step of a run. A shorter run begins exactly as a longer one does, up to the warm-up's end. */
export function scheduleOf(settings: ScheduleSettings, steps: number, dModel: number): Schedule {
  const { kind, warmup, lr } = settings;
  switch (kind) {
    case 'noam':
      return noam({ dModel, warmup, factor: lr === undefined ? 1 : lr / noamPeak(dModel, warmup) });
    case 'linear':
      return linearDecay({ lr, warmup, steps });
    case 'cosine':
      return cosineDecay({ lr, warmup, steps });
    case 'constant':
      return constant({ lr, warmup });
  }
}
