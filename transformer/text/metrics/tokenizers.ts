import { splitWords, strip } from './text.ts';

/** How BLEU cuts a sentence into words: mteval-v13a, Chinese by characters, or at white space alone. */
export type BleuTokenizer = '13a' | 'zh' | 'none';

/** ASCII punctuation that is a word by itself everywhere: all of it but `'`, `,`, `-` and `.`. */
const PUNCTUATION = /[!-&(-+/:-@[-`{-~]/g;

/**
 * The steps 13a and zh share. A period or comma stays inside a number only, a dash is cut off behind a digit. The
 * order of the steps matters: `..5` comes apart in the first of the two for periods, `5..` in the second.
 */
const cutWestern = (text: string): string[] =>
  splitWords(
    text
      .replace(PUNCTUATION, ' $& ')
      .replace(/([^0-9])([.,])/gu, '$1 $2 ')
      .replace(/([.,])([^0-9])/gu, ' $1 $2')
      .replace(/([0-9])-/g, '$1 - '),
  );

/** The entities of mteval's SGML files, in the order in which they are resolved: `&amp;lt;` becomes `<`. */
const ENTITIES = [
  ['&quot;', '"'],
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
] as const;

function cut13a(text: string): string[] {
  // a dash at the end of a line joins the halves of a word
  const line = text.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' ');
  const plain = ENTITIES.reduce((t, [entity, character]) => t.replaceAll(entity, character), line);
  // the blanks let the rules for periods see the two ends
  return cutWestern(` ${plain} `);
}

/**
 * Code points that are words of their own in the zh tokenizer, first and last of each range.
 *
 * U+2001–U+2A6D is general punctuation, arrows, mathematics and symbols: sacreBLEU means CJK extension B there, but
 * writes U+20000–U+2A6D6 with four hexadecimal digits, so that a fifth one stands as a letter behind. Every published
 * score has it so (“ and … are words, extension B is not cut), and so has this one.
 */
const CHINESE: readonly (readonly [first: number, last: number])[] = [
  [0x2001, 0x2a6d],
  [0x2e80, 0x2fdf], // radicals: supplement, Kangxi
  [0x2ff0, 0x303f], // description characters, CJK punctuation
  [0x3100, 0x312f], // Bopomofo
  [0x31a0, 0x31bf], // Bopomofo extended
  [0x31c0, 0x31ef], // strokes
  [0x3200, 0x33ff], // enclosed letters and months, compatibility
  [0x3400, 0x4db5], // ideographs, extension A
  [0x4e00, 0x9fbb], // ideographs
  [0xf900, 0xfa2d], // compatibility ideographs
  [0xfa30, 0xfa6a],
  [0xfa70, 0xfad9],
  [0xfe10, 0xfe1f], // vertical forms
  [0xfe30, 0xfe4f], // compatibility forms
  [0xff00, 0xffef], // full width and half width forms
];

const hex = (code: number): string => `\\u{${code.toString(16)}}`;
const chinese = new RegExp(`[${CHINESE.map(([first, last]) => `${hex(first)}-${hex(last)}`).join('')}]`, 'gu');

/** Every tokenizer by its name in signatures. */
export const tokenizers: Readonly<Record<BleuTokenizer, (text: string) => string[]>> = {
  '13a': cut13a,
  zh: (text) => cutWestern(strip(text).replace(chinese, ' $& ')),
  none: splitWords,
};
