import { ArgumentError, FormatError } from '../../../engine/index.ts';
import { type AddedToken, finder, isAdded, readAddedTokens } from './addedTokens.ts';
import { type BuildOptions, buildingFile, fileOf, legacyFile, PieceCounts } from './build.ts';
import { type Decoder, readDecoder } from './decoders.ts';
import { Fields, type TokenizerFile } from './format.ts';
import type { Model, Token } from './model.ts';
import { readModel } from './models.ts';
import { readNormalizer } from './normalizers.ts';
import type { MergeProgress } from './pairTraining.ts';
import { type Placed, type PostProcessor, readPostProcessor } from './postProcessors.ts';
import { type PreTokenizer, readPreTokenizer } from './preTokenizers.ts';
import { kindOf, type TokenizerKind } from './recipes.ts';
import { findSpecial, SPECIAL, type SpecialIds, type SpecialRole } from './special.ts';

export interface TokenizerOptions {
  /** Which tokens of a file are its marks, where they are not found by the usual names: `{ bos: '[DEC]' }`. */
  readonly special?: Readonly<Partial<Record<SpecialRole, string>>>;
}

export interface EncodeTextOptions {
  /** Adds the marks that the file's post-processor adds. Default: no. */
  readonly addSpecialTokens?: boolean;
  /** A second text, for post-processors that put two together. */
  readonly pair?: string;
  /** Reads `</s>` in the text as the mark; otherwise it is text like any other. Default: yes, as Hugging Face does. */
  readonly readSpecialTokens?: boolean;
}

export interface DecodeTextOptions {
  /** Stops at the first end mark. Default: yes. */
  readonly stopAtEnd?: boolean;
  /** Special tokens are left out, kept, or left out but for the unknown token, which stands for text. Default: 'unknown'. */
  readonly keepSpecial?: boolean | 'unknown';
}

/** Ids with their tokens, and which text of a pair (0 or 1) each belongs to. */
export interface Encoding {
  readonly ids: number[];
  readonly tokens: string[];
  readonly typeIds: number[];
}

/**
 * Makes a tokenizer of texts that come one after another, such as those of a corpus larger than memory: what
 * `Tokenizer.build` makes of the same texts.
 */
export class TokenizerBuilder {
  readonly #counts: PieceCounts;

  constructor(kind: TokenizerKind, options: Pick<BuildOptions, 'lowerCase'> = {}) {
    this.#counts = new PieceCounts(kind, options);
  }

  add(text: string): void {
    this.#counts.add(text);
  }

  build(options: Omit<BuildOptions, 'lowerCase'> = {}): Tokenizer {
    return lastOf(this.building(options));
  }

  /** The same step by step: yields while pairs are learnt, and ends with the tokenizer. */
  *building(options: Omit<BuildOptions, 'lowerCase'> = {}): Generator<MergeProgress, Tokenizer, void> {
    return new Tokenizer(yield* fileOf(this.#counts, options));
  }
}

/** What a generator ends with. */
function lastOf<T>(steps: Generator<unknown, T, void>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Text to token ids and back, as a Hugging Face `tokenizer.json` describes it. */
export class Tokenizer {
  /** How it was made here; 'other' for a file from elsewhere. */
  readonly kind: TokenizerKind | 'other';
  /** Tokens by id; '' where the file leaves an id out. */
  readonly vocabulary: readonly string[];
  /** The ids of the marks. A tokenizer made here has 0, 1, 2, 3; a file brings its own, or none. */
  readonly special: SpecialIds;
  readonly #file: TokenizerFile;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #specialIds: ReadonlySet<number>;
  readonly #find: ReturnType<typeof finder>;
  readonly #cut: PreTokenizer | null;
  readonly #model: Model;
  readonly #process: PostProcessor | null;
  readonly #decode: Decoder | null;

  /** @throws {FormatError} for a file that is wrong or asks for what is not supported, naming the place */
  constructor(file: TokenizerFile, { special = {} }: TokenizerOptions = {}, source = 'tokenizer') {
    const fields = new Fields(file, source);
    const step = <T>(name: string, read: (step: Fields) => T): T | null =>
      fields.has(name) ? read(fields.object(name)) : null;
    this.#file = file;
    this.kind = kindOf(file);
    this.#model = readModel(fields.object('model'));
    const normalize = step('normalizer', readNormalizer) ?? ((text: string) => text);
    this.#cut = step('pre_tokenizer', readPreTokenizer);
    this.#process = step('post_processor', readPostProcessor);
    this.#decode = step('decoder', readDecoder);
    const added = readAddedTokens(fields);
    this.#find = finder(added, normalize);
    this.#ids = new Map([...this.#model.ids, ...added.map((t): [string, number] => [t.content, t.id])]);
    this.vocabulary = byId(this.#model.ids, added);
    this.special = findSpecial((token) => this.#ids.get(token), this.#model.unknown, special);
    this.#specialIds = new Set(added.filter((t) => t.special).map((t) => t.id));
  }

  /** A tokenizer of `texts`: its words or characters by frequency, or the pairs learnt from them. */
  static build(kind: TokenizerKind, texts: Iterable<string>, options: BuildOptions = {}): Tokenizer {
    return lastOf(Tokenizer.building(kind, texts, options));
  }

  /** The same step by step: yields while pairs are learnt, and ends with the tokenizer. */
  static *building(
    kind: TokenizerKind,
    texts: Iterable<string>,
    options: BuildOptions = {},
  ): Generator<MergeProgress, Tokenizer, void> {
    return new Tokenizer(yield* buildingFile(kind, texts, options));
  }

  get size(): number {
    return this.vocabulary.length;
  }

  /** The id of a token; undefined for what is none. */
  id(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /**
   * The id of a mark.
   *
   * @throws {ArgumentError} where the vocabulary has none
   */
  mark(role: SpecialRole): number {
    const id = this.special[role];
    if (id !== null) return id;
    throw new ArgumentError(
      `Tokenizer.mark: no ${role} token in this vocabulary. Name one when loading: { special: { ${role}: '…' } }.`,
    );
  }

  /** The tokens of a text; what the vocabulary has not stands as it is. */
  cut(text: string): string[] {
    return this.#tokens(text).map((t) => t.text);
  }

  /** Ids, without start and end marks unless asked for; what is unknown becomes `<unk>`. */
  encode(text: string, options: EncodeTextOptions = {}): number[] {
    return this.encodeWhole(text, options).ids;
  }

  /** Ids with their tokens and types. */
  encodeWhole(text: string, options: EncodeTextOptions = {}): Encoding {
    const { addSpecialTokens = false, pair, readSpecialTokens = true } = options;
    const texts = pair === undefined ? [text] : [text, pair];
    const placed = texts.map((t, type) =>
      this.#tokens(t, readSpecialTokens)
        .filter((token): token is Token & { id: number } => token.id !== null)
        .map(({ id }): Placed => ({ id, token: this.vocabulary[id]!, type })),
    );
    const all = (this.#process?.(placed, addSpecialTokens) ?? placed).flat();
    return { ids: all.map((t) => t.id), tokens: all.map((t) => t.token), typeIds: all.map((t) => t.type) };
  }

  /** The parts of a text that the vocabulary does not have. */
  unknown(text: string): string[] {
    return this.#tokens(text)
      .filter((t) => !t.known)
      .map((t) => t.text);
  }

  /** One string for each id. */
  tokens(ids: Iterable<number>): string[] {
    return Array.from(ids, (id) => this.vocabulary[id] ?? SPECIAL[3]);
  }

  /** Text up to the end mark, without marks and padding. */
  decode(ids: Iterable<number>, { stopAtEnd = true, keepSpecial = 'unknown' }: DecodeTextOptions = {}): string {
    const { eos, unk } = this.special;
    const kept: number[] = [];
    for (const id of ids) {
      if (stopAtEnd && id === eos) break;
      const isMark = keepSpecial === true ? false : this.#specialIds.has(id) && !(keepSpecial && id === unk);
      if (!isMark) kept.push(id);
    }
    const tokens = this.tokens(kept);
    return this.#decode === null ? tokens.join(' ') : this.#decode(tokens).join('');
  }

  /** The contents of its `tokenizer.json`. A file that was loaded is given back as it was. */
  toJSON(): TokenizerFile {
    return this.#file;
  }

  /**
   * A tokenizer from the contents of a `tokenizer.json`, or from the `{ kind, vocabulary }` of earlier versions.
   *
   * @throws {FormatError} naming what is wrong or not supported
   */
  static fromJSON(json: unknown, source = 'tokenizer', options: TokenizerOptions = {}): Tokenizer {
    return new Tokenizer(legacyFile(json, source) ?? (json as TokenizerFile), options, source);
  }

  #tokens(text: string, readSpecial = true): Token[] {
    return this.#find(text, readSpecial).flatMap((section): readonly Token[] => {
      if (isAdded(section)) return [{ id: section.id, text: section.content, known: true }];
      const pieces = this.#cut === null ? [section] : this.#cut(section);
      return pieces.flatMap((piece) => this.#model.tokenize(piece.text));
    });
  }
}

/** Tokens by id; an added token has its id before the model's. */
function byId(ids: ReadonlyMap<string, number>, added: readonly AddedToken[]): string[] {
  const entries = [...ids, ...added.map((t): [string, number] => [t.content, t.id])];
  const size = 1 + entries.reduce((n, [, id]) => Math.max(n, id), -1);
  if (size > 2 * entries.length + 1000) {
    throw new FormatError(`tokenizer: ${entries.length} tokens with ids up to ${size - 1}. The file is damaged.`);
  }
  const tokens = new Array<string>(size).fill('');
  for (const [token, id] of entries) tokens[id] = token;
  return tokens;
}
