/** What a terminal can show, and how wide text stands in it. */
import { wantsWhite } from '../../view/viridis.ts';

/** How many colours may be used: none, the 256 of xterm, or all. */
export type Colours = 'none' | '256' | 'all';

/** A stream as far as drawing needs to know it. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  getColorDepth?(): number;
}

/** Width to draw in where nobody tells. */
const DEFAULT_COLUMNS = 80;

/** Node's rules decide: NO_COLOR, FORCE_COLOR, COLORTERM and TERM; no colours where the stream is no terminal. */
export function coloursOf(screen: Screen): Colours {
  const depth = screen.isTTY ? (screen.getColorDepth?.() ?? 1) : 1;
  return depth >= 24 ? 'all' : depth >= 8 ? '256' : 'none';
}

/** Columns of the terminal; at least 20, so that nothing is drawn in no room at all. */
export const columnsOf = (screen: Screen): number => Math.max(20, screen.columns || DEFAULT_COLUMNS);

/** A bar that is drawn over belongs on a terminal a person watches, not into the log of a build. */
export const isInteractive = (screen: Screen, env: NodeJS.ProcessEnv = process.env): boolean =>
  screen.isTTY === true && !env['CI'] && env['TERM'] !== 'dumb';

const MARKS = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Blocks that terminals draw two columns wide: Unicode Standard Annex 11, East Asian Wide and Fullwidth. */
const WIDE: readonly (readonly [from: number, to: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** Columns a text takes: two for a Chinese character, none for a combining mark. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x20 || MARKS.test(character)) continue;
    width += WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
  }
  return width;
}

/** Fills `text` up with spaces to `width` columns. */
export function pad(text: string, width: number, side: 'left' | 'right' | 'both' = 'right'): string {
  const gap = Math.max(0, width - widthOf(text));
  const before = side === 'left' ? gap : side === 'both' ? gap >> 1 : 0;
  return ' '.repeat(before) + text + ' '.repeat(gap - before);
}

/** A tokenizer of bytes can write the end of a line; where a line is a sentence it becomes a space. */
export const onOneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');

/** `text` in at most `width` columns; what is cut off is an ellipsis. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Rows with aligned columns, two spaces between them. */
export function alignRows(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  return rows.map((row) =>
    row
      .map((cell, i) => pad(cell, widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

const ESCAPE = '\u001b[';

/** `text` between an escape sequence and the one that ends it, where colours are allowed. */
const styled = (on: string, off: string) => (text: string, colours: Colours) =>
  colours === 'none' ? text : `${ESCAPE}${on}m${text}${ESCAPE}${off}m`;

export const bold = styled('1', '22');
export const dim = styled('2', '22');
export const green = styled('32', '39');
export const red = styled('31', '39');

/** `text` on a background of (r, g, b), each 0 to 255, in black or white, whichever reads better. */
export function onBackground(text: string, rgb: readonly [number, number, number], colours: Colours): string {
  if (colours === 'none') return text;
  const [r, g, b] = rgb;
  const dark = wantsWhite(rgb);
  if (colours === 'all') {
    const ink = dark ? '255;255;255' : '0;0;0';
    return `${ESCAPE}48;2;${r};${g};${b};38;2;${ink}m${text}${ESCAPE}0m`;
  }
  // The cube of 6 × 6 × 6 colours begins at 16; 231 is its white and 16 its black.
  const level = (v: number): number => (v < 48 ? 0 : v < 115 ? 1 : Math.min(5, Math.round((v - 55) / 40)));
  const index = 16 + 36 * level(r) + 6 * level(g) + level(b);
  return `${ESCAPE}48;5;${index};38;5;${dark ? 231 : 16}m${text}${ESCAPE}0m`;
}
