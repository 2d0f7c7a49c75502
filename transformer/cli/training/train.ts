import { join } from 'node:path';
import type { Device } from '../../../engine/index.ts';
import { bytes, count, percent } from '../../language/language.ts';
import { structureOf } from '../../model/structure.ts';
import type { Translator } from '../../model/translate.ts';
import { type AttentionSample, hasManyAnswers, type Sample, type TestScores } from '../../report/run.ts';
import type { ReferencedSentence } from '../../text/data/index.ts';
import type { MemoryEstimate } from '../../training/footprint/index.ts';
import { defaultPreset, presetOf, TRANSLATION } from '../../training/presets.ts';
import type { Task } from '../../training/tasks/index.ts';
import type { Context } from '../context.ts';
import type { Dataset } from '../data/dataset.ts';
import { vocabularyLine } from '../data/tokenizers.ts';
import { reportUnknown } from '../data/unknown.ts';
import { openChosen } from '../device/choose.ts';
import { EXIT } from '../errors.ts';
import { resumeCommand } from '../options/commandLine.ts';
import { modelArguments } from '../options/model.ts';
import { tokenizerArguments } from '../options/tokenizer.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { Progress, progressOptions, writeAside } from '../terminal/progress.ts';
import {
  printAttention,
  printFacts,
  printLine,
  printLonger,
  printSamples,
  printScores,
  printShowcase,
} from '../terminal/show.ts';
import { pad, widthOf } from '../terminal/terminal.ts';
import { ON_SOFTWARE } from './choose.ts';
import { prepareJob, type TrainFlags } from './job.ts';
import { learn } from './learn.ts';
import { ReportFile } from './report.ts';
import { type Start, start } from './start.ts';
import { inspect, scoresOf, translateAll } from './testing.ts';

/** `heddle train`: trains, tests, shows and writes it all down. Gives the exit code. */
export async function train(flags: TrainFlags, context: Context): Promise<number> {
  const { say } = context;
  const job = await prepareJob(flags, context);
  const device = await openChosen({ ...flags, deterministic: job.settings.deterministic }, context);
  const started = await start(job, context);
  using interrupt = new Interrupt(() => writeAside(process.stderr, `heddle: ${say.stopping}`));
  const { run, dataset, translator } = started;
  printPlan(started, device, context);

  const report = new ReportFile(started, device, context.language);
  const log = await learn(started, report, interrupt, context);
  const step = log.at(-1)?.step ?? 0;
  const many = hasManyAnswers({ data: dataset.files, task: dataset.task.name });
  const test = (sentences: readonly ReferencedSentence[]): Promise<Sample[] | null> =>
    runTest(translator, dataset.task, sentences, many ? say.same : say.right, interrupt, context);
  const samples = interrupt.wasRequested ? null : await test(dataset.test);
  const longer = samples === null ? null : await test(dataset.longer);
  if (samples === null || longer === null) {
    await report.write(log, { state: 'stopped', step, steps: started.settings.steps, left: null });
    console.error(`heddle: ${say.stopped(count(step), resumeCommand(run.path))}`);
    device.destroy();
    return EXIT.interrupted;
  }
  const scores = scoresOf(samples);
  if (scores !== null) printScores(scores, context, dataset.task);
  if (longer.length > 0) printLonger(longer, context, dataset.task);
  const showcase: AttentionSample[] = [];
  for (const sentence of dataset.showcase) showcase.push(await inspect(translator, sentence, dataset.task));

  printSamples(samples, many, context);
  printShowcase(showcase, many, context);
  if (showcase[0]) printAttention(showcase[0], context, dataset.task);
  await report.finish(log, { samples, scores, longer, showcase });
  printLine('');
  printFacts([
    [say.run, run.path],
    [say.report, join(run.path, 'report.html')],
  ]);
  device.destroy();
  return verdict(started, scores, context);
}

function printPlan(start: Start, device: Device, context: Context): void {
  const { say, language } = context;
  const { settings, dataset, run, translator, state } = start;
  const { layers, heads, dModel, feedForward } = translator.model.config;
  const parameters = translator.model.parameters().reduce((n, p) => n + p.size, 0);
  const { steps, seed, recipe } = settings;
  printFacts([
    [say.device, device.description],
    [say.data, dataText(dataset, context)],
    [say.vocabulary, vocabularyLine(translator, context)],
    [say.model, say.modelLine(layers, heads, dModel, feedForward, count(parameters))],
    ['', structureOf(translator.model.config)[language]],
    [say.plan, say.planLine(count(steps), count(recipe.batchTokens), seed)],
    ...precisionFacts(start, device, context),
    ...memoryTable(start.memory, context),
    [say.output, run.path],
  ]);
  printLine('');
  const { report } = dataset;
  if (report !== null && report.badTotal + report.unknownTotal > 0) console.error(`heddle: ${report.text(language)}`);
  if (state !== null) printLine(say.resuming(run.path, count(state.step)));
  else if (start.resumed) console.error(`heddle: ${say.noCheckpoint(run.path)}`);
}

/** What float16 does, and where it does not save time. */
function precisionFacts({ settings }: Start, { name, software }: Device, { say }: Context): [string, string][] {
  if (settings.recipe.precision === 'float32') return [];
  return [['', name === 'wasm' || software ? say.halfOnProcessor : say.half]];
}

function dataText({ task, files, train, validation, test }: Dataset, { say }: Context): string {
  const sizes = [count(train.count), count(test.length)] as const;
  if (files !== null) {
    const text = say.fileData(files.join(' + '), sizes[0], count(validation.length), sizes[1]);
    return train.held === null ? `${text}; ${say.readEachEpoch}` : text;
  }
  return task === TRANSLATION ? say.builtInData(...sizes) : say.madeData(task.name, ...sizes);
}

/** The parts of an estimate under their names. */
function memoryTable(memory: MemoryEstimate, { say }: Context): [string, string][] {
  const { parameters, gradients, optimizer, activations, temporary, peak } = memory;
  const sizes = [parameters, gradients, optimizer, activations, temporary, peak].map(bytes);
  const headings = say.memoryParts.split(' | ');
  const cells = sizes.map((size, i): [string, string] => {
    const name = headings[i]!;
    const width = Math.max(widthOf(name), size.length);
    return [pad(name, width, 'left'), pad(size, width, 'left')];
  });
  const [names, values] = [0, 1].map((row) => cells.map((cell) => cell[row]).join('  '));
  return [
    [say.memoryName, names!],
    ['', values!],
  ];
}

/** Translates the sentences set aside, counting those that are `right`; null when somebody asked to stop. */
async function runTest(
  translator: Translator,
  task: Task,
  all: readonly ReferencedSentence[],
  rightName: string,
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
  reportUnknown(sentences, translator, context);
  const progress = new Progress(say.testing, sentences.length, 0, progressOptions(context));
  let right = 0;
  try {
    for await (const batch of translateAll(translator, sentences, task)) {
      samples.push(...batch);
      right += batch.filter((s) => s.right).length;
      progress.update(samples.length, `${percent(right / samples.length)} ${rightName}`);
      if (await interrupt.requested()) return null;
    }
  } finally {
    progress.stop();
  }
  return samples;
}

/** A whole run of a task as it asks to be trained has a mark to reach; any other run is what it is. */
function verdict({ settings, dataset }: Start, scores: TestScores | null, { say }: Context): number {
  const { task, files } = dataset;
  const preset = defaultPreset(task, false);
  const { model, steps } = presetOf(preset, task);
  const asItIs =
    settings.preset === preset &&
    modelArguments(settings.model, model).length === 0 &&
    tokenizerArguments(settings.tokenizers).length === 0;
  const whole = files === null && asItIs && settings.steps >= steps;
  if (!whole || scores === null) return EXIT.ok;
  const share = scores.right / scores.total;
  if (share >= task.wanted) return EXIT.ok;
  console.error(`heddle: ${say.belowTarget(percent(share), percent(task.wanted))}`);
  return EXIT.failure;
}
