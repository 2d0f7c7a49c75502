import { ArgumentError, FormatError } from '../../engine/index.ts';
import { BYTE_CHARACTERS } from './bytes.ts';
import { Fields, type TokenizerFile } from './format.ts';
import { readNormalizer } from './normalizers.ts';
import { type MergeProgress, pairTraining } from './pairTraining.ts';
import { readPreTokenizer } from './preTokenizers.ts';
import { KINDS, lowerCased, pairModel, recipe, type TokenizerKind, wordLevelModel } from './recipes.ts';
import { SPECIAL, UNK } from './special.ts';

export interface BuildOptions {
  /** Words, characters or pairs seen less often are left out. Default: 1; 2 for pairs. */
  readonly minCount?: number;
  /** Tokens of the vocabulary at most. Default: 8000 for pairs, no limit for words and characters. */
  readonly size?: number;
  /** Whether text is read in lower case, and so written. Default: words are, all else is not. */
  readonly lowerCase?: boolean;
}

const PAIR_SIZE = 8000;

/** The file of a tokenizer for `texts`; the same texts always give the same file. Yields while pairs are learnt. */
export function* buildingFile(
  kind: TokenizerKind,
  texts: Iterable<string>,
  options: BuildOptions = {},
): Generator<MergeProgress, TokenizerFile, void> {
  if (!KINDS.includes(kind)) {
    throw new ArgumentError(
      `Tokenizer: kind ${JSON.stringify(kind)}, expected ${KINDS.map((k) => `'${k}'`).join(', ')}.`,
    );
  }
  const { size, minCount, lowerCase = lowerCased(kind) } = options;
  const counts = countPieces(recipe(kind, {}, lowerCase), texts);
  if (kind === 'words' || kind === 'characters') {
    const kept = [...counts].filter(([, n]) => n >= (minCount ?? 1));
    // equal counts in code-point order: the same texts always give the same ids
    kept.sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    const room = Math.max(0, (size ?? Number.POSITIVE_INFINITY) - SPECIAL.length);
    return recipe(kind, wordLevelModel([...SPECIAL, ...kept.slice(0, room).map(([token]) => token)]), lowerCase);
  }
  const bytes = kind === 'bytePairs';
  const { vocabulary, merges } = yield* pairTraining(counts, {
    size: size ?? PAIR_SIZE,
    minCount: minCount ?? 2,
    special: SPECIAL,
    alphabet: bytes ? BYTE_CHARACTERS : [],
  });
  return recipe(kind, pairModel(vocabulary, merges, bytes ? null : SPECIAL[UNK]), lowerCase);
}

/** How often each piece that the model would see is in the texts. */
function countPieces(file: TokenizerFile, texts: Iterable<string>): Map<string, number> {
  const normalize = file.normalizer ? readNormalizer(new Fields(file.normalizer, 'normalizer')) : (t: string) => t;
  const cut = readPreTokenizer(new Fields(file.pre_tokenizer, 'pre_tokenizer'));
  const counts = new Map<string, number>();
  for (const text of texts) {
    const normal = normalize(text);
    if (normal === '') continue;
    for (const piece of cut({ text: normal, first: true })) {
      counts.set(piece.text, (counts.get(piece.text) ?? 0) + 1);
    }
  }
  return counts;
}

/**
 * The file for `{ kind, vocabulary }`, as tokenizers were saved before; null for JSON of another form.
 *
 * @throws {FormatError} for what is neither
 */
export function legacyFile(json: unknown, source: string): TokenizerFile | null {
  const { kind, vocabulary, model } = (json ?? {}) as { kind?: unknown; vocabulary?: unknown; model?: unknown };
  if (typeof model === 'object' && model !== null) return null;
  if (
    (kind !== 'words' && kind !== 'characters') ||
    !Array.isArray(vocabulary) ||
    vocabulary.some((t) => typeof t !== 'string') ||
    SPECIAL.some((t, i) => vocabulary[i] !== t)
  ) {
    throw new FormatError(
      `${source}: no tokenizer: expected a tokenizer.json of Hugging Face, or { kind: 'words' | 'characters', vocabulary: [${SPECIAL.join(', ')}, …] }.`,
    );
  }
  return recipe(kind, wordLevelModel(vocabulary as string[]));
}
