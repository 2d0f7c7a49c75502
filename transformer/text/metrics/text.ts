/** White space of sacreBLEU, which is Python's: Unicode White_Space and the four information separators. */
const SPACES = String.raw`[\p{White_Space}\x1c-\x1f]+`;
const spaces = new RegExp(SPACES, 'gu');
const leading = new RegExp(`^${SPACES}`, 'u');
const trailing = new RegExp(`${SPACES}$`, 'u');

/** `text` without white space at its end. */
export const stripEnd = (text: string): string => text.replace(trailing, '');

/** `text` without white space at both ends. */
export const strip = (text: string): string => stripEnd(text).replace(leading, '');

/** `text` without any white space. */
export const withoutSpaces = (text: string): string => text.replace(spaces, '');

/** What lies between white space; nothing for a blank text. */
export const splitWords = (text: string): string[] => text.split(spaces).filter((word) => word !== '');
