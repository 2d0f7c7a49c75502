import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Precision } from '../../../engine/index.ts';
import { count } from '../../language/language.ts';
import { CHECKPOINT } from '../../training/checkpoint.ts';
import type { ValidationMetric } from '../../training/index.ts';
import { defaultPreset, type PresetName, presetOf, TRANSLATION } from '../../training/presets.ts';
import { checkFolder } from '../../training/runs/files.ts';
import { newRun, openRun, RUNS, type RunFolder, runOfCheckpoint } from '../../training/runs/folder.ts';
import type {
  CheckpointSettings,
  DataSettings,
  RunSettings,
  ValidationSettings,
} from '../../training/runs/settings.ts';
import { taskNamed } from '../../training/tasks/index.ts';
import type { Context } from '../context.ts';
import { type Dataset, loadDataset } from '../data/dataset.ts';
import { UsageError } from '../errors.ts';
import { chosenModel, type ModelFlags } from '../options/model.ts';
import { chosenSchedule, type ScheduleFlags } from '../options/schedule.ts';
import type { DeviceFlags } from '../options/shared.ts';
import { chosenTokenizers, type TokenizerFlags } from '../options/tokenizer.ts';

/** What `heddle train` takes. */
export interface TrainFlags extends DeviceFlags, ScheduleFlags, TokenizerFlags, ModelFlags {
  readonly task?: string;
  readonly data?: readonly string[];
  readonly stream?: boolean;
  readonly preset?: PresetName;
  readonly steps?: number;
  readonly epochs?: number;
  readonly batchTokens?: number;
  readonly accumulate?: number;
  readonly labelSmoothing?: number;
  readonly clip?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly checkpointEvery?: number;
  readonly keep?: number;
  readonly ema?: number;
  readonly precision?: Precision;
  readonly average?: number;
  readonly validateEvery?: number;
  readonly validateSentences?: number;
  readonly metric?: ValidationMetric;
  readonly patience?: number;
}

/** How long to train, as it was asked for; epochs are counted in steps once the data are in tokens. */
export type Length = { readonly steps: number } | { readonly epochs: number };

/** Validation as it was asked for; null: once an epoch. */
export type ValidationWish = Omit<ValidationSettings, 'every'> & { readonly every: number | null };

/** All that is decided before anything is computed. */
export interface Job {
  /** All settings but those that wait for the number of steps, which `length` tells. */
  readonly settings: Omit<RunSettings, 'steps' | 'batches' | 'validation'> & {
    readonly validation: ValidationWish | null;
  };
  readonly length: Length;
  readonly dataset: Dataset;
  readonly run: RunFolder;
  readonly resumed: boolean;
}

/** Checkpoints kept unless told otherwise: as many as the paper averages. */
const KEPT = 5;

/** Decides what to do; everything that can be wrong on the command line or in the data is found here. */
export const prepareJob = (flags: TrainFlags, context: Context): Promise<Job> =>
  flags.resume === undefined ? newJob(flags, context) : resumedJob(flags, flags.resume, context);

async function newJob(flags: TrainFlags, context: Context): Promise<Job> {
  const { say } = context;
  const task = flags.task === undefined ? TRANSLATION : taskNamed(flags.task);
  if (flags.data !== undefined && task.files === null) throw new UsageError(say.ownPairs(task.name));
  if (flags.stream && flags.data === undefined) throw new UsageError(say.streamNeedsData);
  const name = flags.preset ?? defaultPreset(task, flags.data !== undefined);
  const preset = presetOf(name, task);
  const path = flags.out ?? join(RUNS, nameByTime(new Date()));
  if (existsSync(join(path, CHECKPOINT.config))) throw new UsageError(say.outExists(path));
  await checkFolder(path);
  const length = lengthOf(flags, context) ?? { steps: preset.steps };
  const model = chosenModel(flags, preset.model, say);
  const seed = flags.seed ?? 1;
  const tokenizers = chosenTokenizers(flags, context);
  const { data: files = null, stream = false, validateEvery } = flags;
  const dataset = await loadDataset(task, { files, stream, validated: validateEvery !== 0 }, seed, context);
  const settings: Job['settings'] = {
    task: task.name,
    preset: name,
    model,
    data: dataSettings(dataset),
    tokenizers,
    seed,
    recipe: {
      batchTokens: flags.batchTokens ?? preset.batchTokens,
      accumulate: flags.accumulate ?? 1,
      schedule: chosenSchedule(flags, preset.schedule, model.dModel),
      labelSmoothing: flags.labelSmoothing ?? preset.labelSmoothing,
      clip: flags.clip ?? 1,
      ema: flags.ema ?? null,
      precision: flags.precision ?? 'float32',
    },
    validation: validationWish(flags, dataset, context),
    checkpoints: checkpointSettings(flags, { every: null, keep: KEPT, average: 0 }),
    deterministic: flags.deterministic ?? false,
  };
  return { settings, length, dataset, run: newRun(path), resumed: false };
}

/** What may be said again of a run that goes on. None of it changes the steps that were planned, but their number. */
const RESUMABLE: ReadonlySet<string> = new Set([
  'resume',
  'data', // the same data, elsewhere
  'steps',
  'epochs',
  'checkpointEvery',
  'keep',
  'backend',
  'threads',
  'memory',
  'deterministic',
  'lang',
  'debug',
]);

/** A run goes on with its own settings; only the number of steps may grow, and place of the data and device be others. */
async function resumedJob(flags: TrainFlags, path: string, context: Context): Promise<Job> {
  const { say } = context;
  for (const name of Object.keys(flags)) {
    if (!RESUMABLE.has(name)) throw new UsageError(say.conflict('--resume', optionName(name)));
  }
  const whole = runOfCheckpoint(path);
  if (whole !== null) throw new UsageError(say.resumeRun(path, whole));
  const run = await openRun(path);
  const before = run.settings;
  if (before === null) throw new UsageError(say.noState(path));
  const length = lengthOf(flags, context) ?? { steps: before.steps };
  const files = flags.data ?? before.data.files;
  const dataset = await loadDataset(run.task, { ...before.data, files }, before.seed, context);
  const data = dataSettings(dataset);
  if (data.fingerprint !== before.data.fingerprint) {
    const place = files?.join(' + ') ?? path;
    throw new UsageError(say.dataChanged(place, count(before.data.pairs), count(data.pairs)));
  }
  const settings: Job['settings'] = {
    ...before,
    data,
    checkpoints: checkpointSettings(flags, before.checkpoints),
    deterministic: flags.deterministic ?? before.deterministic,
  };
  return { settings, length, dataset, run, resumed: true };
}

function lengthOf({ steps, epochs }: TrainFlags, { say }: Context): Length | null {
  if (steps !== undefined && epochs !== undefined) throw new UsageError(say.oneLength);
  if (steps !== undefined) return { steps };
  return epochs === undefined ? null : { epochs };
}

function checkpointSettings(flags: TrainFlags, before: CheckpointSettings): CheckpointSettings {
  const average = flags.average ?? before.average;
  return {
    every: flags.checkpointEvery ?? before.every,
    // what is to be averaged must be there
    keep: Math.max(flags.keep ?? before.keep, average),
    average,
  };
}

/** Sentences translated at a validation: enough that its scores tell a better model from a lucky one. */
const VALIDATED = 500;

/** On pairs of one's own a run is validated unless told otherwise; on the built-in corpus, which it cannot learn by heart, not. */
function validationWish(flags: TrainFlags, { files, validation }: Dataset, { say }: Context): ValidationWish | null {
  const { validateEvery: every, validateSentences, metric, patience } = flags;
  const asked = [every, validateSentences, metric, patience].some((flag) => flag !== undefined);
  if (every === 0) {
    if (metric !== undefined || patience !== undefined) throw new UsageError(say.validationOff);
    return null;
  }
  if (!asked && (files === null || validation.length === 0)) return null;
  if (validation.length === 0) throw new UsageError(say.noValidation);
  const sentences = validateSentences ?? VALIDATED;
  if (sentences === 0 && metric !== undefined && metric !== 'loss') throw new UsageError(say.noTranslations(metric));
  return {
    every: every ?? null,
    sentences,
    // chrF tells better from worse on short sentences too, where BLEU finds no four words in a row
    metric: metric ?? (sentences === 0 ? 'loss' : 'chrf'),
    patience: patience ?? null,
  };
}

const dataSettings = ({ files, train, validated }: Dataset): DataSettings => ({
  files,
  stream: train.held === null,
  validated,
  pairs: train.count,
  fingerprint: train.fingerprint,
});

/** `batchTokens` → `--batch-tokens` */
const optionName = (flag: string): string => `--${flag.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** `2025-11-23-140905`, by the clock on the wall. */
function nameByTime(now: Date): string {
  const two = (n: number): string => `${n}`.padStart(2, '0');
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return `${date}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('')}`;
}
