import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError } from '../../../engine/index.ts';
import { CHECKPOINT, type CheckpointFiles } from '../checkpoint.ts';
import type { RunConfig } from './config.ts';
import { removeFolder, removeUnfinished, replaceFolder, unless } from './files.ts';

const NAME = /^step-(\d+)$/;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * RUN/checkpoints: folders `step-N`, each the whole state of a run after N steps. A folder bears that name only when all
 * of it is on the disk, and config.json in it knows the hash of every other file: one that was damaged later is noticed.
 */
export class Checkpoints {
  readonly path: string;

  constructor(run: string) {
    this.path = join(run, 'checkpoints');
  }

  pathOf(step: number): string {
    return join(this.path, `step-${step}`);
  }

  /** The steps of all checkpoints, the oldest first. */
  async steps(): Promise<number[]> {
    const names = (await readdir(this.path).catch(unless('ENOENT'))) ?? [];
    return names
      .flatMap((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN))
      .filter(Number.isFinite)
      .sort(ascending);
  }

  async write(step: number, files: CheckpointFiles, config: RunConfig): Promise<void> {
    const { [CHECKPOINT.config]: _, ...others } = files;
    const hashes = Object.fromEntries(Object.entries(others).map(([name, bytes]) => [name, sha256(bytes)]));
    const own: RunConfig = { ...config, files: hashes };
    await replaceFolder(this.pathOf(step), { ...others, [CHECKPOINT.config]: `${JSON.stringify(own, null, 2)}\n` });
  }

  /**
   * The files of a checkpoint.
   *
   * @throws {FormatError} naming the file that is missing or not as it was written
   */
  async read(step: number): Promise<CheckpointFiles> {
    const text = await this.#readFile(step, CHECKPOINT.config);
    let hashes: RunConfig['files'];
    try {
      hashes = (JSON.parse(text.toString('utf8')) as RunConfig).files;
    } catch {
      hashes = undefined;
    }
    if (hashes === undefined) throw new FormatError(`${CHECKPOINT.config} is not JSON of a checkpoint.`);
    const files: Record<string, Uint8Array> = { [CHECKPOINT.config]: text };
    for (const [name, hash] of Object.entries(hashes)) {
      const bytes = await this.#readFile(step, name);
      if (sha256(bytes) !== hash) throw new FormatError(`${name} is not as it was written: its SHA-256 differs.`);
      files[name] = bytes;
    }
    return files;
  }

  /** Removes all checkpoints up to `last` but those of these steps. */
  async removeOthers(last: number, kept: ReadonlySet<number>): Promise<void> {
    for (const step of await this.steps()) if (step <= last && !kept.has(step)) await removeFolder(this.pathOf(step));
  }

  removeUnfinished = (): Promise<void> => removeUnfinished(this.path);

  async #readFile(step: number, name: string): Promise<Buffer> {
    const bytes = await readFile(join(this.pathOf(step), name)).catch(unless('ENOENT', 'ENOTDIR'));
    if (bytes === null) throw new FormatError(`${name} is missing.`);
    return bytes;
  }
}

const ascending = (a: number, b: number): number => a - b;

/** What decides which checkpoints stay, beside what validation finds. */
export interface Retention {
  /** Steps between two regular ones; null where the clock decides. */
  readonly every: number | null;
  /** How many of the newest regular ones stay. */
  readonly keep: number;
  /** The last step of the run: its checkpoint is regular, whatever the number. */
  readonly steps: number;
}

/** Those of some checkpoints that were written in turn, not because somebody stopped the run or validation found it good. */
export const regular = (steps: readonly number[], { every, steps: last }: Omit<Retention, 'keep'>): number[] =>
  steps.filter((step) => every === null || step % every === 0 || step === last);

/**
 * The steps of the checkpoints to keep: the newest, of those written in turn the `keep` newest, and the best by
 * validation. One that was written because somebody stopped the run is dropped as soon as there is a newer one, so that a
 * run that was interrupted has the same checkpoints in the end as one that was not.
 */
export const retained = (steps: readonly number[], retention: Retention, best: number | null): Set<number> =>
  new Set([...regular(steps, retention).slice(-retention.keep), ...steps.slice(-1), ...(best === null ? [] : [best])]);
