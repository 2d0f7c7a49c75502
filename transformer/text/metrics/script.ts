import type { References } from './segments.ts';
import type { BleuTokenizer } from './tokenizers.ts';

/** Chinese, Japanese and Thai put no spaces between words. */
export function isUnspaced(texts: readonly string[]): boolean {
  let unspaced = 0;
  let letters = 0;
  for (const text of texts.slice(0, 1000)) {
    unspaced += text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0;
    letters += text.match(/\p{L}/gu)?.length ?? 0;
  }
  return unspaced > letters / 2;
}

/** What BLEU counts in a language, by its references: characters where nothing separates words, else words as `13a` cuts them. */
export const bleuTokenizer = (references: readonly References[]): BleuTokenizer =>
  isUnspaced(references.flat()) ? 'zh' : '13a';
