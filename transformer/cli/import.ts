import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { device, FormatError } from '../../engine/index.ts';
import { version } from '../../package.json';
import { freshState, type Imported, readPyTorch, STATE_FILE } from '../export/pytorch/index.ts';
import { count } from '../language/language.ts';
import { CHECKPOINT, checkpointConfig, encodeCheckpoint } from '../training/checkpoint.ts';
import type { RunConfig } from '../training/runs/config.ts';
import { replaceFolder, unless } from '../training/runs/files.ts';
import { newRun } from '../training/runs/folder.ts';
import type { RunSettings } from '../training/runs/settings.ts';
import type { Context } from './context.ts';
import { EXIT, UsageError } from './errors.ts';
import { holdsFiles } from './export.ts';
import { printFacts } from './terminal/show.ts';

export interface ImportFlags {
  readonly out?: string;
  readonly config?: string;
  readonly tokenizer?: readonly string[];
}

/** `heddle import`: a model that PyTorch trained further, as the folder of a run. */
export async function importRun(from: string, flags: ImportFlags, context: Context): Promise<number> {
  const { say } = context;
  const { out } = flags;
  if (out === undefined) throw new UsageError(say.needOut);
  if (await holdsFiles(out)) throw new UsageError(say.exportExists(out));
  const files = await readFiles(from, flags, context);
  // values are only passed on: any device will do, and this one is everywhere
  const host = await device('wasm', { threads: 1 });
  const imported = await readPyTorch(files, host).catch((error: unknown) => {
    if (error instanceof FormatError) throw new FormatError(`${from}: ${error.message}`, { cause: error });
    throw error;
  });
  const goesOn = await write(out, imported);
  host.destroy();
  printFacts([
    [say.imported, say.importedLine(out, count(imported.step ?? 0))],
    ['', goesOn ? say.importGoOn(out) : say.importNoSettings],
  ]);
  if (goesOn && imported.state === null) console.error(`heddle: ${say.importNewState}`);
  return EXIT.ok;
}

/** The files of a folder, or those beside weights that were named alone; the command line may say where some are. */
async function readFiles(from: string, flags: ImportFlags, { say }: Context): Promise<Record<string, Uint8Array>> {
  const isFolder = (await stat(from)).isDirectory();
  const beside = (name: string): string => join(isFolder ? from : dirname(from), name);
  const [source, target, ...more] = flags.tokenizer ?? [];
  if (more.length > 0) throw new UsageError(say.twoTokenizers(`${flags.tokenizer?.length}`));
  const places: Record<string, string> = {
    [CHECKPOINT.model]: isFolder ? beside(CHECKPOINT.model) : from,
    [CHECKPOINT.config]: flags.config ?? beside(CHECKPOINT.config),
    [CHECKPOINT.source]: source ?? beside(CHECKPOINT.source),
    [CHECKPOINT.target]: target ?? (source === undefined ? beside(CHECKPOINT.target) : ''),
  };
  // the state beside weights that were named alone may be that of others
  if (isFolder) places[STATE_FILE] = beside(STATE_FILE);
  const files: Record<string, Uint8Array> = {};
  for (const [name, path] of Object.entries(places)) {
    const bytes = path === '' ? null : await readFile(path).catch(unless('ENOENT'));
    if (bytes !== null) files[name] = bytes;
  }
  const options = { [CHECKPOINT.config]: '--config', [CHECKPOINT.source]: '--tokenizer' };
  for (const [name, option] of Object.entries(options)) {
    if (files[name] === undefined) throw new UsageError(say.importMissing(places[name] ?? name, option));
  }
  return files;
}

/** Writes the run; whether training can go on with it. */
async function write(out: string, { translator, step, state, training }: Imported): Promise<boolean> {
  const settings = training as RunSettings | null;
  if (settings === null) {
    const config: RunConfig = { ...checkpointConfig(translator, step), heddle: version };
    const files = await encodeCheckpoint(translator);
    await replaceFolder(out, { ...files, [CHECKPOINT.config]: `${JSON.stringify(config, null, 2)}\n` });
    return false;
  }
  const run = newRun(out);
  const goesOn = state ?? (await freshState(translator.model, step ?? 0, settings.seed));
  const plan: RunSettings = { ...settings, steps: Math.max(settings.steps, goesOn.step) };
  await run.saveCheckpoint(translator, goesOn, plan);
  await run.saveModel(translator, plan, { by: 'last', step: goesOn.step });
  return true;
}
