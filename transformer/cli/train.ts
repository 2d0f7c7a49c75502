import { join } from 'node:path';
import { type Device, manualSeed } from '../../engine/index.ts';
import type { Translator } from '../decode.ts';
import { Transformer } from '../model.ts';
import { smoothed } from '../report/curves.ts';
import { count, duration, number, percent } from '../report/language.ts';
import type { AttentionSample, Sample, TestScores } from '../report/run.ts';
import { Trainer, type TrainState } from '../training/index.ts';
import type { Context } from './context.ts';
import type { Dataset } from './dataset.ts';
import { openChosen } from './device.ts';
import { EXIT } from './errors.ts';
import { Interrupt } from './interrupt.ts';
import { type Job, prepareJob, type TrainFlags } from './job.ts';
import { type LogEntry, LogWriter, readLog } from './log.ts';
import { defaultPreset, PRESETS, scheduleOf, WANTED_MATCH } from './presets.ts';
import { Progress, type ProgressOptions } from './progress.ts';
import { writeResults } from './results.ts';
import { printAttention, printFacts, printLine, printSamples, printScores, printShowcase } from './show.ts';
import { inspect, scoresOf, translateAll } from './testing.ts';
import { buildTokenizers } from './tokenizers.ts';

/** A crash or a power cut loses at most this much. */
const SAVE_EVERY_MS = 120_000;

/** Sentences to test on a software adapter. */
const ON_SOFTWARE = 20;

/** `heddle train`: trains, tests, shows and writes it all down. Gives the exit code. */
export async function train(flags: TrainFlags, context: Context): Promise<number> {
  const { say } = context;
  const job = await prepareJob(flags, context);
  const device = await openChosen({ ...flags, deterministic: job.settings.deterministic }, context);
  using interrupt = new Interrupt(() => console.error(`\nheddle: ${say.stopping}`));
  const { translator, state } = await startingPoint(job);
  printPlan(job, translator, device, context);

  const log = await learn(job, translator, state, interrupt, context);
  const samples = interrupt.wasRequested ? null : await test(translator, job.dataset, interrupt, context);
  if (samples === null) {
    const step = log.at(-1)?.step ?? 0;
    console.error(`heddle: ${say.stopped(count(step), `heddle train --resume ${job.run.path}`)}`);
    device.destroy();
    return EXIT.interrupted;
  }
  const scores = scoresOf(samples);
  if (scores !== null) printScores(scores, context);
  const showcase: AttentionSample[] = [];
  for (const sentence of job.dataset.showcase) showcase.push(await inspect(translator, sentence));

  printSamples(samples, context);
  printShowcase(showcase, context);
  if (showcase[0]) printAttention(showcase[0], context);
  await writeResults({ job, device, translator, log, samples, scores, showcase, language: context.language });
  printLine('');
  printFacts([
    [say.run, job.run.path],
    [say.report, join(job.run.path, 'report.html')],
  ]);
  device.destroy();
  return verdict(job, scores, context);
}

interface StartingPoint {
  readonly translator: Translator;
  readonly state: TrainState | null;
}

/** The model and tokenizers a job begins with: new ones, or those of the run it goes on with. */
async function startingPoint({ settings, dataset, run, resumed }: Job): Promise<StartingPoint> {
  if (resumed) return run.loadWithState();
  const tokenizers = buildTokenizers(dataset.train);
  manualSeed(settings.seed);
  const model = new Transformer({
    ...settings.model,
    srcVocab: tokenizers.source.size,
    tgtVocab: tokenizers.target.size,
  });
  return { translator: { model, ...tokenizers }, state: null };
}

function printPlan(job: Job, translator: Translator, device: Device, { say, language }: Context): void {
  const { settings, dataset, run } = job;
  const { layers, heads, dModel, feedForward } = translator.model.config;
  const parameters = translator.model.parameters().reduce((n, p) => n + p.size, 0);
  const sizes = [count(dataset.train.length), count(dataset.test.length)] as const;
  printFacts([
    [say.device, device.description],
    [say.data, dataset.files === null ? say.builtInData(...sizes) : say.fileData(dataset.files.join(' + '), ...sizes)],
    [say.vocabulary, say.vocabularyLine(count(translator.source.size), count(translator.target.size))],
    [say.model, say.modelLine(layers, heads, dModel, feedForward, count(parameters))],
    [say.plan, say.planLine(count(settings.steps), count(settings.batchTokens), settings.seed)],
    [say.output, run.path],
  ]);
  printLine('');
  const { report } = dataset;
  if (report !== null && report.badTotal > 0) console.error(`heddle: ${report.text(language)}`);
  if (job.resumed) printLine(say.resuming(run.path, count(run.step)));
}

const progressOptions = ({ say, language }: Context): ProgressOptions => ({
  stream: process.stderr,
  language,
  left: say.timeLeft,
});

/** Trains to the end, or to the step in which somebody asked to stop; the model is saved then. */
async function learn(
  job: Job,
  translator: Translator,
  state: TrainState | null,
  interrupt: Interrupt,
  context: Context,
): Promise<LogEntry[]> {
  const { say } = context;
  const { settings, run, dataset } = job;
  const { steps, batchTokens, labelSmoothing, seed } = settings;
  const logPath = join(run.path, 'log.jsonl');
  const log = await readLog(logPath, run.step);
  if (run.step >= steps) return log;

  const schedule = scheduleOf(settings.schedule, steps, translator.model.config.dModel);
  const trainer = Trainer.create(translator, dataset.train, { steps, batchTokens, schedule, labelSmoothing, seed });
  if (state !== null) await trainer.restore(state);
  using writer = await LogWriter.open(logPath, log);
  const before = log.at(-1)?.seconds ?? 0;
  const started = performance.now();
  const progress = new Progress(say.training, steps, run.step, progressOptions(context));
  let saved = started;
  let speed = 0;
  let mean = Number.NaN;
  try {
    for await (const { step, loss, lr, gradNorm, tokens, tokensPerSecond } of trainer.run()) {
      const seconds = Number((before + (performance.now() - started) / 1000).toFixed(3));
      const entry = { step, loss, lr, gradNorm, tokens, seconds };
      log.push(entry);
      writer.write(entry);
      speed = tokensPerSecond;
      mean = Number.isNaN(mean) ? loss : 0.9 * mean + 0.1 * loss;
      const details = `${say.loss} ${mean.toFixed(3)}  ${count(Math.round(speed))} ${say.tokensPerSecond}`;
      progress.update(step, details);
      if (await interrupt.requested()) break;
      if (performance.now() - saved > SAVE_EVERY_MS) {
        await run.save(translator, await trainer.state(), settings);
        saved = performance.now();
      }
    }
  } finally {
    progress.stop();
  }
  await run.save(translator, await trainer.state(), settings);
  const time = duration((performance.now() - started) / 1000)[context.language];
  const final = smoothed(log).at(-1)?.smooth ?? Number.NaN;
  if (!interrupt.wasRequested) {
    printLine(say.trained(count(steps), time, count(Math.round(speed)), number(final)));
  }
  return log;
}

/** Translates the sentences set aside; null when somebody asked to stop. */
async function test(
  translator: Translator,
  { test: all }: Dataset,
  interrupt: Interrupt,
  context: Context,
): Promise<Sample[] | null> {
  const { say } = context;
  const samples: Sample[] = [];
  // on a software adapter the whole test would take hours, and says nothing that the losses do not
  const sentences = translator.model.device.software ? all.slice(0, ON_SOFTWARE) : all;
  if (sentences.length === 0) return samples;
  if (sentences.length < all.length)
    console.error(`heddle: ${say.testsFewer(count(sentences.length), count(all.length))}`);
  const progress = new Progress(say.testing, sentences.length, 0, progressOptions(context));
  let right = 0;
  try {
    for await (const batch of translateAll(translator, sentences)) {
      samples.push(...batch);
      right += batch.filter((s) => s.right).length;
      progress.update(samples.length, `${percent(right / samples.length)} ${say.right}`);
      if (await interrupt.requested()) return null;
    }
  } finally {
    progress.stop();
  }
  return samples;
}

/** The whole default run has a mark to reach; any other run is what it is. */
function verdict({ settings, dataset }: Job, scores: TestScores | null, { say }: Context): number {
  const preset = defaultPreset(false);
  const whole = dataset.files === null && settings.preset === preset && settings.steps >= PRESETS[preset].steps;
  if (!whole || scores === null) return EXIT.ok;
  const share = scores.right / scores.total;
  if (share >= WANTED_MATCH) return EXIT.ok;
  console.error(`heddle: ${say.belowTarget(percent(share), percent(WANTED_MATCH))}`);
  return EXIT.failure;
}
