import { toByteCharacters } from './bytes.ts';
import { lowerCase, SPACE, trimEnd, trimStart } from './characters.ts';
import type { Fields } from './format.ts';
import { precompiled } from './precompiled.ts';
import { readPattern, replace } from './split.ts';

/** Makes one spelling of many. */
export type Normalizer = (text: string) => string;

/** Normalizers by the type that `tokenizer.json` names. */
const NORMALIZERS: Readonly<Record<string, (step: Fields) => Normalizer>> = {
  NFC: () => (text) => text.normalize('NFC'),
  NFD: () => (text) => text.normalize('NFD'),
  NFKC: () => (text) => text.normalize('NFKC'),
  NFKD: () => (text) => text.normalize('NFKD'),
  Lowercase: () => lowerCase,
  // marks only: an accent that is one character with its letter needs NFD before
  StripAccents: () => (text) => text.replace(/\p{M}/gu, ''),
  Strip: (step) => {
    const left = step.boolean('strip_left', true);
    const right = step.boolean('strip_right', true);
    return (text) => {
      const cut = left ? trimStart(text) : text;
      return right ? trimEnd(cut) : cut;
    };
  },
  Replace: (step) => {
    const pattern = readPattern(step);
    const content = step.string('content');
    return (text) => replace(text, pattern, content);
  },
  Prepend: (step) => {
    const prefix = step.string('prepend');
    return (text) => (text === '' ? '' : prefix + text);
  },
  ByteLevel: () => toByteCharacters,
  BertNormalizer: bert,
  Nmt: () => nmt,
  Precompiled: (step) => precompiled(step.optional('precompiled_charsmap'), step.path),
  Sequence: (step) => {
    const steps = step.steps('normalizers').map(readNormalizer);
    return (text) => steps.reduce((t, normalize) => normalize(t), text);
  },
};

/** @throws {FormatError} for a type that is not supported */
export function readNormalizer(step: Fields): Normalizer {
  if (!Object.hasOwn(NORMALIZERS, step.type)) throw step.unsupported('normalizer', Object.keys(NORMALIZERS));
  return NORMALIZERS[step.type]!(step);
}

/** CJK ideographs as BERT counts them. */
const IDEOGRAPHS =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;
const UNSEEN = /(?![\t\n\r])[\0\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const WHITE = new RegExp(`[${SPACE}]`, 'gu');

/** Source: BERT's `BasicTokenizer` (Devlin et al. 2019): control characters go, ideographs stand alone, accents and case go. */
function bert(step: Fields): Normalizer {
  const clean = step.boolean('clean_text', true);
  const chinese = step.boolean('handle_chinese_chars', true);
  const lower = step.boolean('lowercase', true);
  const strip = step.boolean('strip_accents', lower);
  return (text) => {
    let t = text;
    if (clean) t = t.replace(UNSEEN, '').replace(WHITE, ' ');
    if (chinese) t = t.replace(IDEOGRAPHS, ' $& ');
    if (strip) t = t.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lower ? lowerCase(t) : t;
  };
}

/** Source: SentencePiece's rules for machine translation (`nmt_nfkc` without the NFKC). */
const nmt: Normalizer = (text) =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
    .replace(/[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g, '')
    .replace(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g, ' ');
