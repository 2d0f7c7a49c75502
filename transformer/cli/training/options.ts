import type { TrainOptions } from '../../training/index.ts';
import type { RunSettings } from '../../training/runs/settings.ts';
import { scheduleOf } from '../../training/schedule.ts';

/** What the trainer is told of the settings of a run. */
export function trainOptions({ steps, seed, recipe, model }: RunSettings): TrainOptions {
  const { accumulate, labelSmoothing, clip, ema, precision } = recipe;
  const schedule = scheduleOf(recipe.schedule, steps, model.dModel);
  const all = { steps, accumulate, schedule, labelSmoothing, clipNorm: clip, seed, precision };
  return { ...all, ...(ema !== null && { ema }) };
}
