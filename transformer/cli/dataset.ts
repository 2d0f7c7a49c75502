import { ArgumentError, Stream } from '../../engine/index.ts';
import { buildCorpus, showcase } from '../corpus/index.ts';
import type { Pair } from '../data.ts';
import type { Translation } from '../decode.ts';
import { Tokenizer, type TokenizerKind } from '../tokenizer.ts';
import { readPairs } from './pairs.ts';

/** What to train on, what to test on, and what to show. */
export interface Dataset {
  /** The files it came from; null for the built-in corpus. */
  readonly files: readonly string[] | null;
  readonly train: readonly Pair[];
  /** No source of these is trained on; each may have several translations that count as right. */
  readonly test: readonly TestSentence[];
  readonly showcase: readonly TestSentence[];
}

/** A sentence and every translation of it that is accepted; the first is shown. */
export interface TestSentence {
  readonly source: string;
  readonly references: readonly string[];
}

/** Of pairs from a file, one source in this many is set aside, up to `MOST_TEST`; none of a handful. */
const TEST_ONE_IN = 20;
const MOST_TEST = 1000;
const SHOWN = 5;

/** A word that occurs once in a large text is seldom worth a row of the embedding. */
const LARGE_TEXT = 5000;

/** Enough that the default run sees hardly a sentence twice. */
const BUILT_IN_PAIRS = 80_000;

/** The built-in corpus, or the pairs of files with a part set aside; `seed` decides which part. */
export async function loadDataset(files: readonly string[] | null, seed: number): Promise<Dataset> {
  if (files !== null) return { files, ...setAside(await readPairs(files), seed) };
  const corpus = buildCorpus({ pairs: BUILT_IN_PAIRS });
  const alone = ({ source, target }: Pair): TestSentence => ({ source, references: [target] });
  return { files, train: corpus.train, test: corpus.test.map(alone), showcase: showcase.map(alone) };
}

/** Splits by source sentence: one that has several translations stands on one side with all of them. */
function setAside(pairs: readonly Pair[], seed: number): Pick<Dataset, 'train' | 'test' | 'showcase'> {
  const bySource = new Map<string, string[]>();
  for (const { source, target } of pairs) {
    const references = bySource.get(source);
    if (references) references.push(target);
    else bySource.set(source, [target]);
  }
  const order = new Stream(seed, 0).shuffle([...bySource.keys()]);
  const test = order.slice(0, Math.min(MOST_TEST, Math.floor(order.length / TEST_ONE_IN)));
  const unseen = new Set(test);
  const withReferences = (source: string): TestSentence => ({ source, references: bySource.get(source) ?? [] });
  return {
    train: pairs.filter(({ source }) => !unseen.has(source)),
    test: test.map(withReferences),
    // a file too small to set anything aside still has something to look at
    showcase: (test.length > 0 ? test : order).slice(0, SHOWN).map(withReferences),
  };
}

/** Tokenizers for both sides: words, but characters for a language that is written without spaces. */
export function buildTokenizers(pairs: readonly Pair[]): { source: Tokenizer; target: Tokenizer } {
  if (pairs.length === 0) throw new ArgumentError('buildTokenizers: no sentence pairs.');
  const build = (texts: readonly string[]): Tokenizer => {
    const kind = kindOf(texts);
    const rare = kind === 'words' && texts.length > LARGE_TEXT && distinctWords(texts) > LARGE_TEXT;
    return Tokenizer.build(kind, texts, { minCount: rare ? 2 : 1 });
  };
  return { source: build(pairs.map((p) => p.source)), target: build(pairs.map((p) => p.target)) };
}

const distinctWords = (texts: readonly string[]): number => new Set(texts.flatMap((t) => t.split(/\s+/))).size;

/** Chinese, Japanese and Thai put no spaces between words. */
function kindOf(texts: readonly string[]): TokenizerKind {
  let unspaced = 0;
  let letters = 0;
  for (const text of texts.slice(0, 1000)) {
    unspaced += text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu)?.length ?? 0;
    letters += text.match(/\p{L}/gu)?.length ?? 0;
  }
  return unspaced > letters / 2 ? 'characters' : 'words';
}

/** Whether a translation is, token for token, one of those expected; its end mark does not count. */
export function isRight(translation: Translation, { references }: TestSentence, target: Tokenizer): boolean {
  const written = translation.tokens.at(-1) === '</s>' ? translation.tokens.slice(0, -1) : translation.tokens;
  return references.some((reference) => {
    const wanted = target.cut(reference);
    return wanted.length === written.length && wanted.every((token, i) => token === written[i]);
  });
}
