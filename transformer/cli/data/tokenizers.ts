import { readFile } from 'node:fs/promises';
import { ArgumentError, FormatError } from '../../../engine/index.ts';
import { count } from '../../language/language.ts';
import { isUnspaced } from '../../text/metrics/index.ts';
import {
  type Tokenizer,
  TokenizerBuilder,
  type TokenizerFile,
  type TokenizerKind,
  withMarks,
} from '../../text/tokenizer/index.ts';
import { TOKENIZERS, type TokenizerSettings } from '../../text/tokenizer/settings.ts';
import { exactly, type Task } from '../../training/tasks/task.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { Progress, progressOptions } from '../terminal/progress.ts';
import type { TrainingPairs } from './pairs.ts';

/** A word that occurs once in a large text is seldom worth a row of the embedding. */
const LARGE_TEXT = 5000;

/** Tokenizers of both sides; one and the same where they share it. */
export interface Tokenizers {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/**
 * The tokenizers of a run: read from files, or built of the sentences to train on, which are read once. Where nobody says
 * how, the task does; else a side is cut into words, or into characters where its script puts no spaces between words, and
 * a shared vocabulary is one of pairs.
 * Learning pairs shows how far it is; Ctrl-C ends the program there, nothing has been written yet.
 */
export async function makeTokenizers(
  pairs: TrainingPairs,
  settings: TokenizerSettings,
  context: Context,
  usual: Task['tokenizers'] = null,
): Promise<Tokenizers> {
  if (settings.files !== null) return loadTokenizers(settings.files);
  if (pairs.count === 0) throw new ArgumentError('makeTokenizers: no sentence pairs.');
  const kindOf = (side: 'source' | 'target'): TokenizerKind | null => {
    const name = settings[side];
    return name === null ? (usual?.[side] ?? null) : TOKENIZERS[name];
  };
  const target = new TextCounts(kindOf('target') ?? (settings.shared ? 'characterPairs' : null), settings);
  const source = settings.shared ? target : new TextCounts(kindOf('source'), settings);
  for await (const block of pairs.blocks(context.say.readingTokens)) {
    for (const pair of block) {
      source.add(pair.source);
      target.add(pair.target);
    }
  }
  const built = await source.build(context);
  return { source: built, target: source === target ? built : await target.build(context) };
}

/** `8,123 source tokens (words), 2,801 target tokens (characters)` */
export function vocabularyLine({ source, target }: Tokenizers, { say }: Context): string {
  const described = ({ size, kind }: Tokenizer): [string, string] => [count(size), say.kindOfTokens(kind)];
  if (source === target) return say.sharedVocabularyLine(...described(source));
  return say.vocabularyKindsLine(...described(source), ...described(target));
}

/** Texts that tell whether their script puts spaces between words. */
const FIRST_TEXTS = 1000;

/** Counts what a tokenizer is built of, text after text; its kind, where nobody says, follows from the first texts. */
class TextCounts {
  readonly #settings: TokenizerSettings;
  /** Texts that wait for the kind. */
  #first: string[] = [];
  #kind: TokenizerKind | null;
  #builder: TokenizerBuilder | null = null;
  #texts = 0;
  readonly #words = new Set<string>();

  constructor(kind: TokenizerKind | null, settings: TokenizerSettings) {
    this.#kind = kind;
    this.#settings = settings;
  }

  add(text: string): void {
    this.#texts++;
    if (this.#builder !== null) this.#count(text, this.#builder);
    else {
      this.#first.push(text);
      if (this.#kind !== null || this.#first.length === FIRST_TEXTS) this.#begin();
    }
  }

  #begin(): TokenizerBuilder {
    const { lowerCase } = this.#settings;
    this.#kind ??= isUnspaced(this.#first) ? 'characters' : 'words';
    this.#builder = new TokenizerBuilder(this.#kind, lowerCase === null ? {} : { lowerCase });
    for (const text of this.#first) this.#count(text, this.#builder);
    this.#first = [];
    return this.#builder;
  }

  #count(text: string, builder: TokenizerBuilder): void {
    builder.add(text);
    if (this.#kind !== 'words' || this.#words.size > LARGE_TEXT) return;
    for (const word of text.split(/\s+/)) this.#words.add(word);
  }

  /** The tokenizer of the texts so far. */
  async build(context: Context): Promise<Tokenizer> {
    const { size } = this.#settings;
    const builder = this.#builder ?? this.#begin();
    const rare = this.#kind === 'words' && this.#texts > LARGE_TEXT && this.#words.size > LARGE_TEXT;
    return learnt(builder.building({ ...(rare && { minCount: 2 }), ...(size !== null && { size }) }), context);
  }
}

/** Runs a building to its end, showing how far it is. */
async function learnt(building: ReturnType<TokenizerBuilder['building']>, context: Context): Promise<Tokenizer> {
  let progress: Progress | null = null;
  using interrupt = new Interrupt(() => {
    progress?.stop();
    process.exit(EXIT.interrupted);
  });
  try {
    for (;;) {
      const step = building.next();
      if (step.done) return step.value;
      const { done, total } = step.value;
      progress ??= new Progress(context.say.learningTokens, total, 0, progressOptions(context));
      progress.update(done, '');
      await interrupt.requested();
    }
  } finally {
    progress?.stop();
  }
}

/** One file for both sides, or one for each. */
async function loadTokenizers([first, second = first]: readonly string[]): Promise<Tokenizers> {
  const source = await loadTokenizer(first!);
  return { source, target: second === first ? source : await loadTokenizer(second!) };
}

async function loadTokenizer(path: string): Promise<Tokenizer> {
  const bytes = await readFile(path);
  let file: unknown;
  try {
    file = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FormatError(`${path}: no JSON. Expected a tokenizer.json of Hugging Face.`);
  }
  return withMarks(file as TokenizerFile, path);
}

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
