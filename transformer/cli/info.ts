import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { DeviceError, type DeviceKind, openDevice } from '../../engine/index.ts';
import { version } from '../../package.json';
import { count, duration, number, percent } from '../language/language.ts';
import { structureOf } from '../model/structure.ts';
import { TRANSLATION } from '../training/presets.ts';
import { choiceText } from '../training/runs/choice.ts';
import { openRun } from '../training/runs/folder.ts';
import { readLog } from '../training/runs/log.ts';
import { smoothed } from '../view/curves.ts';
import type { Context } from './context.ts';
import { probeWebGPU } from './device/probe.ts';
import { softwareEnvironment } from './device/software.ts';
import { EXIT } from './errors.ts';
import { printFacts } from './terminal/show.ts';
import type { SamplesFile } from './training/report.ts';

/** `heddle info`: what this machine has, or what a run is. */
export async function info(run: string | undefined, context: Context): Promise<number> {
  printFacts(run === undefined ? await machine(context) : await runFacts(run, context));
  return EXIT.ok;
}

async function machine({ say }: Context): Promise<[string, string][]> {
  const wasm = await describe('wasm');
  const without = { found: false, software: false, text: say.noAdapterShort };
  const webgpu = (await probeWebGPU()) === 'none' ? without : await describe('webgpu');
  const auto = webgpu.found && !webgpu.software ? 'webgpu' : 'wasm';
  const facts: [string, string][] = [
    ['heddle', version],
    [
      'Node.js',
      `${process.versions.node}, ${process.platform} ${process.arch}, ${say.processors(availableParallelism())}`,
    ],
    ['wasm', wasm.found ? wasm.text : `${say.notAvailable}: ${wasm.text}`],
    ['webgpu', webgpu.found ? webgpu.text : `${say.notAvailable}: ${webgpu.text}`],
  ];
  if (!webgpu.found && (await softwareEnvironment()) !== null) facts.push(['', say.softwareHint]);
  return [...facts, [say.auto, auto]];
}

/** A device as it describes itself, without the name of its kind; or why there is none. */
async function describe(kind: DeviceKind): Promise<{ found: boolean; software: boolean; text: string }> {
  const bare = (text: string): string => text.replace(`${kind}: `, '');
  try {
    const device = await openDevice(kind, {});
    const { software, description } = device;
    device.destroy();
    return { found: true, software, text: bare(description) };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    // The first sentence says what is wrong; what to do instead is for those who asked for this device.
    return { found: false, software: false, text: bare(error.message).replace(/\. .*$/s, '') };
  }
}

async function runFacts(path: string, context: Context): Promise<[string, string][]> {
  const { say, language } = context;
  const run = await openRun(path);
  const { settings, model } = run;
  const log = await readLog(join(path, 'log.jsonl'));
  const curve = smoothed(log);
  const last = curve.at(-1);
  const parameters = count(await run.countParameters());
  const facts: [string, string][] = [[say.run, run.path]];
  if (model !== null) {
    const { layers, heads, dModel, feedForward, srcVocab, tgtVocab } = model;
    facts.push([say.model, say.modelLine(layers, heads, dModel, feedForward, parameters)]);
    facts.push(['', structureOf(model)[language]]);
    facts.push([say.vocabulary, say.vocabularyLine(count(srcVocab), count(tgtVocab))]);
  }
  if (settings !== null) {
    const pairs = count(settings.data.pairs);
    const { steps, seed, recipe } = settings;
    const { files } = settings.data;
    const made = run.task === TRANSLATION ? say.builtInPairs(pairs) : say.madePairs(run.task.name, pairs);
    facts.push([say.data, files === null ? made : say.filePairs(files.join(' + '), pairs)]);
    facts.push([say.plan, say.planLine(count(steps), count(recipe.batchTokens), seed)]);
    facts.push([say.trainedSteps, say.ofSteps(count(log.at(-1)?.step ?? 0), count(steps))]);
    const checkpoints = await run.checkpoints.steps();
    if (checkpoints.length > 0) facts.push([say.checkpointsName, say.ofStep(checkpoints.map(count).join(', '))]);
  }
  if (run.chosen !== null) {
    facts.push([say.usesName, choiceText(run.chosen)[language]]);
  }
  if (last !== undefined) {
    facts.push([say.loss, say.finalLossLine(number(last.smooth), number(log[0]!.loss))]);
    facts.push([say.time, duration(log.at(-1)!.seconds)[language]]);
  }
  const test = await readTest(path);
  if (test !== null) {
    facts.push([say.matchName, `${percent(test.right / test.total)} (${count(test.right)} / ${count(test.total)})`]);
    const scores = `${test.bleu.score.toFixed(1)}, ${test.chrf.score.toFixed(1)}`;
    if (run.task.isText) facts.push(['BLEU, chrF2', scores]);
  }
  return facts;
}

/** The verdict on the test sentences, where the run came so far. */
async function readTest(path: string): Promise<SamplesFile['test']> {
  try {
    return (JSON.parse(await readFile(join(path, 'samples.json'), 'utf8')) as SamplesFile).test;
  } catch {
    return null;
  }
}
