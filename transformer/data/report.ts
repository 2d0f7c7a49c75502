/** What reading found: how many lines were pairs, which were not and why, which characters nobody had seen. */

import type { Language } from '../report/language.ts';
import { reportText } from './reportText.ts';

/** Why a line is no pair, in the order in which it is told. */
export const BAD_REASONS = [
  'invalidUtf8',
  'noTab',
  'badJson',
  'missingKey',
  'emptySide',
  'tooLong',
  'noPartner',
] as const;

/**
 * - `invalidUtf8`: bytes that are no UTF-8, or a NUL character
 * - `noTab`: fewer columns than asked for
 * - `badJson`: no JSON object
 * - `missingKey`: an object without one of the two keys, or with something else than a text there
 * - `emptySide`: one side has no text
 * - `tooLong`: more bytes, characters or tokens than allowed
 * - `noPartner`: a line of the longer of two files, beyond the end of the shorter
 */
export type BadReason = (typeof BAD_REASONS)[number];

/** How often something was wrong, and where first. */
export interface BadLines {
  readonly count: number;
  /** Line numbers, from 1, of the first few. */
  readonly lines: readonly number[];
}

/** A piece that no vocabulary holds: a character, or a word where words are tokens. */
export interface UnknownPiece {
  readonly piece: string;
  readonly count: number;
}

/** How sentences stand in a file, or in two. */
export type FormatName = 'tsv' | 'jsonl' | 'parallel';

const FIRST_LINES = 5;
/** Different unknown pieces counted by name; those beyond only add to the total. */
const MOST_UNKNOWN = 10_000;

/**
 * The report of one reading: give it to `readPairs` and `encodePairs`, look at it when they are done. Always,
 * `lines` = `kept` + `skipped` + all that is bad.
 */
export class DataReport {
  /** The files that were read. */
  names: readonly string[] = [];
  format: FormatName | null = null;
  /** Lines read; of two files, of the longer. */
  lines = 0;
  /** Pairs given on. */
  kept = 0;
  /** Empty lines, and the line of column names. */
  skipped = 0;
  /** The number of lines of both files, where one goes on with text after the end of the other. */
  lengths: readonly [number, number] | null = null;
  /** Pieces that became `<unk>`, all in all. */
  unknownTotal = 0;
  readonly #bad = new Map<BadReason, { count: number; readonly lines: number[] }>();
  readonly #unknown = new Map<string, number>();

  /** By reason, in the order of {@link BAD_REASONS}; only what happened. */
  get bad(): Readonly<Partial<Record<BadReason, BadLines>>> {
    const bad: Partial<Record<BadReason, BadLines>> = {};
    for (const reason of BAD_REASONS) {
      const found = this.#bad.get(reason);
      if (found) bad[reason] = found;
    }
    return bad;
  }

  /** Lines that are bad for any reason. */
  get badTotal(): number {
    let total = 0;
    for (const { count } of this.#bad.values()) total += count;
    return total;
  }

  /** What became `<unk>`, the most frequent first. */
  get unknown(): UnknownPiece[] {
    const pieces = Array.from(this.#unknown, ([piece, count]) => ({ piece, count }));
    return pieces.sort((a, b) => b.count - a.count || (a.piece < b.piece ? -1 : 1));
  }

  /** Counts a line that is no pair. */
  addBad(reason: BadReason, line: number): void {
    const found = this.#bad.get(reason);
    if (found === undefined) {
      this.#bad.set(reason, { count: 1, lines: [line] });
      return;
    }
    found.count++;
    if (found.lines.length < FIRST_LINES) found.lines.push(line);
  }

  /** Takes back a pair that was kept by the reader and turned out to be bad further on. */
  reject(reason: BadReason, line: number): void {
    this.kept--;
    this.addBad(reason, line);
  }

  /** Counts pieces that became `<unk>`. */
  addUnknown(pieces: Iterable<string>): void {
    for (const piece of pieces) {
      this.unknownTotal++;
      const count = this.#unknown.get(piece);
      if (count !== undefined || this.#unknown.size < MOST_UNKNOWN) this.#unknown.set(piece, (count ?? 0) + 1);
    }
  }

  /** One paragraph for people. */
  text(language: Language = 'en'): string {
    return reportText(this, language);
  }

  toJSON(): Record<string, unknown> {
    const { names, format, lines, kept, skipped, bad, lengths, unknownTotal, unknown } = this;
    return { names, format, lines, kept, skipped, bad, lengths, unknownTotal, unknown };
  }
}
