import { ArgumentError, FormatError } from '../../../engine/index.ts';
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
export function buildingFile(
  kind: TokenizerKind,
  texts: Iterable<string>,
  options: BuildOptions = {},
): Generator<MergeProgress, TokenizerFile, void> {
  const counts = new PieceCounts(kind, options);
  for (const text of texts) counts.add(text);
  return fileOf(counts, options);
}

/** The file of a tokenizer for the texts that were counted. */
export function* fileOf(
  { kind, counts, lowerCase }: PieceCounts,
  { size, minCount }: BuildOptions = {},
): Generator<MergeProgress, TokenizerFile, void> {
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

/** Different pieces that are counted at a time. */
const MOST_PIECES = 4_000_000;

/**
 * How often each piece that the model would see is in the texts, text after text. Memory grows with the different pieces,
 * not with the texts, and is bounded: when there are more than `most`, the rarest half at least is forgotten, so that of a
 * huge text rare pieces count too little. Source: Manku and Motwani 2002, "Approximate frequency counts over data streams".
 */
export class PieceCounts {
  readonly kind: TokenizerKind;
  readonly lowerCase: boolean;
  readonly counts = new Map<string, number>();
  readonly #most: number;
  readonly #normalize: (text: string) => string;
  readonly #cut: ReturnType<typeof readPreTokenizer>;

  constructor(kind: TokenizerKind, { lowerCase }: Pick<BuildOptions, 'lowerCase'> = {}, most: number = MOST_PIECES) {
    if (!KINDS.includes(kind)) {
      throw new ArgumentError(
        `Tokenizer: kind ${JSON.stringify(kind)}, expected ${KINDS.map((k) => `'${k}'`).join(', ')}.`,
      );
    }
    this.kind = kind;
    this.lowerCase = lowerCase ?? lowerCased(kind);
    const file = recipe(kind, {}, this.lowerCase);
    this.#most = most;
    this.#normalize = file.normalizer ? readNormalizer(new Fields(file.normalizer, 'normalizer')) : (text) => text;
    this.#cut = readPreTokenizer(new Fields(file.pre_tokenizer, 'pre_tokenizer'));
  }

  add(text: string): void {
    const normal = this.#normalize(text);
    if (normal === '') return;
    const { counts } = this;
    for (const piece of this.#cut({ text: normal, first: true })) {
      counts.set(piece.text, (counts.get(piece.text) ?? 0) + 1);
    }
    if (counts.size > this.#most) this.#forget();
  }

  #forget(): void {
    const { counts } = this;
    for (let rare = 1; counts.size > this.#most / 2; rare *= 2) {
      for (const [piece, n] of counts) if (n <= rare) counts.delete(piece);
    }
  }
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
