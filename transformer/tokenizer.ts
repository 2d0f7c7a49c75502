import { ArgumentError, FormatError } from '../engine/index.ts';

/** Tokens every vocabulary begins with, by id. */
export const SPECIAL = ['<pad>', '<s>', '</s>', '<unk>'] as const;
export const PAD = 0;
export const BOS = 1;
export const EOS = 2;
export const UNK = 3;

/** How text becomes tokens: lower-cased words and punctuation, or characters. */
export type TokenizerKind = 'words' | 'characters';

const cut: Record<TokenizerKind, (text: string) => string[]> = {
  // a run of letters, marks and digits (with inner apostrophes), or one other visible character
  words: (text) =>
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+(?:['’][\p{L}]+)*|[^\s\p{L}\p{M}\p{N}]/gu) ?? [],
  // code points, so that no character is torn apart; white space is one token
  characters: (text) => Array.from(text.normalize('NFC').trim().replace(/\s+/gu, ' ')),
};

const join: Record<TokenizerKind, (tokens: readonly string[]) => string> = {
  words: (tokens) => tokens.join(' ').replace(/ ([.,!?;:])/g, '$1'),
  characters: (tokens) => tokens.join(''),
};

/** Text to token ids and back, over a fixed vocabulary. */
export class Tokenizer {
  readonly kind: TokenizerKind;
  readonly vocabulary: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  constructor(kind: TokenizerKind, vocabulary: readonly string[]) {
    if (!(kind in cut))
      throw new ArgumentError(`Tokenizer: kind ${JSON.stringify(kind)}, expected 'words' or 'characters'.`);
    if (SPECIAL.some((t, i) => vocabulary[i] !== t)) {
      throw new ArgumentError(
        `Tokenizer: a vocabulary begins with ${SPECIAL.join(' ')}, this one with ${vocabulary.slice(0, 4).join(' ')}.`,
      );
    }
    this.kind = kind;
    this.vocabulary = vocabulary;
    this.#ids = new Map(vocabulary.map((token, id) => [token, id]));
  }

  /** The tokens of `texts` that appear at least `minCount` times, the most frequent first. */
  static build(
    kind: TokenizerKind,
    texts: Iterable<string>,
    { minCount = 1 }: { readonly minCount?: number } = {},
  ): Tokenizer {
    const counts = new Map<string, number>();
    for (const text of texts) for (const t of cut[kind](text)) counts.set(t, (counts.get(t) ?? 0) + 1);
    const kept = [...counts].filter(([, n]) => n >= minCount);
    // equal counts in code-point order: the same texts always give the same ids
    kept.sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return new Tokenizer(kind, [...SPECIAL, ...kept.map(([t]) => t)]);
  }

  get size(): number {
    return this.vocabulary.length;
  }

  /** The pieces of a text, known or not. */
  cut(text: string): string[] {
    return cut[this.kind](text);
  }

  /** Ids without start and end marks; what is unknown becomes `<unk>`. */
  encode(text: string): number[] {
    return this.cut(text).map((t) => this.#ids.get(t) ?? UNK);
  }

  /** The pieces of a text that the vocabulary does not have. */
  unknown(text: string): string[] {
    return this.cut(text).filter((t) => !this.#ids.has(t));
  }

  /** One string for each id. */
  tokens(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => this.vocabulary[id] ?? SPECIAL[UNK]);
  }

  /** Text up to the end mark, without marks and padding. */
  decode(ids: Iterable<number>): string {
    const words: number[] = [];
    for (const id of ids) {
      if (id === EOS) break;
      if (id !== PAD && id !== BOS) words.push(id);
    }
    return join[this.kind](this.tokens(words));
  }

  toJSON(): { kind: TokenizerKind; vocabulary: readonly string[] } {
    return { kind: this.kind, vocabulary: this.vocabulary };
  }

  /** @throws {FormatError} for anything that `toJSON` did not make */
  static fromJSON(json: unknown, source = 'tokenizer'): Tokenizer {
    const { kind, vocabulary } = (json ?? {}) as { kind?: unknown; vocabulary?: unknown };
    if (
      (kind !== 'words' && kind !== 'characters') ||
      !Array.isArray(vocabulary) ||
      vocabulary.some((t) => typeof t !== 'string')
    ) {
      throw new FormatError(
        `${source}: no tokenizer: expected { kind: 'words' | 'characters', vocabulary: [strings] }.`,
      );
    }
    return new Tokenizer(kind, vocabulary as string[]);
  }
}
