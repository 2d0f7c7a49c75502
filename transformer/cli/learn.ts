import { join } from 'node:path';
import { smoothed } from '../report/curves.ts';
import { bytes, count, duration, number } from '../report/language.ts';
import type { RunProgress } from '../report/run.ts';
import { Trainer } from '../training/index.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import type { Interrupt } from './interrupt.ts';
import { type LogEntry, LogWriter, readLog } from './log.ts';
import { Progress, progressOptions } from './progress.ts';
import type { ReportFile } from './reportFile.ts';
import { scheduleOf } from './schedule.ts';
import { printLine } from './show.ts';
import type { Start } from './start.ts';

/** Where nobody said how often a checkpoint is written, a crash or a power cut loses at most this much. */
const SAVE_EVERY_MS = 120_000;

/** Trains to the end, or to the step in which somebody asked to stop; the state is saved then. Gives the whole log. */
export async function learn(
  { settings, run, translator, batches, state }: Start,
  report: ReportFile,
  interrupt: Interrupt,
  context: Context,
): Promise<LogEntry[]> {
  const { say, language } = context;
  const { steps, seed, recipe, checkpoints } = settings;
  const done = state?.step ?? 0;
  const log = await readLog(join(run.path, 'log.jsonl'), done);
  if (done >= steps) return log;

  const { accumulate, labelSmoothing, clip } = recipe;
  const schedule = scheduleOf(recipe.schedule, steps, translator.model.config.dModel);
  const options = { steps, accumulate, schedule, labelSmoothing, clipNorm: clip, seed };
  using trainer = Trainer.create(translator, batches, options);
  if (state !== null) await trainer.restore(state);
  using writer = await LogWriter.open(join(run.path, 'log.jsonl'), log);
  const before = log.at(-1)?.seconds ?? 0;
  const started = performance.now();
  const progress = new Progress(say.training, steps, done, progressOptions(context));
  let saved = { step: done, at: started };
  let speed = 0;
  let mean = Number.NaN;

  const save = async (): Promise<void> => {
    // the log is on the disk before the checkpoint whose steps it holds
    writer.sync();
    if (!writer.isCurrent()) throw new UsageError(say.takenOver(run.path));
    await run.save(translator, await trainer.state(), settings);
    saved = { step: trainer.step, at: performance.now() };
  };
  const standing = (standing: RunProgress['state'] = 'running'): RunProgress => {
    const { step } = trainer;
    const left = step > done ? ((performance.now() - started) / 1000 / (step - done)) * (steps - step) : null;
    return { state: standing, step, steps, left };
  };
  const isDue = (step: number): boolean =>
    checkpoints.every === null ? performance.now() - saved.at > SAVE_EVERY_MS : step % checkpoints.every === 0;

  try {
    for await (const { step, loss, lr, gradNorm, tokens, tokensPerSecond } of trainer.run()) {
      const seconds = Number((before + (performance.now() - started) / 1000).toFixed(3));
      const { liveBytes: used, peakBytes: peak } = translator.model.device.memory();
      const entry: LogEntry = { step, loss, lr, gradNorm, tokens, seconds, memory: { used, peak } };
      log.push(entry);
      writer.write(entry);
      speed = tokensPerSecond;
      mean = Number.isNaN(mean) ? loss : 0.9 * mean + 0.1 * loss;
      const rate = `${count(Math.round(speed))} ${say.tokensPerSecond}`;
      progress.update(step, [`${say.loss} ${mean.toFixed(3)}`, rate, say.memory(bytes(used), bytes(peak))].join('  '));
      if (await interrupt.requested()) break;
      if (isDue(step)) await save();
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
  if (!interrupt.wasRequested) {
    const time = duration((performance.now() - started) / 1000)[language];
    const final = smoothed(log).at(-1)?.smooth ?? Number.NaN;
    printLine(say.trained(count(steps), time, count(Math.round(speed)), number(final)));
  }
  return log;
}
