import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { replaceFile } from './files.ts';

/** One line of log.jsonl: a step of training. */
export interface LogEntry {
  readonly step: number;
  readonly loss: number;
  readonly lr: number;
  readonly gradNorm: number;
  /** Target tokens of this step. */
  readonly tokens: number;
  /** Since the run began, pauses not counted. */
  readonly seconds: number;
}

/** The entries of a log up to step `last`; a line cut off by a crash ends it. */
export async function readLog(path: string, last = Number.POSITIVE_INFINITY): Promise<LogEntry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const entries: LogEntry[] = [];
  for (const line of text.split('\n')) {
    try {
      const entry = JSON.parse(line) as LogEntry;
      if (typeof entry.step === 'number' && entry.step <= last) entries.push(entry);
    } catch {
      break;
    }
  }
  return entries;
}

/** Appends to a log, a line a step, each written when it is known: a crash loses none. */
export class LogWriter implements Disposable {
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
  }

  /** Begins with `entries`, what was logged up to the checkpoint a run goes on from; steps beyond come again. */
  static async open(path: string, entries: readonly LogEntry[]): Promise<LogWriter> {
    await replaceFile(path, entries.map(line).join(''));
    return new LogWriter(openSync(path, 'a'));
  }

  write(entry: LogEntry): void {
    writeSync(this.#file, line(entry));
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

const line = (entry: LogEntry): string => `${JSON.stringify(entry)}\n`;
