/** What a report holds; the words for it and the counting of it are elsewhere. */

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
  /** Line numbers, from 1, of the first few; none where the text came from no file. */
  readonly lines: readonly number[];
}

/** How sentences stand in a file, or in two. */
export type FormatName = 'tsv' | 'jsonl' | 'parallel';

/** The facts of one reading. Always, `lines` = `kept` + `skipped` + all that is bad. */
export interface ReportFacts {
  /** The files that were read. */
  readonly names: readonly string[];
  readonly format: FormatName | null;
  /** Lines read; of two files, of the longer. */
  readonly lines: number;
  /** Pairs given on. */
  readonly kept: number;
  /** Empty lines, and the line of column names. */
  readonly skipped: number;
  /** By reason, in the order of {@link BAD_REASONS}; only what happened. */
  readonly bad: Readonly<Partial<Record<BadReason, BadLines>>>;
  /** Lines that are bad for any reason. */
  readonly badTotal: number;
  /** The number of lines of both files, where one goes on with text after the end of the other. */
  readonly lengths: readonly [number, number] | null;
  /** Pieces that became `<unk>`, all in all. */
  readonly unknownTotal: number;
  /** What became `<unk>`, the most frequent first. */
  readonly unknown: readonly UnknownPiece[];
}
