import type { CheckpointConfig } from '../checkpoint.ts';
import type { ModelChoice } from './choice.ts';
import type { RunSettings } from './settings.ts';

/** What config.json of a run and of its checkpoints holds: the checkpoint's own fields, and how the run was made. */
export interface RunConfig extends CheckpointConfig {
  /** The version that wrote it. */
  readonly heddle?: string;
  readonly training?: RunSettings;
  /** Where the model beside it comes from; missing until there is one. */
  readonly chosen?: ModelChoice;
  /** In a checkpoint: the SHA-256 of every other file. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The config of a text; null for anything else. */
export function parseConfig(text: string): RunConfig | null {
  try {
    const config = JSON.parse(text) as Partial<RunConfig> | null;
    return typeof config?.model === 'object' && config.model !== null ? (config as RunConfig) : null;
  } catch {
    return null;
  }
}
