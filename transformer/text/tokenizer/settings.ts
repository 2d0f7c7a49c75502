import type { TokenizerKind } from './recipes.ts';

/** Tokenizers that are built here, as the command line names them. */
export const TOKENIZERS = {
  words: 'words',
  characters: 'characters',
  bpe: 'characterPairs',
  'byte-bpe': 'bytePairs',
} as const satisfies Record<string, TokenizerKind>;

export type TokenizerName = keyof typeof TOKENIZERS;

/** How text becomes tokens. */
export interface TokenizerSettings {
  /** How each side is cut; null: as its script asks for. */
  readonly source: TokenizerName | null;
  readonly target: TokenizerName | null;
  /** Tokens of a vocabulary at most; null: as many as are usual. */
  readonly size: number | null;
  /** Null: words are read in lower case, all else as it stands. */
  readonly lowerCase: boolean | null;
  /** One tokenizer for both sides. */
  readonly shared: boolean;
  /** Files of tokenizers that are taken instead: of both sides, or of source and target. */
  readonly files: readonly string[] | null;
}
