/** Small file helpers shared by the scripts. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * All files below a folder, as absolute paths in a stable order; none when the folder is missing.
 *
 * @param {string} folder
 * @returns {Promise<string[]>}
 */
export async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(missing([]));
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * Writes a file unless it already has this content, in one step: a reader sees the old file or the new one.
 *
 * @param {string} path
 * @param {string | Uint8Array} content
 * @returns {Promise<boolean>} whether anything changed
 */
export async function writeChanged(path, content) {
  const before = await readFile(path).catch(missing(null));
  if (before?.equals(Buffer.from(content))) return false;
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, content);
  await rename(beside, path);
  return true;
}

/**
 * Removes the files below a folder that are not in `keep`.
 *
 * @param {string} folder
 * @param {ReadonlySet<string>} keep absolute paths
 * @param {(path: string) => boolean} [which] only these are candidates
 */
export async function removeOthers(folder, keep, which = () => true) {
  for (const path of await filesBelow(folder)) {
    // A file being written by another process is its own business.
    if (!keep.has(path) && !path.endsWith('.tmp') && which(path)) await rm(path, { force: true });
  }
}

/**
 * A path relative to the root, with forward slashes, for messages and import specifiers.
 *
 * @param {string} path
 */
export function fromRoot(path) {
  return relative(ROOT, path).split(sep).join('/');
}

/**
 * A `catch` handler that turns "no such file" into a value and lets every other error through.
 *
 * @template T
 * @param {T} value
 * @returns {(error: unknown) => T}
 */
export function missing(value) {
  return (error) => {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return value;
    throw error;
  };
}
