/** Bytes to lines: LF or CRLF, strict UTF-8 line by line, in memory that does not grow with the file. */

/** Why a line has no text. */
export type LineFault = 'invalidUtf8' | 'tooLong';

/** A line that could not be read. */
export interface BadLine {
  readonly fault: LineFault;
}

/** Lines that stand one after another, as many as one piece of bytes held. */
export interface LineBlock {
  /** The number of the first of them, counted from 1. */
  readonly first: number;
  readonly lines: readonly (string | BadLine)[];
}

const INVALID: BadLine = { fault: 'invalidUtf8' };
const TOO_LONG: BadLine = { fault: 'tooLong' };
const LF = 0x0a;

/** Longer lines are passed over without being kept. 1 MiB. */
export const MAX_LINE_BYTES = 1 << 20;

/**
 * Cuts bytes into lines. A line ends with LF or CRLF; the last one may go without. A byte order mark is dropped. A line
 * that is no UTF-8, or holds a NUL character (so does UTF-16 read as UTF-8), or has more than `maxBytes` bytes, is given
 * as a {@link BadLine}; the lines after it are read as ever. How the bytes were cut into pieces makes no difference.
 */
export async function* readLineBlocks(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<LineBlock> {
  let first = 1;
  let begun: Uint8Array[] = [];
  let length = 0;
  // in a line that is too long: nothing of it is kept
  let passing = false;

  const block = (lines: (string | BadLine)[]): LineBlock => {
    if (first === 1 && typeof lines[0] === 'string' && lines[0].startsWith('\ufeff')) lines[0] = lines[0].slice(1);
    const result = { first, lines };
    first += lines.length;
    return result;
  };

  for await (const chunk of bytes) {
    let rest = chunk;
    if (passing) {
      const end = chunk.indexOf(LF);
      if (end < 0) continue;
      passing = false;
      yield block([TOO_LONG]);
      rest = chunk.subarray(end + 1);
    }
    const last = rest.lastIndexOf(LF);
    if (last >= 0) {
      const whole = rest.subarray(0, last);
      yield block(decodeLines(begun.length > 0 ? concat([...begun, whole]) : whole, maxBytes));
      begun = [];
      length = 0;
      rest = rest.subarray(last + 1);
    }
    if (rest.length === 0) continue;
    length += rest.length;
    if (length > maxBytes) {
      passing = true;
      begun = [];
      length = 0;
    } else {
      // a copy: whoever gave the piece may use its memory again
      begun.push(rest.slice());
    }
  }
  if (passing) yield block([TOO_LONG]);
  else if (length > 0) yield block(decodeLines(concat(begun), maxBytes));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Null for anything but UTF-8. */
function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Whole lines, the last without its LF. All at once, and one by one only where something is wrong with them. */
function decodeLines(bytes: Uint8Array, maxBytes: number): (string | BadLine)[] {
  const text = decode(bytes);
  if (text !== null && !text.includes('\0')) {
    const lines: (string | BadLine)[] = text.split('\n');
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as string;
      // a character has at most three bytes for each of its UTF-16 code units
      if (line.length * 3 > maxBytes && encoder.encode(line).length > maxBytes) lines[i] = TOO_LONG;
      else if (line.endsWith('\r')) lines[i] = line.slice(0, -1);
    }
    return lines;
  }
  const lines: (string | BadLine)[] = [];
  for (let at = 0; at <= bytes.length; ) {
    const end = bytes.indexOf(LF, at);
    const line = bytes.subarray(at, end < 0 ? bytes.length : end);
    lines.push(line.length > maxBytes ? TOO_LONG : decodeLine(line));
    if (end < 0) break;
    at = end + 1;
  }
  return lines;
}

function decodeLine(bytes: Uint8Array): string | BadLine {
  const line = decode(bytes);
  if (line === null || line.includes('\0')) return INVALID;
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
