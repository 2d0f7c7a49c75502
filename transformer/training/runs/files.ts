import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** What is being written bears such a name until it is whole. */
const UNFINISHED = /\.(\d+)\.tmp$/;

const beside = (path: string): string => `${path}.${process.pid}.tmp`;

/** Writes a file in one step: whoever reads it sees the old one or the new one, never a half, not even after a crash. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = beside(path);
  try {
    await writeToDisk(unfinished, content);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes a folder of files in one step: it is there whole, or not at all. One of that name gives way. */
export async function replaceFolder(path: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  const unfinished = beside(path);
  const before = beside(`${path}.before`);
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    for (const [name, content] of Object.entries(files)) await writeToDisk(join(unfinished, name), content);
    await syncFolder(unfinished);
    await rename(path, before).catch(unless('ENOENT'));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(path));
  await rm(before, { recursive: true, force: true });
}

/** Removes a folder in one step: what is left of it when a crash comes between is no folder of that name. */
export async function removeFolder(path: string): Promise<void> {
  await rename(path, beside(path));
  await rm(beside(path), { recursive: true, force: true });
}

/** Removes what processes that were killed left half written in a folder. What a living one writes is its own business. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(unless('ENOENT'))) ?? [];
  for (const name of names) {
    const writer = Number(UNFINISHED.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(writer) || (writer !== process.pid && isAlive(writer))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** For `catch`: one kind of error of the file system is none; all others are thrown on. */
export const unless =
  (...codes: readonly string[]) =>
  (error: NodeJS.ErrnoException): null => {
    if (codes.includes(error.code ?? '')) return null;
    throw error;
  };

/** Node does not say which file it was that a full disk took no more of. */
export const withPath = (error: unknown, path: string): unknown =>
  error instanceof Error && !('path' in error) ? Object.assign(error, { path }) : error;

/** A power cut after this leaves the whole content. */
async function writeToDisk(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await file.close();
  }
}

/** Puts the names of a folder on the disk, where the system lets a folder be opened (Windows does not). */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    unless('EPERM', 'EACCES', 'EISDIR', 'EINVAL', 'ENOTSUP')(error as NodeJS.ErrnoException);
  }
}

/** Fails now, with the error of the file system, where making this folder later, and those it lies in, would. */
export async function checkFolder(path: string): Promise<void> {
  let nearest = resolve(path);
  let found = await stat(nearest).catch(unless('ENOENT'));
  while (found === null) {
    nearest = dirname(nearest);
    found = await stat(nearest).catch(unless('ENOENT'));
  }
  if (!found.isDirectory()) {
    throw Object.assign(new Error('ENOTDIR: not a directory, mkdir'), { code: 'ENOTDIR', path: nearest });
  }
  await access(nearest, constants.W_OK);
}

/** Fails now, with the error of the file system, where writing this file later would. */
export async function checkWritable(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) {
    throw Object.assign(new Error('EISDIR: is a folder, open'), { code: 'EISDIR', path });
  }
}
