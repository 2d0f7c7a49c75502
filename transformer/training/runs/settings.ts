import type { Precision } from '../../../engine/index.ts';
import type { TokenizerSettings } from '../../text/tokenizer/settings.ts';
import type { ValidationMetric } from '../index.ts';
import type { ModelSettings, PresetName } from '../presets.ts';
import type { ScheduleSettings } from '../schedule.ts';

/**
 * Everything that decides how a run goes, as config.json keeps it under `training`: a run goes on with these and needs
 * nothing else. What they decide together is in one group each; a new choice is one more field of the group it belongs to.
 */
export interface RunSettings {
  /** What is learnt, by its name in TASKS. */
  readonly task: string;
  /** Null: the recipe of the task. */
  readonly preset: PresetName | null;
  readonly model: ModelSettings;
  readonly data: DataSettings;
  readonly tokenizers: TokenizerSettings;
  /** Of all random choices: the split, the starting values, the order of the data, dropout. */
  readonly seed: number;
  /** Batches of the first epoch; of data in memory, of every one. */
  readonly batches: number;
  /** Steps in all, whatever they were asked for as. */
  readonly steps: number;
  readonly recipe: RecipeSettings;
  /** Null where nothing is measured on the way. */
  readonly validation: ValidationSettings | null;
  readonly checkpoints: CheckpointSettings;
  readonly deterministic: boolean;
}

/** What is trained on. */
export interface DataSettings {
  /** Files, as they were given; null for pairs that the task makes. */
  readonly files: readonly string[] | null;
  /** Whether the files are read anew each epoch, instead of being held in memory. */
  readonly stream: boolean;
  /** Whether a part of the files was set aside to validate on, beside the one to test on. */
  readonly validated: boolean;
  /** Pairs trained on. */
  readonly pairs: number;
  /** SHA-256 of these pairs in their order, so that other data are noticed. */
  readonly fingerprint: string;
}

/** How a step is made. */
export interface RecipeSettings {
  /** Target tokens in a batch, padding counted. */
  readonly batchTokens: number;
  /** Batches of a step. */
  readonly accumulate: number;
  readonly schedule: ScheduleSettings;
  readonly labelSmoothing: number;
  /** Largest gradient norm; 0 for no clipping. */
  readonly clip: number;
  /** Decay of the moving average of the weights; null for none. */
  readonly ema: number | null;
  readonly precision: Precision;
}

/** When the model is measured on sentences it does not learn from, and what comes of it. */
export interface ValidationSettings {
  /** Steps between two measurements. */
  readonly every: number;
  /** How many different sentences are translated each time. */
  readonly sentences: number;
  /** What tells the best model. */
  readonly metric: ValidationMetric;
  /** Measurements in a row without a better one after which the run ends; null: it goes to its last step. */
  readonly patience: number | null;
}

/** When the whole state of a run is written down. */
export interface CheckpointSettings {
  /** Steps between two; null: by the clock. */
  readonly every: number | null;
  /** How many of the newest are kept. */
  readonly keep: number;
  /** How many of the last ones are averaged in the end; 0 for none. */
  readonly average: number;
}
