import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ArgumentError, FormatError } from '../../engine/index.ts';
import type { Pair } from '../data.ts';

/** A file of text as lines; gzipped ones are unpacked, whatever their name. */
export async function readLines(path: string): Promise<string[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    // Node names the path when it cannot open a file, but not when it cannot read one (a folder).
    throw Object.assign(error as Error, { path });
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = await promisify(gunzip)(bytes);
    } catch {
      throw new FormatError(`${path}: a gzip file that is damaged or cut off. Fetch or make it again.`);
    }
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${path}: no UTF-8 text. Expected sentences in UTF-8; convert the file.`);
  }
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/**
 * Sentence pairs out of one tab-separated file (source, target, and any further columns, which are left out), or out of
 * two files whose lines belong together. Empty lines are passed over.
 */
export async function readPairs(files: readonly string[]): Promise<Pair[]> {
  const [first, second, ...more] = files;
  if (first === undefined || more.length > 0) {
    throw new ArgumentError(
      `--data: ${files.length} files. Expected one tab-separated file, or two of parallel lines.`,
    );
  }
  const pairs = second === undefined ? await readTable(first) : await readParallel(first, second);
  if (pairs.length === 0) throw new FormatError(`${files.join(', ')}: no sentence pairs. Expected at least one.`);
  return pairs;
}

async function readTable(path: string): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const [index, line] of (await readLines(path)).entries()) {
    if (line.trim() === '') continue;
    const [source = '', target = ''] = line.split('\t').map((cell) => cell.trim());
    if (source === '' || target === '') {
      throw new FormatError(`${path}:${index + 1}: no pair. Expected source, tab, target on each line.`);
    }
    pairs.push({ source, target });
  }
  return pairs;
}

async function readParallel(sourcePath: string, targetPath: string): Promise<Pair[]> {
  const [sources, targets] = await Promise.all([readLines(sourcePath), readLines(targetPath)]);
  if (sources.length !== targets.length) {
    throw new FormatError(
      `${sourcePath} has ${sources.length} lines and ${targetPath} ${targets.length}. Expected line for line a pair.`,
    );
  }
  return sources
    .map((source, i) => ({ source: source.trim(), target: targets[i]!.trim() }))
    .filter(({ source, target }) => source !== '' && target !== '');
}
