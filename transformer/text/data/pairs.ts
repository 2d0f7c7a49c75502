/** Sentence pairs out of files, as a stream: what is no pair is counted and passed over. */

import { ArgumentError, FormatError } from '../../../engine/index.ts';
import type { Pair } from './batches.ts';
import {
  type Column,
  formatOfLine,
  formatOfName,
  jsonlParser,
  type Keys,
  type LineFormat,
  type LineParser,
  type ObjectForm,
  type Parsed,
  tsvParser,
} from './formats.ts';
import { type BadLine, type LineBlock, MAX_LINE_BYTES, readLineBlocks } from './lines.ts';
import { DataReport } from './report.ts';
import { readBytes, type TextSource } from './source.ts';

/** A pair, and the line on which it stands. */
export interface NumberedPair extends Pair {
  /** From 1; of several files that are read one after another, counted on. */
  readonly line: number;
}

/** How to read pairs. */
export interface ReadOptions {
  /** Unless told: by the ending of the name, else by the first line. */
  readonly format?: LineFormat;
  /** Columns of the source and of the target in a tab-separated file: numbers from 0, or names in the first line. */
  readonly columns?: readonly [Column, Column];
  /** Keys of both in JSON lines, as `translation.en`; unless told, found in the first object. */
  readonly keys?: Keys;
  /** Makes the pairs of JSON lines of another form, in place of `keys`. */
  readonly objects?: ObjectForm;
  /** Longer sentences are bad lines. 1000 UTF-16 code units unless told. */
  readonly maxCharacters?: number;
  /** Longer lines are passed over without being kept in memory. 1 MiB unless told. */
  readonly maxLineBytes?: number;
  /** Filled while reading. Take a new one for each reading. */
  readonly report?: DataReport;
}

/** One file of pairs, or two whose lines belong together: the source, then its translation. */
export type PairFiles = TextSource | readonly [TextSource] | readonly [TextSource, TextSource] | readonly TextSource[];

const MAX_CHARACTERS = 1000;

/**
 * Reads pairs as they come, in memory that does not grow with the files. Bad lines are counted in `report` by reason
 * and with the numbers of the first few; empty lines are passed over.
 *
 * @throws {FormatError} at the end, when there was not a single pair; and for a gzip file that is damaged
 */
export async function* readPairs(files: PairFiles, options: ReadOptions = {}): AsyncGenerator<NumberedPair> {
  for await (const block of readPairBlocks(files, options)) yield* block;
}

/** Reads all pairs at once, for files that fit into memory. */
export async function loadPairs(
  files: PairFiles,
  options: ReadOptions = {},
): Promise<{ pairs: NumberedPair[]; report: DataReport }> {
  const report = options.report ?? new DataReport();
  const pairs: NumberedPair[] = [];
  for await (const block of readPairBlocks(files, { ...options, report })) for (const pair of block) pairs.push(pair);
  return { pairs, report };
}

/** The same in blocks of as many pairs as one piece of the file held: several times as fast as one by one. */
export async function* readPairBlocks(files: PairFiles, options: ReadOptions = {}): AsyncGenerator<NumberedPair[]> {
  const [first, second, ...more] = 'open' in files ? [files] : files;
  if (first === undefined || more.length > 0) {
    const count = 'open' in files ? 1 : files.length;
    throw new ArgumentError(`readPairs: ${count} files. Expected one file of pairs, or two of parallel lines.`);
  }
  const report = options.report ?? new DataReport();
  const take = taker(report, options.maxCharacters ?? MAX_CHARACTERS);
  report.names = second === undefined ? [first.name] : [first.name, second.name];
  if (second === undefined) yield* readOne(first, options, report, take);
  else yield* readTwo(first, second, options, report, take);
  if (report.kept === 0) throw nothing(report, options);
}

type Take = (parsed: Parsed | BadLine, line: number) => NumberedPair | null;

/** Counts a line; gives it back when it is a pair. */
function taker(report: DataReport, maxCharacters: number): Take {
  return (parsed, line) => {
    report.lines++;
    if (parsed === null) report.skipped++;
    else if (typeof parsed === 'string') report.addBad(parsed, line);
    else if ('fault' in parsed) report.addBad(parsed.fault, line);
    else {
      const [source, target] = [parsed.source.trim(), parsed.target.trim()];
      if (source === '' || target === '') report.addBad('emptySide', line);
      else if (source.length > maxCharacters || target.length > maxCharacters) report.addBad('tooLong', line);
      else {
        report.kept++;
        return { source: alone(source), target: alone(target), line };
      }
    }
    return null;
  };
}

/**
 * A copy that stands alone. A part of a string keeps the whole in memory, here a piece of the file: a program that keeps
 * one sentence in a thousand would keep the file.
 */
const alone = (text: string): string => ` ${text}`.slice(1);

async function* readOne(
  file: TextSource,
  options: ReadOptions,
  report: DataReport,
  take: Take,
): AsyncGenerator<NumberedPair[]> {
  const { columns, keys, objects } = options;
  let format = options.format ?? (keys ? 'jsonl' : columns ? 'tsv' : formatOfName(file.name));
  let parse: LineParser | null = null;
  for await (const { first, lines } of readLineBlocks(readBytes(file), options.maxLineBytes ?? MAX_LINE_BYTES)) {
    const pairs: NumberedPair[] = [];
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      let parsed: Parsed | BadLine;
      if (typeof line !== 'string') parsed = line;
      else if (line.trim() === '') parsed = null;
      else {
        if (parse === null) {
          format ??= formatOfLine(line);
          parse = format === 'jsonl' ? jsonlParser(keys, objects) : tsvParser(file.name, columns);
          report.format = format;
        }
        parsed = parse(line);
      }
      const pair = take(parsed, first + i);
      if (pair !== null) pairs.push(pair);
    }
    if (pairs.length > 0) yield pairs;
  }
}

async function* readTwo(
  source: TextSource,
  target: TextSource,
  options: ReadOptions,
  report: DataReport,
  take: Take,
): AsyncGenerator<NumberedPair[]> {
  report.format = 'parallel';
  const maxBytes = options.maxLineBytes ?? MAX_LINE_BYTES;
  const sources = new LineQueue(readLineBlocks(readBytes(source), maxBytes));
  const targets = new LineQueue(readLineBlocks(readBytes(target), maxBytes));
  try {
    let line = 1;
    for (;;) {
      const [n, m] = await Promise.all([sources.fill(), targets.fill()]);
      if (n === 0 && m === 0) break;
      const pairs: NumberedPair[] = [];
      if (n === 0 || m === 0) {
        // one has ended: the rest of the other stands alone
        const longer = n === 0 ? targets : sources;
        for (let i = n + m; i > 0; i--) {
          const text = longer.next();
          take(typeof text === 'string' && text.trim() === '' ? null : 'noPartner', line++);
        }
      }
      for (let i = Math.min(n, m); i > 0; i--) {
        const pair = take(together(sources.next(), targets.next()), line++);
        if (pair !== null) pairs.push(pair);
      }
      if (pairs.length > 0) yield pairs;
    }
    // an empty line more at the end is no reason to worry
    if (report.bad.noPartner) report.lengths = [sources.taken, targets.taken];
  } finally {
    await Promise.all([sources.close(), targets.close()]);
  }
}

/** Two lines that belong together; a pair of empty ones is nothing to speak of. */
function together(source: string | BadLine, target: string | BadLine): Parsed | BadLine {
  if (typeof source !== 'string') return source;
  if (typeof target !== 'string') return target;
  return source.trim() === '' && target.trim() === '' ? null : { source, target };
}

/** Lines of one file, taken one by one from the blocks they come in. */
class LineQueue {
  /** Lines given so far. */
  taken = 0;
  readonly #blocks: AsyncGenerator<LineBlock>;
  #lines: LineBlock['lines'] = [];
  #at = 0;

  constructor(blocks: AsyncGenerator<LineBlock>) {
    this.#blocks = blocks;
  }

  /** How many lines there are to take now; none only at the end of the file. */
  async fill(): Promise<number> {
    while (this.#at >= this.#lines.length) {
      const { done, value } = await this.#blocks.next();
      if (done) return 0;
      this.#lines = value.lines;
      this.#at = 0;
    }
    return this.#lines.length - this.#at;
  }

  next(): string | BadLine {
    this.taken++;
    return this.#lines[this.#at++]!;
  }

  async close(): Promise<void> {
    await this.#blocks.return(undefined);
  }
}

/** What to say when nothing was a pair, with what to do about the usual reason. */
function nothing(report: DataReport, { objects }: ReadOptions): FormatError {
  if (report.lines === report.skipped) {
    return new FormatError(`${report.names.join(', ')}: no sentence pairs. Expected at least one.`);
  }
  const { invalidUtf8, noTab, badJson, missingKey } = report.bad;
  const most = (bad: { count: number } | undefined): boolean => (bad?.count ?? 0) * 2 > report.badTotal;
  let advice = 'Expected source, tab, target on each line; JSON lines; or two files of parallel lines.';
  if (most(invalidUtf8)) advice = 'Convert the file to UTF-8; Chinese text is often in GB18030, or in UTF-16.';
  else if (most(noTab)) advice = 'Expected source, tab, target on each line.';
  else if (most(badJson)) advice = 'Expected one JSON object on each line.';
  else if (most(missingKey) && objects) advice = `Expected on each line one of ${objects.expected}.`;
  else if (most(missingKey)) advice = "Name the keys of both texts: keys: ['translation.en', 'translation.zh'].";
  return new FormatError(`${report.names.join(', ')}: no sentence pairs. ${report.text('en')} ${advice}`);
}
