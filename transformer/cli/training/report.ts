import { join } from 'node:path';
import type { Device } from '../../../engine/index.ts';
import { version } from '../../../package.json';
import type { Language } from '../../language/language.ts';
import { RELOAD_SECONDS, renderReport } from '../../report/report.ts';
import type { AttentionSample, RunProgress, RunReport, Sample, TestScores } from '../../report/run.ts';
import { spread } from '../../text/data/index.ts';
import { replaceFile } from '../../training/runs/files.ts';
import type { LogEntry } from '../../training/runs/logEntry.ts';
import { commandLine, resumeCommand } from '../options/commandLine.ts';
import { type Start, stepsOfEpoch } from './start.ts';

/** Rows in the report's table; samples.json has all. */
const MOST_WRONG = 100;
const MOST_RIGHT = 50;

/** What the test of a trained model found. */
export interface Findings {
  readonly samples: readonly Sample[];
  readonly scores: TestScores | null;
  /** Inputs longer than any in training. */
  readonly longer: readonly Sample[];
  readonly showcase: readonly AttentionSample[];
}

const NONE: Findings = { samples: [], scores: null, longer: [], showcase: [] };

/** The contents of samples.json: the verdict on every test sentence, and the sentences to show. */
export interface SamplesFile {
  readonly test: TestScores | null;
  readonly samples: readonly Sample[];
  readonly longer: readonly Sample[];
  readonly showcase: readonly Sample[];
}

/** RUN/report.html, written again and again while the run goes on, and RUN/samples.json at its end. */
export class ReportFile {
  readonly #start: Start;
  readonly #device: Device;
  readonly #language: Language;
  #written = Number.NEGATIVE_INFINITY;

  constructor(start: Start, device: Device, language: Language) {
    this.#start = start;
    this.#device = device;
    this.#language = language;
  }

  /** Writes the report of a run that goes on, unless the one that is there is younger than its readers' patience. */
  async refresh(log: readonly LogEntry[], progress: () => RunProgress): Promise<void> {
    if (performance.now() - this.#written > RELOAD_SECONDS * 1000) await this.write(log, progress());
  }

  /** Writes the report as things stand. */
  async write(log: readonly LogEntry[], progress: RunProgress, findings: Findings = NONE): Promise<void> {
    const report = reportOf(this.#start, this.#device, log, progress, findings);
    await replaceFile(join(this.#start.run.path, 'report.html'), renderReport(report, this.#language));
    this.#written = performance.now();
  }

  /** Writes both files when all is done. */
  async finish(log: readonly LogEntry[], findings: Findings): Promise<void> {
    const { samples, scores, longer, showcase } = findings;
    const plain = ({ source, references, output, right }: Sample): Sample => ({ source, references, output, right });
    const file: SamplesFile = { test: scores, samples, longer, showcase: showcase.map(plain) };
    await replaceFile(join(this.#start.run.path, 'samples.json'), `${JSON.stringify(file, null, 1)}\n`);
    const step = log.at(-1)?.step ?? 0;
    await this.write(log, { state: 'finished', step, steps: step, left: null }, findings);
  }
}

function reportOf(
  { settings, dataset, run, translator }: Start,
  device: Device,
  log: readonly LogEntry[],
  progress: RunProgress,
  { samples, scores, showcase }: Findings,
): RunReport {
  const { batchTokens, labelSmoothing } = settings.recipe;
  const { model } = translator;
  const tokens = log.reduce((n, entry) => n + entry.tokens, 0);
  const seconds = log.at(-1)?.seconds ?? 0;
  const of = (right: boolean, most: number): Sample[] =>
    spread(
      samples.filter((s) => s.right === right),
      most,
    );
  return {
    name: run.name,
    written: new Date().toISOString(),
    progress,
    versions: { heddle: version, node: process.versions.node, platform: `${process.platform} ${process.arch}` },
    command: commandLine(settings, device),
    resume: resumeCommand(run.path),
    seed: settings.seed,
    device: { description: device.description, software: device.software },
    config: model.config,
    parameters: model.parameters().reduce((n, p) => n + p.size, 0),
    task: settings.task,
    data: dataset.files,
    pairs: dataset.train.count,
    training: {
      steps: log.length,
      epochs: log.length / stepsOfEpoch(settings.batches, settings.recipe),
      seconds,
      tokens,
      tokensPerSecond: tokens / Math.max(seconds, 1e-3),
      batchTokens,
      labelSmoothing,
    },
    metric: settings.validation?.metric ?? null,
    chosen: run.chosen ?? null,
    test: scores,
    log,
    showcase,
    samples: [...of(false, MOST_WRONG), ...of(true, MOST_RIGHT)],
  };
}
