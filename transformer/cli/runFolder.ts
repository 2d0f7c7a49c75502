import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { decodeSafetensors, defaultDevice, FormatError } from '../../engine/index.ts';
import { version } from '../../package.json';
import { CHECKPOINT, decodeCheckpoint, encodeCheckpoint } from '../checkpoint.ts';
import type { Translator } from '../decode.ts';
import type { Transformer } from '../model.ts';
import type { TrainState } from '../training/index.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import type { Preset, PresetName } from './presets.ts';

/** Where runs go unless told otherwise. */
export const RUNS = 'runs';

/** Everything that decides how a run goes, so that it can go on. */
export interface RunSettings extends Preset {
  readonly preset: PresetName;
  /** Files, as they were given; null for the built-in corpus. */
  readonly data: readonly string[] | null;
  /** Pairs trained on. */
  readonly pairs: number;
  readonly seed: number;
  readonly deterministic: boolean;
}

/** What config.json holds: the checkpoint's own fields, and how the run was made. */
interface RunConfig {
  readonly model: Transformer['config'];
  readonly step: number | null;
  readonly heddle?: string;
  readonly training?: RunSettings;
}

/** The folder of a run. A checkpoint made by other hands is one too, but has no settings and cannot go on. */
export class RunFolder {
  readonly path: string;
  readonly #context: Context;
  #config: RunConfig | null;

  constructor(path: string, config: RunConfig | null, context: Context) {
    this.path = path;
    this.#config = config;
    this.#context = context;
  }

  get name(): string {
    return basename(resolve(this.path));
  }

  /** The model's shape; there is one as soon as anything was saved. */
  get model(): RunConfig['model'] | null {
    return this.#config?.model ?? null;
  }

  get settings(): RunSettings | null {
    return this.#config?.training ?? null;
  }

  /** Steps behind the checkpoint. */
  get step(): number {
    return this.#config?.step ?? 0;
  }

  /** Model and tokenizers, on the default device. */
  async load(): Promise<Translator> {
    const { model, config, source, target } = CHECKPOINT;
    const files = await this.#read([model, config, source, target]);
    return this.#named(() => decodeCheckpoint(files, defaultDevice()).translator);
  }

  /** The same, with what training goes on from. */
  async loadWithState(): Promise<{ translator: Translator; state: TrainState }> {
    const { say } = this.#context;
    const files = await this.#read(Object.values(CHECKPOINT));
    const { translator, state } = this.#named(() => decodeCheckpoint(files, defaultDevice()));
    // A crash between the writing of two files leaves the optimizer ahead of the rest.
    if (state === null || state.step !== this.step) throw new UsageError(say.noState(this.path));
    return { translator, state };
  }

  /** Values of all parameters, counted in the file. */
  async countParameters(): Promise<number> {
    const files = await this.#read([CHECKPOINT.model]);
    const { tensors } = this.#named(() => decodeSafetensors(files[CHECKPOINT.model]!, CHECKPOINT.model));
    return Object.values(tensors).reduce((n, { data }) => n + data.length, 0);
  }

  /** Writes the whole checkpoint beside the old one, then puts it in its place, config.json last. */
  async save(translator: Translator, state: TrainState, training: RunSettings): Promise<void> {
    const files = { ...(await encodeCheckpoint(translator, state)) };
    const own = JSON.parse(new TextDecoder().decode(files[CHECKPOINT.config])) as RunConfig;
    this.#config = { ...own, heddle: version, training };
    files[CHECKPOINT.config] = new TextEncoder().encode(`${JSON.stringify(this.#config, null, 2)}\n`);
    const { source, target, optimizer, model, config } = CHECKPOINT;
    const order = [source, target, optimizer, model, config];
    const beside = (name: string): string => join(this.path, `${name}.${process.pid}.tmp`);
    for (const name of order) await writeFile(beside(name), files[name]!);
    for (const name of order) await rename(beside(name), join(this.path, name));
  }

  async #read(names: readonly string[]): Promise<Record<string, Uint8Array>> {
    const files: Record<string, Uint8Array> = {};
    for (const name of names) files[name] = await this.#readFile(name);
    return files;
  }

  async #readFile(name: string): Promise<Uint8Array> {
    try {
      return await readFile(join(this.path, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const { say } = this.#context;
      throw new UsageError(name === CHECKPOINT.optimizer ? say.noState(this.path) : say.noRun(this.path, name));
    }
  }

  /** What is wrong with a file is said with the folder it lies in. */
  #named<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new FormatError(this.#context.say.broken(this.path, error.message), { cause: error });
    }
  }
}

/** A folder for a run that is about to begin. */
export async function newRun(path: string, context: Context): Promise<RunFolder> {
  await mkdir(path, { recursive: true });
  return new RunFolder(path, null, context);
}

/** The folder of a run that is there. */
export async function openRun(path: string, context: Context): Promise<RunFolder> {
  const { say } = context;
  await stat(path);
  const file = join(path, CHECKPOINT.config);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new UsageError(say.noRun(path, CHECKPOINT.config));
  }
  const config = parseConfig(text);
  if (config === null) throw new FormatError(say.broken(path, `${CHECKPOINT.config} is no JSON of a run.`));
  return new RunFolder(path, config, context);
}

function parseConfig(text: string): RunConfig | null {
  try {
    const config = JSON.parse(text) as Partial<RunConfig> | null;
    return typeof config?.model === 'object' ? (config as RunConfig) : null;
  } catch {
    return null;
  }
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
