import { toByteCharacters } from './bytes.ts';
import { escaped, PUNCTUATION, SPACE, WORD } from './characters.ts';
import type { Fields } from './format.ts';
import { readBehavior, readPattern, split } from './split.ts';

/** A piece of a text; `first`: nothing of the text is before it. */
export interface Piece {
  readonly text: string;
  readonly first: boolean;
}

/** Cuts a piece into those that the model sees one by one. */
export type PreTokenizer = (piece: Piece) => Piece[];

const WHITE = new RegExp(`[${SPACE}]`, 'gu');
const MARKS = new RegExp(`[${PUNCTUATION}]`, 'gu');
// words with joiners in them stay whole
const WORDS = new RegExp(`[${WORD}\\u200C\\u200D]+|[^${WORD}\\u200C\\u200D${SPACE}]+`, 'gu');
/** GPT-2's words: a contraction, letters, digits or other characters with the space before them, white space. */
const GPT2 = new RegExp(
  `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`,
  'gu',
);

/** A step that only cuts: the first piece is first where it begins with the text. */
const cutting =
  (cut: (text: string) => string[]): PreTokenizer =>
  ({ text, first }) =>
    cut(text).map((piece, i) => ({ text: piece, first: first && i === 0 && text.startsWith(piece) }));

/** Pre-tokenizers by the type that `tokenizer.json` names. */
const PRE_TOKENIZERS: Readonly<Record<string, (step: Fields) => PreTokenizer>> = {
  ByteLevel: (step) => {
    const prefix = step.boolean('add_prefix_space', true);
    const words = step.boolean('use_regex', true);
    return ({ text, first }) => {
      const whole = prefix && !text.startsWith(' ') ? ` ${text}` : text;
      const pieces = words ? split(whole, GPT2, 'Isolated') : [whole];
      return pieces.map((piece, i) => ({ text: toByteCharacters(piece), first: first && i === 0 }));
    };
  },
  Whitespace: () => cutting((text) => split(text, WORDS, 'Removed', true)),
  WhitespaceSplit: () => cutting((text) => split(text, WHITE, 'Removed')),
  BertPreTokenizer: () =>
    cutting((text) => split(text, WHITE, 'Removed').flatMap((word) => split(word, MARKS, 'Isolated'))),
  Metaspace: metaspace,
  Split: (step) => {
    const pattern = readPattern(step);
    const behavior = readBehavior(step, 'Isolated');
    const invert = step.boolean('invert', false);
    return cutting((text) => split(text, pattern, behavior, invert));
  },
  Punctuation: (step) => {
    const behavior = readBehavior(step, 'Isolated');
    return cutting((text) => split(text, MARKS, behavior));
  },
  Digits: (step) => {
    const behavior = step.boolean('individual_digits', false) ? 'Isolated' : 'Contiguous';
    return cutting((text) => split(text, /\p{N}/gu, behavior));
  },
  CharDelimiterSplit: (step) => {
    const pattern = new RegExp(escaped(step.string('delimiter')), 'gu');
    return cutting((text) => split(text, pattern, 'Removed'));
  },
  FixedLength: (step) => {
    const pattern = new RegExp(`[\\s\\S]{1,${step.number('length', 5)}}`, 'gu');
    return cutting((text) => split(text, pattern, 'Isolated'));
  },
  Sequence: (step) => {
    const steps = step.steps('pretokenizers').map(readPreTokenizer);
    return (piece) => steps.reduce((pieces, cut) => pieces.flatMap(cut), [piece]);
  },
};

/** @throws {FormatError} for a type that is not supported */
export function readPreTokenizer(step: Fields): PreTokenizer {
  if (!Object.hasOwn(PRE_TOKENIZERS, step.type)) throw step.unsupported('pre-tokenizer', Object.keys(PRE_TOKENIZERS));
  return PRE_TOKENIZERS[step.type]!(step);
}

/** When a space is put before a text that has none. */
export type PrependScheme = 'always' | 'first' | 'never';

/** The scheme of a Metaspace step; older files only say whether to add a space at all. */
export function prependScheme(step: Fields): PrependScheme {
  const scheme = step.string('prepend_scheme', step.boolean('add_prefix_space', true) ? 'always' : 'never');
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') {
    throw step.wrong('prepend_scheme', scheme, "'always', 'first' or 'never'");
  }
  return scheme;
}

/** Source: SentencePiece (Kudo & Richardson 2018): a space is written ▁, before the word it parts from the last one. */
function metaspace(step: Fields): PreTokenizer {
  const replacement = step.string('replacement', '▁');
  const scheme = prependScheme(step);
  const words = step.boolean('split', true);
  const pattern = new RegExp(escaped(replacement), 'gu');
  return ({ text, first }) => {
    const marked = text.replaceAll(' ', () => replacement);
    const prepend = !marked.startsWith(replacement) && (scheme === 'always' || (scheme === 'first' && first));
    const whole = prepend ? replacement + marked : marked;
    const pieces = words ? split(whole, pattern, 'MergedWithNext') : [whole];
    return pieces.map((piece, i) => ({ text: piece, first: first && i === 0 }));
  };
}
