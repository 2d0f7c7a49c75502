import { join } from 'node:path';
import { bytes, count, duration, number } from '../../language/language.ts';
import type { RunProgress } from '../../report/run.ts';
import {
  Trainer,
  type TranslationScores,
  translationTraining,
  type Validation,
  type ValidationMetric,
} from '../../training/index.ts';
import type { ModelChoice } from '../../training/runs/choice.ts';
import { LogWriter, readLog } from '../../training/runs/log.ts';
import type { LogEntry } from '../../training/runs/logEntry.ts';
import { smoothed } from '../../view/curves.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../errors.ts';
import type { Interrupt } from '../terminal/interrupt.ts';
import { Progress, progressOptions } from '../terminal/progress.ts';
import { printLine } from '../terminal/show.ts';
import { chooseModel, validationOf } from './choose.ts';
import { trainOptions } from './options.ts';
import type { ReportFile } from './report.ts';
import type { Start } from './start.ts';

/** Where nobody said how often a checkpoint is written, a crash or a power cut loses at most this much. */
const SAVE_EVERY_MS = 120_000;

/**
 * Trains to the end, or to the step in which somebody asked to stop, and saves the state. At the end the model that was
 * chosen lies in the folder of the run, and in the translator. Gives the whole log.
 */
export async function learn(
  start: Start,
  report: ReportFile,
  interrupt: Interrupt,
  context: Context,
): Promise<LogEntry[]> {
  const { say, language } = context;
  const { settings, run, translator, batches, state } = start;
  const { steps, checkpoints } = settings;
  const { device } = translator.model;
  const done = state?.step ?? 0;
  const log = await readLog(join(run.path, 'log.jsonl'), done);
  using writer = await LogWriter.open(join(run.path, 'log.jsonl'), log);
  const progress = new Progress(say.training, steps, done, progressOptions(context));
  const validation = validationOf(start, async (measured, all) => {
    progress.note(`${say.validating} ${measured}/${all}`);
    await interrupt.requested();
  });
  const options = { ...trainOptions(settings), ...(validation && { validation }) };
  using trainer = new Trainer(translationTraining(translator, batches, options));
  if (state !== null) await trainer.restore(state);
  const before = log.at(-1)?.seconds ?? 0;
  const started = performance.now();
  let saved = { step: done, at: started };
  let peak = log.at(-1)?.memory?.peak ?? 0;
  let speed = 0;
  let mean = Number.NaN;
  let early = false;

  /** Makes the model as it stands the one to use, unless validation found an earlier one better. */
  const offer = async (): Promise<void> => {
    const { step } = trainer;
    const best = trainer.validation?.best ?? null;
    if (best !== null && best.step !== step) return;
    const by = settings.recipe.ema === null ? 'last' : 'ema';
    const found = trainer.validation &&
      best && { by: 'best' as const, metric: trainer.validation.metric as ValidationMetric, value: best.value };
    const choice: ModelChoice = { by, step, ...found };
    await trainer.withAverage(() => run.saveModel(translator, settings, choice));
  };
  const save = async (): Promise<void> => {
    // the log is on the disk before the checkpoint whose steps it holds
    writer.sync();
    if (!writer.isCurrent()) throw new UsageError(say.takenOver(run.path));
    await run.saveCheckpoint(translator, await trainer.state(), settings);
    await offer();
    saved = { step: trainer.step, at: performance.now() };
  };
  const isDue = (step: number): boolean =>
    checkpoints.every === null ? performance.now() - saved.at > SAVE_EVERY_MS : step % checkpoints.every === 0;
  const standing = (standing: RunProgress['state'] = 'running'): RunProgress => {
    const { step } = trainer;
    const left = step > done ? ((performance.now() - started) / 1000 / (step - done)) * (steps - step) : null;
    return { state: standing, step, steps, left };
  };

  try {
    // a crash may have come between a checkpoint and the model to use
    if (done > 0) await offer();
    for await (const now of trainer.run()) {
      const { step, loss, lr, gradNorm, weight: tokens, lossScale, skipped, validation: found } = now;
      const seconds = Number((before + (performance.now() - started) / 1000).toFixed(3));
      const { liveBytes: used, peakBytes } = device.memory();
      // of the whole run, though each process begins anew
      peak = Math.max(peak, peakBytes);
      log.push({
        ...{ step, loss, lr, gradNorm, tokens, seconds, memory: { used, peak } },
        ...(lossScale !== null && { lossScale, skipped }),
        ...(found !== null && { validation: found }),
      });
      writer.write(log.at(-1)!);
      speed = now.weightPerSecond;
      early = now.stopped && step < steps;
      mean = Number.isNaN(mean) ? loss : 0.9 * mean + 0.1 * loss;
      const rate = `${count(Math.round(speed))} ${say.tokensPerSecond}`;
      progress.update(step, [`${say.loss} ${mean.toFixed(3)}`, rate, say.memory(bytes(used), bytes(peak))].join('  '));
      if (skipped) progress.line(say.stepSkipped(count(step), count(lossScale ?? 1)));
      if (found !== null) progress.line(validationLine(step, found, context));
      if (await interrupt.requested()) break;
      if (isDue(step) || found?.best) await save();
      await report.refresh(log, standing);
    }
    if (saved.step < trainer.step) await save();
    await report.write(log, standing(interrupt.wasRequested ? 'stopped' : 'testing'));
  } catch (error) {
    if (writer.isCurrent()) await report.write(log, standing('stopped'));
    throw error;
  } finally {
    progress.stop();
  }
  if (interrupt.wasRequested) return log;
  if (trainer.step > done) {
    const time = duration((performance.now() - started) / 1000)[language];
    const final = smoothed(log).at(-1)?.smooth ?? Number.NaN;
    printLine(say.trained(count(trainer.step), time, count(Math.round(speed)), number(final)));
    if (early) printLine(say.stoppedEarly(count(settings.validation?.patience ?? 0)));
  }
  await chooseModel(start, trainer, context);
  return log;
}

function validationLine(
  step: number,
  { loss, bleu, chrf, best }: Validation<TranslationScores>,
  { say }: Context,
): string {
  const parts = [`${say.loss} ${number(loss)}`];
  if (bleu !== null && chrf !== null) parts.push(`BLEU ${bleu.toFixed(1)}`, `chrF2 ${chrf.toFixed(1)}`);
  if (best) parts.push(say.bestSoFar);
  return `${say.validationAt(count(step))}  ${parts.join('  ')}`;
}
