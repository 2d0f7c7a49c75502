import { closeSync, fstatSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { LogPoint } from '../../report/run.ts';
import { replaceFile, unless, withPath } from './files.ts';

/** One line of log.jsonl: a step of training, and what was measured after it. */
export interface LogEntry extends LogPoint {
  /** True where the step was left out, since a gradient overflowed float16. */
  readonly skipped?: boolean;
  /** What the loss was multiplied by; missing in float32. */
  readonly lossScale?: number;
  /** Target tokens of this step. */
  readonly tokens: number;
  /** Since the run began, pauses not counted. */
  readonly seconds: number;
}

/** The entries of a log up to step `last`, each step once; a line that a crash cut off is none. */
export async function readLog(path: string, last = Number.POSITIVE_INFINITY): Promise<LogEntry[]> {
  const text = (await readFile(path, 'utf8').catch(unless('ENOENT'))) ?? '';
  const entries: LogEntry[] = [];
  for (const line of text.split('\n')) {
    const entry = parse(line);
    if (entry !== null && entry.step <= last && entry.step > (entries.at(-1)?.step ?? 0)) entries.push(entry);
  }
  return entries;
}

function parse(line: string): LogEntry | null {
  try {
    const entry = JSON.parse(line) as Partial<LogEntry> | null;
    return typeof entry?.step === 'number' && typeof entry.loss === 'number' ? (entry as LogEntry) : null;
  } catch {
    return null;
  }
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
