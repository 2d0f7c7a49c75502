import { addedToken } from './addedTokens.ts';
import type { StepConfig, TokenizerFile } from './format.ts';
import { EOS, SPECIAL } from './special.ts';

/**
 * How a tokenizer made here cuts text: into words and punctuation (in lower case unless told otherwise), into characters,
 * or into pairs merged by their frequency, of characters or of bytes. Bytes have no unknown text, and give back any text
 * as it was.
 */
export const KINDS = ['words', 'characters', 'characterPairs', 'bytePairs'] as const;
export type TokenizerKind = (typeof KINDS)[number];

const sequence = (name: string, ...steps: StepConfig[]): StepConfig => ({ type: 'Sequence', [name]: steps });
const cutAt = (pattern: string, behavior: string, invert: boolean): StepConfig => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior,
  invert,
});

/** One space for any white space, a byte order mark too, and none at the ends. */
const ONE_SPACE: readonly StepConfig[] = [
  { type: 'Replace', pattern: { Regex: '[\\s\\uFEFF]+' }, content: ' ' },
  { type: 'Strip', strip_left: true, strip_right: true },
];

type Recipe = Pick<TokenizerFile, 'normalizer' | 'pre_tokenizer' | 'decoder'>;

/** What is done to the text before it is cut, but for capitals. */
const NORMALIZERS: Readonly<Record<TokenizerKind, readonly StepConfig[]>> = {
  words: [{ type: 'NFC' }],
  characters: [{ type: 'NFC' }, ...ONE_SPACE],
  characterPairs: [{ type: 'NFC' }, ...ONE_SPACE],
  bytePairs: [],
};

const CUTS: Readonly<Record<TokenizerKind, Pick<TokenizerFile, 'pre_tokenizer' | 'decoder'>>> = {
  words: {
    // a run of letters, marks and digits (with inner apostrophes), or one other visible character
    pre_tokenizer: cutAt("[\\p{L}\\p{M}\\p{N}]+(?:['’]\\p{L}+)*|[^\\s\\uFEFF\\p{L}\\p{M}\\p{N}]", 'Removed', true),
    // a space before each word, not before . , ! ? ; : and not at the start
    decoder: sequence(
      'decoders',
      { type: 'Replace', pattern: { Regex: '^(?![.,!?;:])' }, content: ' ' },
      { type: 'Fuse' },
      { type: 'Strip', content: ' ', start: 1, stop: 0 },
    ),
  },
  characters: {
    // code points, so that no character is torn apart
    pre_tokenizer: cutAt('[\\s\\S]', 'Isolated', false),
    decoder: { type: 'Fuse' },
  },
  characterPairs: {
    // a word, a number or other characters, each with the ▁ that stands for the space before it
    pre_tokenizer: sequence(
      'pretokenizers',
      { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
      cutAt("▁?[\\p{L}\\p{M}]+(?:['’]\\p{L}+)*|▁?\\p{N}+|▁?[^▁\\p{L}\\p{M}\\p{N}]+", 'Isolated', false),
    ),
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  },
  bytePairs: {
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  },
};

/** Whether a kind reads text in lower case unless told. */
export const lowerCased = (kind: TokenizerKind): boolean => kind === 'words';

function recipeOf(kind: TokenizerKind, lowerCase: boolean): Recipe {
  // composed before it is in lower case, which is told by whole characters
  const [first, ...rest] = NORMALIZERS[kind];
  const steps = [...(first ? [first] : []), ...(lowerCase ? [{ type: 'Lowercase' }] : []), ...rest];
  return { normalizer: steps.length === 0 ? null : sequence('normalizers', ...steps), ...CUTS[kind] };
}

/**
 * A whole file for a model. A text is followed by its end mark where marks are asked for, as a translator reads and
 * writes it; the start mark belongs to the decoder's input alone.
 */
export function recipe(
  kind: TokenizerKind,
  model: Readonly<Record<string, unknown>>,
  lowerCase = lowerCased(kind),
): TokenizerFile {
  const end = SPECIAL[EOS];
  const mark = { id: end, ids: [EOS], tokens: [end] };
  const part = (id: 'A' | 'B', type: number): object[] => [
    { Sequence: { id, type_id: type } },
    { SpecialToken: { id: end, type_id: type } },
  ];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => addedToken(id, content)),
    ...recipeOf(kind, lowerCase),
    post_processor: {
      type: 'TemplateProcessing',
      single: part('A', 0),
      pair: [...part('A', 0), ...part('B', 1)],
      special_tokens: { [end]: mark },
    },
    model,
  };
}

/** A model of whole pieces. */
export const wordLevelModel = (vocabulary: readonly string[]): Record<string, unknown> => ({
  type: 'WordLevel',
  vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
  unk_token: '<unk>',
});

/** A model of merged pairs. */
export const pairModel = (
  vocabulary: readonly string[],
  merges: readonly (readonly [string, string])[],
  unknown: string | null,
): Record<string, unknown> => ({
  type: 'BPE',
  dropout: null,
  unk_token: unknown,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
  merges: merges.map((pair) => pair.join(' ')),
});

/** The kind whose file this is; 'other' for one that was not made here. */
export function kindOf({ normalizer, pre_tokenizer, decoder, model }: TokenizerFile): TokenizerKind | 'other' {
  const type = model['type'];
  const parts = [normalizer ?? null, pre_tokenizer ?? null, decoder ?? null];
  const found = KINDS.find((kind) => {
    const ownType = kind === 'words' || kind === 'characters' ? 'WordLevel' : 'BPE';
    const recipes = [recipeOf(kind, false), recipeOf(kind, true)];
    return type === ownType && recipes.some((own) => same(parts, [own.normalizer, own.pre_tokenizer, own.decoder]));
  });
  return found ?? 'other';
}

/** Equal values, whatever the order of their fields. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
