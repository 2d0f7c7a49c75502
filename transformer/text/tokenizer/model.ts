/** A token of a text. */
export interface Token {
  /** Null where the vocabulary has neither the text nor a token for unknown text: it is left out. */
  readonly id: number | null;
  /** As the vocabulary writes it; unknown text as it stands. */
  readonly text: string;
  readonly known: boolean;
}

/** Cuts the pieces of the pre-tokenizer into tokens of a vocabulary. */
export interface Model {
  readonly ids: ReadonlyMap<string, number>;
  /** The id of unknown text. */
  readonly unknown: number | null;
  tokenize(piece: string): readonly Token[];
}

/** Pieces whose tokens are remembered: most of a text are a few thousand words. */
const REMEMBERED = 20_000;
/** Longer pieces hardly come again. */
const LONGEST = 100;

/** Remembers the tokens of short pieces. */
export function remembering(tokenize: (piece: string) => readonly Token[]): (piece: string) => readonly Token[] {
  const known = new Map<string, readonly Token[]>();
  return (piece) => {
    const found = known.get(piece);
    if (found !== undefined) return found;
    const tokens = tokenize(piece);
    if (piece.length <= LONGEST) {
      if (known.size >= REMEMBERED) known.clear();
      known.set(piece, tokens);
    }
    return tokens;
  };
}
