/** What reading found: how many lines were pairs, which were not and why, which characters nobody had seen. */

import type { Language } from '../../language/language.ts';
import {
  BAD_REASONS,
  type BadLines,
  type BadReason,
  type FormatName,
  type ReportFacts,
  type UnknownPiece,
} from './facts.ts';
import { reportText, unknownText } from './reportText.ts';

const FIRST_LINES = 5;
const FIRST_LINES_OF_PIECE = 3;
/** Different unknown pieces counted by name; those beyond only add to the total. */
const MOST_UNKNOWN = 10_000;

/**
 * The report of one reading: give it to `readPairs` and `encodePairs`, look at it when they are done.
 */
export class DataReport implements ReportFacts {
  names: readonly string[] = [];
  format: FormatName | null = null;
  lines = 0;
  kept = 0;
  skipped = 0;
  lengths: readonly [number, number] | null = null;
  unknownTotal = 0;
  readonly #bad = new Map<BadReason, { count: number; readonly lines: number[] }>();
  readonly #unknown = new Map<string, { count: number; readonly lines: number[] }>();

  get bad(): Readonly<Partial<Record<BadReason, BadLines>>> {
    const bad: Partial<Record<BadReason, BadLines>> = {};
    for (const reason of BAD_REASONS) {
      const found = this.#bad.get(reason);
      if (found) bad[reason] = found;
    }
    return bad;
  }

  get badTotal(): number {
    let total = 0;
    for (const { count } of this.#bad.values()) total += count;
    return total;
  }

  get unknown(): UnknownPiece[] {
    const pieces = Array.from(this.#unknown, ([piece, { count, lines }]) => ({ piece, count, lines }));
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

  /** Counts pieces that became `<unk>`, on a line of the file where they came from one. */
  addUnknown(pieces: Iterable<string>, line: number | null = null): void {
    for (const piece of pieces) {
      this.unknownTotal++;
      let found = this.#unknown.get(piece);
      if (found === undefined) {
        if (this.#unknown.size >= MOST_UNKNOWN) continue;
        this.#unknown.set(piece, (found = { count: 0, lines: [] }));
      }
      found.count++;
      const { lines } = found;
      if (line !== null && lines.length < FIRST_LINES_OF_PIECE && lines.at(-1) !== line) lines.push(line);
    }
  }

  /** One paragraph for people. */
  text(language: Language = 'en'): string {
    return reportText(this, language);
  }

  /** The unknown pieces alone, as the paragraph names them. */
  unknownText(language: Language = 'en'): string {
    return unknownText(this, language);
  }

  toJSON(): Record<string, unknown> {
    const { names, format, lines, kept, skipped, bad, lengths, unknownTotal, unknown } = this;
    return { names, format, lines, kept, skipped, bad, lengths, unknownTotal, unknown };
  }
}
