import { FormatError } from '../../../engine/index.ts';

/** A step of the pipeline, as `tokenizer.json` writes it. */
export interface StepConfig {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A token found in the text before anything else is done to it. */
export interface AddedTokenConfig {
  readonly id: number;
  readonly content: string;
  /** Only as a whole word. */
  readonly single_word?: boolean;
  /** Takes the white space before it along. */
  readonly lstrip?: boolean;
  /** Takes the white space behind it along. */
  readonly rstrip?: boolean;
  /** Looked for in the normalized text. Default: not for special tokens. */
  readonly normalized?: boolean;
  /** A mark, no text: left out when text is made of ids. */
  readonly special?: boolean;
}

/**
 * The contents of a Hugging Face `tokenizer.json`: text is normalized, cut into pieces by the pre-tokenizer, each piece
 * into tokens by the model; the post-processor adds marks, the decoder makes text of tokens.
 */
export interface TokenizerFile {
  readonly version?: string;
  readonly truncation?: unknown;
  readonly padding?: unknown;
  readonly added_tokens?: readonly AddedTokenConfig[] | null;
  readonly normalizer?: StepConfig | null;
  readonly pre_tokenizer?: StepConfig | null;
  readonly post_processor?: StepConfig | null;
  readonly decoder?: StepConfig | null;
  readonly model: Readonly<Record<string, unknown>>;
}

const NAME_OF = { string: 'a string', boolean: 'true or false', number: 'a number' } as const;
type Named = { string: string; boolean: boolean; number: number };

/** One object of a file, with the path to it, so that an error can say where it is. */
export class Fields {
  readonly path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  /** @throws {FormatError} for anything that is no object */
  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FormatError(`${path}: ${describe(value)}, expected an object. The file is no tokenizer.json.`);
    }
    this.#value = value as Readonly<Record<string, unknown>>;
    this.path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#value, name) && this.#value[name] !== null && this.#value[name] !== undefined;
  }

  /** A field as it is; undefined where it is missing or null. */
  raw(name: string): unknown {
    return this.has(name) ? this.#value[name] : undefined;
  }

  /** The step's type, '' where it has none. */
  get type(): string {
    return this.string('type', '');
  }

  string(name: string, missing?: string): string {
    return this.#get('string', name, missing);
  }

  boolean(name: string, missing?: boolean): boolean {
    return this.#get('boolean', name, missing);
  }

  number(name: string, missing?: number): number {
    return this.#get('number', name, missing);
  }

  /** A string that may be missing, null or empty: all null. */
  optional(name: string): string | null {
    return this.string(name, '') || null;
  }

  object(name: string): Fields {
    return new Fields(this.raw(name), `${this.path}.${name}`);
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) throw this.wrong(name, value, 'a list');
    return value;
  }

  /** The steps of a sequence. */
  steps(name: string): Fields[] {
    return this.list(name).map((step, i) => new Fields(step, `${this.path}.${name}[${i}]`));
  }

  /** A map from tokens to ids. */
  ids(name: string): Map<string, number> {
    const { path } = this.object(name);
    const map = new Map(Object.entries(this.raw(name) as object));
    for (const [token, id] of map) {
      if (!Number.isInteger(id) || id < 0) {
        throw new FormatError(`${path}: token ${JSON.stringify(token)} has id ${describe(id)}, expected 0, 1, 2, …`);
      }
    }
    return map;
  }

  wrong(name: string, value: unknown, expected: string): FormatError {
    return new FormatError(`${this.path}.${name}: ${describe(value)}, expected ${expected}.`);
  }

  /** For a step whose type this code does not know. */
  unsupported(what: string, known: Iterable<string>): FormatError {
    return new FormatError(
      `${this.path}: ${what} ${JSON.stringify(this.type)} is not supported. Supported: ${[...known].join(', ')}.`,
    );
  }

  #get<K extends keyof Named>(kind: K, name: string, missing?: Named[K]): Named[K] {
    const value = this.raw(name) ?? missing;
    if (typeof value !== kind) throw this.wrong(name, value, NAME_OF[kind]);
    return value as Named[K];
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
