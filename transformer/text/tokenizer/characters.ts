/**
 * Classes of characters, as bodies of a class in a `u` or `v` regular expression. White space, words and digits are
 * Unicode's, as the format means them: JavaScript's own `\s`, `\w` and `\d` are other sets.
 */
export const SPACE = '\\p{White_Space}';
export const DIGIT = '\\p{Nd}';
export const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
/** Unicode's punctuation and all of ASCII's, `$` and `+` too. */
export const PUNCTUATION = '\\p{P}\\u0021-\\u002F\\u003A-\\u0040\\u005B-\\u0060\\u007B-\\u007E';

const leading = new RegExp(`^[${SPACE}]+`, 'u');
const trailing = new RegExp(`[${SPACE}]+$`, 'u');

export const trimStart = (text: string): string => text.replace(leading, '');
export const trimEnd = (text: string): string => text.replace(trailing, '');

/** A pattern that matches a string as it is. */
export const escaped = (text: string): string => text.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&');

/**
 * Lower case, character by character: Σ is σ at the end of a word too, as in the reference implementation of the format
 * (`String.toLowerCase` makes it ς).
 */
export const lowerCase = (text: string): string =>
  text.includes('Σ')
    ? text
        .split('Σ')
        .map((part) => part.toLowerCase())
        .join('σ')
    : text.toLowerCase();
