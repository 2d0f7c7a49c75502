import { closeSync, fstatSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { replaceFile, unless, withPath } from './files.ts';
import { type LogEntry, parseLog } from './logEntry.ts';

/** The entries of a log file up to step `last`; none where there is no file. */
export async function readLog(path: string, last = Number.POSITIVE_INFINITY): Promise<LogEntry[]> {
  return parseLog((await readFile(path, 'utf8').catch(unless('ENOENT'))) ?? '', last);
}

/**
 * Appends to a log, a line a step. Each is handed to the system whole when it is known: a process that dies loses at most
 * the line it was writing, and only a power cut loses what was written since the last `sync`.
 */
export class LogWriter implements Disposable {
  readonly #path: string;
  readonly #file: number;

  private constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'a');
  }

  /** Begins with `entries`, what was logged up to the checkpoint a run goes on from; steps beyond come again. */
  static async open(path: string, entries: readonly LogEntry[]): Promise<LogWriter> {
    await replaceFile(path, entries.map(line).join(''));
    return new LogWriter(path);
  }

  write(entry: LogEntry): void {
    try {
      writeSync(this.#file, line(entry));
    } catch (error) {
      throw withPath(error, this.#path);
    }
  }

  /** Waits until everything written is on the disk. */
  sync(): void {
    fsyncSync(this.#file);
  }

  /** False when another process has replaced the file since: it goes on with the same run. */
  isCurrent(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === fstatSync(this.#file).ino;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

const line = (entry: LogEntry): string => `${JSON.stringify(entry)}\n`;
