import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { decodeSafetensors, defaultDevice, FormatError, type StateDict } from '../../../engine/index.ts';
import { version } from '../../../package.json';
import { BilingualError } from '../../language/error.ts';
import { type Both, bothOf } from '../../language/language.ts';
import type { Transformer } from '../../model/transformer.ts';
import type { Translator } from '../../model/translate.ts';
import { CHECKPOINT, checkpointConfig, decodeCheckpoint, encodeCheckpoint } from '../checkpoint.ts';
import { averageStateDicts, decodeState, type TrainState } from '../index.ts';
import { TRANSLATION } from '../presets.ts';
import { type Task, taskNamed } from '../tasks/index.ts';
import { Checkpoints, retained } from './checkpoints.ts';
import type { ModelChoice } from './choice.ts';
import { parseConfig, type RunConfig } from './config.ts';
import { removeUnfinished, replaceFile, unless } from './files.ts';
import { messages } from './messages.ts';
import type { RunSettings } from './settings.ts';

/** Where runs go unless told otherwise. */
export const RUNS = 'runs';

/** What a run goes on from. */
export interface SavedState {
  readonly translator: Translator;
  readonly state: TrainState;
}

/**
 * The folder of a run. In it lies the model one uses, with its tokenizers and config.json; `checkpoints` holds the states
 * that training goes on from. A checkpoint is such a folder too, and so is one made by other hands, which has no settings.
 */
export class RunFolder {
  readonly path: string;
  readonly checkpoints: Checkpoints;
  #config: RunConfig | null;

  constructor(path: string, config: RunConfig | null) {
    this.path = path;
    this.checkpoints = new Checkpoints(path);
    this.#config = config;
  }

  get name(): string {
    return basename(resolve(this.path));
  }

  /** The model's shape; there is one as soon as training began. */
  get model(): Transformer['config'] | null {
    return this.#config?.model ?? null;
  }

  /** What it learnt; a model of other hands translates. */
  get task(): Task {
    return taskNamed(this.settings?.task ?? TRANSLATION.name);
  }

  get settings(): RunSettings | null {
    return this.#config?.training ?? null;
  }

  /** Which model this is; null where no training wrote it. */
  get chosen(): ModelChoice | null {
    return this.#config?.chosen ?? null;
  }

  /** Steps behind the model. */
  get step(): number {
    return this.#config?.step ?? 0;
  }

  /** Model and tokenizers, on the default device. */
  async load(): Promise<Translator> {
    const { model, config, source, target } = CHECKPOINT;
    const names = this.#config?.sharedTokenizer ? [model, config, source] : [model, config, source, target];
    const files = await this.#read(names);
    const { state: _, ...translator } = this.#named(() => decodeCheckpoint(files, defaultDevice()));
    return translator;
  }

  /**
   * The state of training behind the very model of this folder: its own, or that of a checkpoint with the same weights.
   * Null where there is none, as for an average.
   */
  async stateOfModel(): Promise<TrainState | null> {
    const { model, optimizer } = CHECKPOINT;
    const own = await readFile(join(this.path, model));
    for (const place of [this.path, this.checkpoints.pathOf(this.step)]) {
      const bytes = await readFile(join(place, optimizer)).catch(unless('ENOENT', 'ENOTDIR'));
      if (bytes === null || !own.equals(await readFile(join(place, model)))) continue;
      const state = this.#named(() => decodeState(bytes, optimizer));
      if (state.step === this.step) return state;
    }
    return null;
  }

  /** Values of all parameters, counted in the file. */
  async countParameters(): Promise<number> {
    const files = await this.#read([CHECKPOINT.model]);
    const { tensors } = this.#named(() => decodeSafetensors(files[CHECKPOINT.model]!, CHECKPOINT.model));
    return Object.values(tensors).reduce((n, { data }) => n + data.length, 0);
  }

  /** Makes the folder or clears away what a crash left in it, and writes down how the run is made, so that it can go on from the first moment. */
  async begin(translator: Translator, training: RunSettings): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await removeUnfinished(this.path);
    await this.checkpoints.removeUnfinished();
    await this.#writeConfig({ ...(this.#config ?? checkpointConfig(translator, 0)), heddle: version, training });
  }

  /**
   * The newest whole checkpoint; null where none was written yet. Of one that is damaged `warn` is told, and the one
   * before it is taken.
   */
  async newestState(warn: (text: Both<string>) => void): Promise<SavedState | null> {
    const steps = await this.checkpoints.steps();
    for (const step of steps.reverse()) {
      try {
        const { state, ...translator } = decodeCheckpoint(await this.checkpoints.read(step), defaultDevice());
        if (state?.step === step) return { translator, state };
        translator.model.dispose();
        throw new FormatError(`${CHECKPOINT.optimizer} is of step ${state?.step}, expected ${step}.`);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        warn(bothOf(messages.damaged, this.checkpoints.pathOf(step), error.message));
      }
    }
    if (steps.length > 0) throw new BilingualError(bothOf(messages.noWholeCheckpoint, this.path));
    return null;
  }

  /** Writes a checkpoint, and removes those that are no longer kept. */
  async saveCheckpoint(translator: Translator, state: TrainState, training: RunSettings): Promise<void> {
    const { step } = state;
    const config = configOf(translator, training, { by: 'last', step });
    await this.checkpoints.write(step, await encodeCheckpoint(translator, state), config);
    const written = (await this.checkpoints.steps()).filter((other) => other <= step);
    const retention = { ...training.checkpoints, steps: training.steps };
    const kept = retained(written, retention, state.validation?.best?.step ?? null);
    await this.checkpoints.removeOthers(step, kept);
  }

  /** Makes the model as it stands the one to use. Its config.json comes last. */
  async saveModel(translator: Translator, training: RunSettings, chosen: ModelChoice): Promise<void> {
    const files = await encodeCheckpoint(translator);
    for (const name of [CHECKPOINT.source, CHECKPOINT.target, CHECKPOINT.model]) {
      const bytes = files[name];
      if (bytes !== undefined) await replaceFile(join(this.path, name), bytes);
    }
    await this.#writeConfig(configOf(translator, training, chosen));
  }

  /** Loads the model to use into one that is there, such as the one that was trained. */
  async loadInto(model: Transformer): Promise<void> {
    const files = await this.#read([CHECKPOINT.model]);
    this.#named(() => model.loadStateDict(decodeSafetensors(files[CHECKPOINT.model]!, CHECKPOINT.model).tensors));
  }

  /** The mean of the models of some checkpoints, weight by weight. */
  async averageOf(steps: readonly number[]): Promise<StateDict> {
    const models: StateDict[] = [];
    for (const step of steps) {
      const files = await this.checkpoints.read(step);
      models.push(decodeSafetensors(files[CHECKPOINT.model]!, this.checkpoints.pathOf(step)).tensors);
    }
    return averageStateDicts(
      models,
      steps.map((step) => this.checkpoints.pathOf(step)),
    );
  }

  async #writeConfig(config: RunConfig): Promise<void> {
    this.#config = config;
    await replaceFile(join(this.path, CHECKPOINT.config), `${JSON.stringify(config, null, 2)}\n`);
  }

  async #read(names: readonly string[]): Promise<Record<string, Uint8Array>> {
    const files: Record<string, Uint8Array> = {};
    for (const name of names) {
      const bytes = await readFile(join(this.path, name)).catch(unless('ENOENT'));
      if (bytes === null) {
        const begun = this.settings !== null && this.chosen === null && name === CHECKPOINT.model;
        throw new BilingualError(
          begun ? bothOf(messages.noModelYet, this.path) : bothOf(messages.noRun, this.path, name),
        );
      }
      files[name] = bytes;
    }
    return files;
  }

  /** What is wrong with a file is said with the folder it lies in. */
  #named<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new BilingualError(bothOf(messages.broken, this.path, error.message), { cause: error });
    }
  }
}

const configOf = (translator: Translator, training: RunSettings, chosen: ModelChoice): RunConfig => ({
  ...checkpointConfig(translator, chosen.step),
  heddle: version,
  training,
  chosen,
});

/** The folder of a run that is yet to begin; nothing is made of it before. */
export const newRun = (path: string): RunFolder => new RunFolder(path, null);

/** The folder of a run that is there, or of one of its checkpoints. */
export async function openRun(path: string): Promise<RunFolder> {
  await stat(path);
  const text = await readFile(join(path, CHECKPOINT.config), 'utf8').catch(unless('ENOENT', 'ENOTDIR'));
  if (text === null) throw new BilingualError(bothOf(messages.noRun, path, CHECKPOINT.config));
  const config = parseConfig(text);
  if (config === null)
    throw new BilingualError(bothOf(messages.broken, path, `${CHECKPOINT.config} is no JSON of a run.`));
  return new RunFolder(path, config);
}

/** The run that a checkpoint's folder belongs to; null for any other folder. */
export function runOfCheckpoint(path: string): string | null {
  const whole = resolve(path);
  const inside = /^step-\d+$/.test(basename(whole)) && basename(dirname(whole)) === 'checkpoints';
  return inside ? join(path, '..', '..') : null;
}

/** The run of this folder that was saved last, to name in a message; null where there is none. */
export async function newestRun(): Promise<string | null> {
  const names = await readdir(RUNS).catch(() => []);
  const found: { path: string; time: number }[] = [];
  for (const name of names) {
    const path = join(RUNS, name);
    const config = await stat(join(path, CHECKPOINT.config)).catch(() => null);
    if (config !== null) found.push({ path, time: config.mtimeMs });
  }
  return found.sort((a, b) => b.time - a.time)[0]?.path ?? null;
}
