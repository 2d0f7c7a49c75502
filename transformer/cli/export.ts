import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { device } from '../../engine/index.ts';
import { type ExportFiles, TARGETS, type TargetName } from '../export/index.ts';
import { openRun } from '../training/runs/folder.ts';
import type { Context } from './context.ts';
import { EXIT, UsageError } from './errors.ts';
import { printFacts } from './terminal/show.ts';

export interface ExportFlags {
  readonly to?: TargetName;
  readonly out?: string;
}

/** `heddle export`: writes a trained model as a folder for another program. */
export async function exportRun(path: string, flags: ExportFlags, context: Context): Promise<number> {
  const { say } = context;
  if (flags.to === undefined) throw new UsageError(say.needTarget(Object.keys(TARGETS).join(', ')));
  const target = TARGETS[flags.to];
  const run = await openRun(path);
  const out = flags.out ?? join(path, flags.to);
  if (await holdsFiles(out)) throw new UsageError(say.exportExists(out));
  // values are only read back: any device will do, and this one is everywhere
  const host = await device('wasm', { threads: 1 });
  const state = target.trains ? await run.stateOfModel() : null;
  const files = await target.files({ translator: await run.load(), step: run.step, state, training: run.settings });
  host.destroy();
  await writeFolder(out, files);
  printFacts([
    [say.exported, `${target.title}, ${out}`],
    ['', Object.keys(files).join(', ')],
  ]);
  if (target.trains && state === null) console.error(`heddle: ${say.exportNoState(run.checkpoints.path)}`);
  return EXIT.ok;
}

/** Whether a folder is there and not empty. */
export async function holdsFiles(path: string): Promise<boolean> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.length > 0;
}

/** Writes a whole folder beside its place, then renames: it is there with all its files, or not at all. */
async function writeFolder(path: string, files: ExportFiles): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  await mkdir(beside, { recursive: true });
  try {
    for (const [name, bytes] of Object.entries(files)) {
      const to = join(beside, name);
      await mkdir(dirname(to), { recursive: true });
      await writeFile(to, bytes);
    }
    await rmdir(path).catch(() => {});
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}
