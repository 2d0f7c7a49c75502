import { count } from '../../language/language.ts';
import { type Trainer, type TranslationValidation, translationValidation, Validator } from '../../training/index.ts';
import { regular } from '../../training/runs/checkpoints.ts';
import { choiceText, METRICS, type ModelChoice, metricText } from '../../training/runs/choice.ts';
import type { Context } from '../context.ts';
import { printLine } from '../terminal/show.ts';
import type { Start } from './start.ts';

/** Sentences translated on a software adapter, where more would take hours. */
export const ON_SOFTWARE = 20;

/** How the trainer is told to measure the model; null where nothing is measured. */
export function validationOf(
  { settings, dataset, translator }: Start,
  onProgress?: TranslationValidation['onProgress'],
): TranslationValidation | null {
  const { validation } = settings;
  if (validation === null) return null;
  const { every, metric, patience } = validation;
  const sentences = translator.model.device.software
    ? Math.min(validation.sentences, ON_SOFTWARE)
    : validation.sentences;
  return {
    pairs: dataset.validation,
    ...{ every, metric, sentences },
    ...(patience !== null && { patience }),
    ...(onProgress && { onProgress }),
  };
}

/**
 * Decides at the end which model is the one to use, and loads it into the translator. Checkpoints are averaged where that
 * was asked for; with validation the mean must be better than the best that was measured on the way.
 */
export async function chooseModel(
  start: Start,
  trainer: Pick<Trainer, 'step' | 'validation'>,
  context: Context,
): Promise<void> {
  const { settings, run, translator } = start;
  if (settings.checkpoints.average > 1) await average(start, trainer, context);
  await run.loadInto(translator.model);
  const { chosen } = run;
  if (chosen && chosen.by !== 'last') printLine(context.say.uses(choiceText(chosen)[context.language]));
}

async function average(
  start: Start,
  trainer: Pick<Trainer, 'step' | 'validation'>,
  { say, language }: Context,
): Promise<void> {
  const { settings, run, translator } = start;
  const { average: wanted, every } = settings.checkpoints;
  const written = (await run.checkpoints.steps()).filter((step) => step <= trainer.step);
  const steps = regular(written, { every, steps: settings.steps }).slice(-wanted);
  if (steps.length < wanted) console.error(`heddle: ${say.fewerToAverage(count(steps.length), count(wanted))}`);
  if (steps.length < 2) return;
  translator.model.loadStateDict(await run.averageOf(steps));
  const choice: ModelChoice = { by: 'average', step: trainer.step, steps };
  const validation = validationOf(start);
  if (validation === null) return run.saveModel(translator, settings, choice);
  const options = translationValidation(translator, validation, settings.recipe.batchTokens);
  const validator = new Validator(translator.model, options);
  if (trainer.validation !== null) validator.restore(trainer.validation);
  const { best, ...found } = await validator.measure(trainer.step);
  const { metric = 'loss' } = validation;
  const value = found[metric] ?? Number.NaN;
  printLine(say.averaged(count(steps.length), METRICS[metric][language], metricText(metric, value)));
  if (best) await run.saveModel(translator, settings, { ...choice, metric, value });
}
