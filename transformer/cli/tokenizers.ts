import { ArgumentError } from '../../engine/index.ts';
import type { Pair } from '../data/batches.ts';
import { isUnspaced } from '../evaluate/index.ts';
import { exactly, type Task } from '../tasks/task.ts';
import { Tokenizer, type TokenizerKind } from '../tokenizer/index.ts';

/** A word that occurs once in a large text is seldom worth a row of the embedding. */
const LARGE_TEXT = 5000;

/** Tokenizers for both sides, of the kinds asked for; else words, but characters for a language written without spaces. */
export function buildTokenizers(
  pairs: readonly Pair[],
  kinds: Task['tokenizers'] = null,
): { source: Tokenizer; target: Tokenizer } {
  if (pairs.length === 0) throw new ArgumentError('buildTokenizers: no sentence pairs.');
  const build = (side: 'source' | 'target'): Tokenizer => {
    const texts = pairs.map((pair) => pair[side]);
    const kind: TokenizerKind = kinds?.[side] ?? (isUnspaced(texts) ? 'characters' : 'words');
    const rare = kind === 'words' && texts.length > LARGE_TEXT && distinctWords(texts) > LARGE_TEXT;
    return Tokenizer.build(kind, texts, rare ? { minCount: 2 } : {});
  };
  return { source: build('source'), target: build('target') };
}

const distinctWords = (texts: readonly string[]): number => new Set(texts.flatMap((t) => t.split(/\s+/))).size;

/**
 * Whether an output is one of those expected, as the task compares them. It is compared with what the tokenizer leaves of a
 * reference (capitals and spaces, where it does not keep them); a reference with unknown tokens cannot be met.
 */
export function isRight(
  output: string,
  references: readonly string[],
  target: Tokenizer,
  same: Task['isRight'] = exactly,
): boolean {
  return references.some((reference) => {
    const ids = target.encode(reference);
    const { unk } = target.special;
    return (unk === null || !ids.includes(unk)) && same(output, target.decode(ids));
  });
}
