import { readFile } from 'node:fs/promises';
import { ArgumentError, FormatError } from '../../engine/index.ts';
import type { Pair } from '../data/batches.ts';
import { isUnspaced } from '../evaluate/index.ts';
import { count } from '../report/language.ts';
import { exactly, type Task } from '../tasks/task.ts';
import { type BuildOptions, Tokenizer, type TokenizerFile, type TokenizerKind, withMarks } from '../tokenizer/index.ts';
import type { Context } from './context.ts';
import { EXIT } from './errors.ts';
import { Interrupt } from './interrupt.ts';
import { Progress, progressOptions } from './progress.ts';
import { TOKENIZERS, type TokenizerSettings } from './tokenizerOptions.ts';

/** A word that occurs once in a large text is seldom worth a row of the embedding. */
const LARGE_TEXT = 5000;

/** Tokenizers of both sides; one and the same where they share it. */
export interface Tokenizers {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/**
 * The tokenizers of a run: read from files, or built of the sentences to train on. Where nobody says how, the task does;
 * else a side is cut into words, or into characters where its script puts no spaces between words, and a shared vocabulary
 * is one of pairs.
 * Learning pairs shows how far it is; Ctrl-C ends the program there, nothing has been written yet.
 */
export async function makeTokenizers(
  pairs: readonly Pair[],
  settings: TokenizerSettings,
  context: Context,
  usual: Task['tokenizers'] = null,
): Promise<Tokenizers> {
  if (settings.files !== null) return loadTokenizers(settings.files);
  if (pairs.length === 0) throw new ArgumentError('makeTokenizers: no sentence pairs.');
  const [sources, targets] = [pairs.map((p) => p.source), pairs.map((p) => p.target)];
  const kindOf = (side: 'source' | 'target', otherwise: () => TokenizerKind): TokenizerKind => {
    const name = settings[side];
    return name === null ? (usual?.[side] ?? otherwise()) : TOKENIZERS[name];
  };
  const build = (kind: TokenizerKind, texts: readonly string[]): Promise<Tokenizer> =>
    buildTokenizer(kind, texts, optionsFor(kind, texts, settings), context);
  if (settings.shared) {
    const both = await build(
      kindOf('target', () => 'characterPairs'),
      [...sources, ...targets],
    );
    return { source: both, target: both };
  }
  const source = await build(
    kindOf('source', () => usualKind(sources)),
    sources,
  );
  const target = await build(
    kindOf('target', () => usualKind(targets)),
    targets,
  );
  return { source, target };
}

/** `8,123 source tokens (words), 2,801 target tokens (characters)` */
export function vocabularyLine({ source, target }: Tokenizers, { say }: Context): string {
  const described = ({ size, kind }: Tokenizer): [string, string] => [count(size), say.kindOfTokens(kind)];
  if (source === target) return say.sharedVocabularyLine(...described(source));
  return say.vocabularyKindsLine(...described(source), ...described(target));
}

const usualKind = (texts: readonly string[]): TokenizerKind => (isUnspaced(texts) ? 'characters' : 'words');

function optionsFor(kind: TokenizerKind, texts: readonly string[], settings: TokenizerSettings): BuildOptions {
  const { size, lowerCase } = settings;
  const rare = kind === 'words' && texts.length > LARGE_TEXT && distinctWords(texts) > LARGE_TEXT;
  return { ...(rare && { minCount: 2 }), ...(size !== null && { size }), ...(lowerCase !== null && { lowerCase }) };
}

const distinctWords = (texts: readonly string[]): number => new Set(texts.flatMap((t) => t.split(/\s+/))).size;

async function buildTokenizer(
  kind: TokenizerKind,
  texts: readonly string[],
  options: BuildOptions,
  context: Context,
): Promise<Tokenizer> {
  const building = Tokenizer.building(kind, texts, options);
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
