import { FormatError } from '../../../engine/index.ts';
import { fromUtf8, utf8 } from './bytes.ts';

/** Longest grapheme, in bytes, that is looked up whole. */
const LONGEST_GRAPHEME = 6;

/**
 * SentencePiece's compiled table of replacements: a double array trie over UTF-8 and the texts it points to, each ended
 * by a zero.
 *
 * Layout: uint32 size of the trie in bytes, then its units of 32 bits, then the texts. A unit holds in bits 0–7 the byte
 * that leads to it, in bit 8 whether a value follows, in bit 9 the scale and in bits 10–30 the offset of its children;
 * a unit with bit 31 is a value (darts-clone, S. Yata; Kudo & Richardson 2018, "SentencePiece").
 */
export function precompiled(base64: string | null, path: string): (text: string) => string {
  if (base64 === null) return (text) => text;
  const { units, texts } = decodeTable(base64, path);
  const replacement = (text: string): string | null => {
    const start = shortestPrefix(units, utf8(text));
    if (start === null) return null;
    const end = texts.indexOf(0, start);
    return fromUtf8([...texts.subarray(start, end < 0 ? texts.length : end)]);
  };
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return (text) => {
    let result = '';
    for (const { segment } of segmenter.segment(text)) {
      const whole = utf8(segment).length < LONGEST_GRAPHEME ? replacement(segment) : null;
      if (whole !== null) result += whole;
      else for (const character of segment) result += replacement(character) ?? character;
    }
    return result;
  };
}

function decodeTable(base64: string, path: string): { units: Uint32Array; texts: Uint8Array } {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  } catch {
    throw new FormatError(`${path}.precompiled_charsmap: no base64. The file was changed by hand or cut off.`);
  }
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) {
    throw new FormatError(
      `${path}.precompiled_charsmap: a trie of ${size} bytes in a table of ${bytes.length}. The file was cut off.`,
    );
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  return { units, texts: bytes.subarray(4 + size) };
}

/** The value of the shortest key that `key` begins with; null if there is none. */
function shortestPrefix(units: Uint32Array, key: Uint8Array): number | null {
  const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
  let place = offset(units[0]!);
  for (const byte of key) {
    if (byte === 0) return null;
    place ^= byte;
    const unit = units[place] ?? 0;
    if ((unit & 0x800000ff) >>> 0 !== byte) return null;
    place ^= offset(unit);
    if ((unit & 0x100) !== 0) return (units[place] ?? 0) & 0x7fffffff;
  }
  return null;
}
