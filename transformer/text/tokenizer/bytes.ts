/**
 * Bytes as visible characters, so that a vocabulary of byte strings can be written as text.
 *
 * Source: GPT-2's `bytes_to_unicode` (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"):
 * printable Latin-1 characters stand for themselves, the other 68 bytes for the characters from U+0100 on, in order.
 */
const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

/** The character that stands for each byte. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

const BYTE_OF: ReadonlyMap<string, number> = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

const encoder = new TextEncoder();
// a byte order mark is text like any other
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Text of bytes; what is no UTF-8 becomes U+FFFD. */
export const fromUtf8 = (bytes: readonly number[]): string => decoder.decode(Uint8Array.from(bytes));

/** Text of bytes; null where they are no UTF-8. */
export function tryUtf8(bytes: readonly number[]): string | null {
  try {
    return strict.decode(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}

/** One character for each byte of the text's UTF-8. */
export function toByteCharacters(text: string): string {
  let result = '';
  for (const byte of utf8(text)) result += BYTE_CHARACTERS[byte];
  return result;
}

/** The bytes that a token stands for; a token with any other character stands for itself. */
export function tokenBytes(token: string): readonly number[] {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTE_OF.get(character);
    if (byte === undefined) return [...utf8(token)];
    bytes.push(byte);
  }
  return bytes;
}

/** The token that stands for a byte where a vocabulary falls back to bytes: `<0x0A>`. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** The byte of `<0x0A>`; null for any other token. */
export const byteOf = (token: string): number | null =>
  /^<0x[0-9A-Fa-f]{2}>$/.test(token) ? Number.parseInt(token.slice(3, 5), 16) : null;
