import { join } from 'node:path';
import type { Device } from '../../engine/index.ts';
import { version } from '../../package.json';
import { spread } from '../data/index.ts';
import type { Language } from '../report/language.ts';
import { renderReport } from '../report/report.ts';
import type { AttentionSample, RunReport, Sample, TestScores } from '../report/run.ts';
import { commandLine } from './commandLine.ts';
import { replaceFile } from './files.ts';
import type { LogEntry } from './log.ts';
import { type Start, stepsOfEpoch } from './start.ts';

/** Rows in the report's table; samples.json has all. */
const MOST_WRONG = 100;
const MOST_RIGHT = 50;

/** What a finished run leaves beside its model. */
export interface Results {
  readonly start: Start;
  readonly device: Device;
  readonly log: readonly LogEntry[];
  readonly samples: readonly Sample[];
  readonly scores: TestScores | null;
  readonly showcase: readonly AttentionSample[];
  readonly language: Language;
}

/** The contents of samples.json: the verdict on every test sentence, and the sentences to show. */
export interface SamplesFile {
  readonly test: TestScores | null;
  readonly samples: readonly Sample[];
  readonly showcase: readonly Sample[];
}

/** Writes samples.json and report.html into the folder of the run. */
export async function writeResults(results: Results): Promise<void> {
  const { start, samples, scores, showcase, language } = results;
  const plain = ({ source, references, output, right }: Sample): Sample => ({ source, references, output, right });
  const file: SamplesFile = { test: scores, samples, showcase: showcase.map(plain) };
  await replaceFile(join(start.run.path, 'samples.json'), `${JSON.stringify(file, null, 1)}\n`);
  await replaceFile(join(start.run.path, 'report.html'), renderReport(reportOf(results), language));
}

function reportOf({ start, device, log, samples, scores, showcase }: Results): RunReport {
  const { settings, dataset, run, translator, batches } = start;
  const { batchTokens, labelSmoothing } = settings.recipe;
  const { model } = translator;
  const tokens = log.reduce((n, entry) => n + entry.tokens, 0);
  const seconds = log.at(-1)?.seconds ?? 0;
  return {
    name: run.name,
    finished: new Date().toISOString(),
    versions: { heddle: version, node: process.versions.node, platform: `${process.platform} ${process.arch}` },
    command: commandLine(settings, device),
    seed: settings.seed,
    device: { description: device.description, software: device.software },
    config: model.config,
    parameters: model.parameters().reduce((n, p) => n + p.size, 0),
    data: dataset.files,
    pairs: dataset.train.length,
    training: {
      steps: log.length,
      epochs: log.length / stepsOfEpoch(batches, settings.recipe),
      seconds,
      tokens,
      tokensPerSecond: tokens / Math.max(seconds, 1e-3),
      batchTokens,
      labelSmoothing,
    },
    test: scores,
    losses: log,
    showcase,
    samples: [
      ...spread(
        samples.filter((s) => !s.right),
        MOST_WRONG,
      ),
      ...spread(
        samples.filter((s) => s.right),
        MOST_RIGHT,
      ),
    ],
  };
}
