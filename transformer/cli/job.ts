import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { count } from '../report/language.ts';
import type { Context } from './context.ts';
import { type Dataset, loadDataset } from './dataset.ts';
import { UsageError } from './errors.ts';
import type { DeviceFlags } from './options.ts';
import { defaultPreset, PRESETS, type PresetName } from './presets.ts';
import { newRun, openRun, RUNS, type RunFolder, type RunSettings } from './runFolder.ts';

/** What `heddle train` takes. */
export interface TrainFlags extends DeviceFlags {
  readonly data?: readonly string[];
  readonly preset?: PresetName;
  readonly steps?: number;
  readonly batchTokens?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: string;
}

/** All that is decided before anything is computed. */
export interface Job {
  readonly settings: RunSettings;
  readonly dataset: Dataset;
  readonly run: RunFolder;
  readonly resumed: boolean;
}

/** Decides what to do; everything that can be wrong on the command line or in the data is found here. */
export const prepareJob = (flags: TrainFlags, context: Context): Promise<Job> =>
  flags.resume === undefined ? newJob(flags, context) : resumedJob(flags, flags.resume, context);

async function newJob(flags: TrainFlags, context: Context): Promise<Job> {
  const { say } = context;
  const name = flags.preset ?? defaultPreset(flags.data !== undefined);
  const preset = PRESETS[name];
  const path = flags.out ?? join(RUNS, nameByTime(new Date()));
  if (existsSync(join(path, 'config.json'))) throw new UsageError(say.outExists(path));
  const seed = flags.seed ?? 1;
  const dataset = await loadDataset(flags.data ?? null, seed);
  const settings: RunSettings = {
    preset: name,
    model: preset.model,
    data: dataset.files,
    pairs: dataset.train.length,
    seed,
    steps: flags.steps ?? preset.steps,
    batchTokens: flags.batchTokens ?? preset.batchTokens,
    schedule: preset.schedule,
    labelSmoothing: preset.labelSmoothing,
    deterministic: flags.deterministic ?? false,
  };
  return { settings, dataset, run: await newRun(path, context), resumed: false };
}

/** A run goes on with its own settings; only the number of steps may grow, and the device may be another. */
async function resumedJob(flags: TrainFlags, path: string, context: Context): Promise<Job> {
  const { say } = context;
  const own = ['data', 'preset', 'batchTokens', 'seed', 'out'] as const;
  for (const name of own) {
    const option = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    if (flags[name] !== undefined) throw new UsageError(say.conflict('--resume', option));
  }
  const run = await openRun(path, context);
  const before = run.settings;
  if (before === null) throw new UsageError(say.noState(path));
  if (flags.steps !== undefined && flags.steps <= run.step) throw new UsageError(say.stepsDone(count(run.step)));
  const dataset = await loadDataset(before.data, before.seed);
  if (dataset.train.length !== before.pairs) {
    const place = dataset.files?.join(' + ') ?? path;
    throw new UsageError(say.dataChanged(place, count(before.pairs), count(dataset.train.length)));
  }
  const deterministic = flags.deterministic ?? before.deterministic;
  return { settings: { ...before, steps: flags.steps ?? before.steps, deterministic }, dataset, run, resumed: true };
}

/** `2025-11-23-140905`, by the clock on the wall. */
function nameByTime(now: Date): string {
  const two = (n: number): string => `${n}`.padStart(2, '0');
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-');
  return `${date}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('')}`;
}
