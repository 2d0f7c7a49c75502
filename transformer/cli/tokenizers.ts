import { ArgumentError } from '../../engine/index.ts';
import type { Pair } from '../data/batches.ts';
import { isUnspaced } from '../evaluate/index.ts';
import { Tokenizer, type TokenizerKind } from '../tokenizer/index.ts';

/** A word that occurs once in a large text is seldom worth a row of the embedding. */
const LARGE_TEXT = 5000;

/** Tokenizers for both sides: words, but characters for a language that is written without spaces. */
export function buildTokenizers(pairs: readonly Pair[]): { source: Tokenizer; target: Tokenizer } {
  if (pairs.length === 0) throw new ArgumentError('buildTokenizers: no sentence pairs.');
  const build = (texts: readonly string[]): Tokenizer => {
    const kind: TokenizerKind = isUnspaced(texts) ? 'characters' : 'words';
    const rare = kind === 'words' && texts.length > LARGE_TEXT && distinctWords(texts) > LARGE_TEXT;
    return Tokenizer.build(kind, texts, { minCount: rare ? 2 : 1 });
  };
  return { source: build(pairs.map((p) => p.source)), target: build(pairs.map((p) => p.target)) };
}

const distinctWords = (texts: readonly string[]): number => new Set(texts.flatMap((t) => t.split(/\s+/))).size;

/**
 * Whether a translation is one of those expected. It is compared with what the tokenizer leaves of a reference (capitals
 * and spaces, where it does not keep them); a reference with unknown tokens cannot be met.
 */
export function isRight(output: string, references: readonly string[], target: Tokenizer): boolean {
  return references.some((reference) => {
    const ids = target.encode(reference);
    const { unk } = target.special;
    return (unk === null || !ids.includes(unk)) && target.decode(ids) === output;
  });
}
