import type { Tokenizer } from '../text/tokenizer/index.ts';
import { type GenerateOptions, generate, type Hypothesis } from './decoding/index.ts';
import type { SampleOptions } from './decoding/sample.ts';
import { type DecodedToken, decodeTokens } from './decoding/tokens.ts';
import type { Transformer } from './transformer.ts';

/** A model and the tokenizers it was trained with. */
export interface Translator {
  readonly model: Transformer;
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/** One translated sentence. */
export interface Translation {
  readonly text: string;
  readonly sourceTokens: readonly string[];
  /** The target tokens, with the end mark when the model set one. */
  readonly tokens: readonly string[];
}

/** A translation with what the model thinks of it. */
export interface ScoredTranslation extends Translation {
  /** log p of each token given those before it. */
  readonly logProbabilities: readonly number[];
  /** Their sum. */
  readonly logProbability: number;
  /** The sum under the repetition limits, divided by the length penalty: what hypotheses are ranked by. */
  readonly score: number;
}

/** What the tokenizer makes of a text, with the end mark; null for a text without tokens. */
export function encodeSource({ source }: Translator, text: string): number[] | null {
  const ids = source.encode(text);
  return ids.length === 0 ? null : [...ids, source.mark('eos')];
}

/** The start and end mark of what a translator writes: options of every way of decoding. */
export const targetMarks = ({ target }: Translator): { readonly bos: number; readonly eos: number } => ({
  bos: target.mark('bos'),
  eos: target.mark('eos'),
});

/** The translation of a text without tokens: nothing, for certain. The model is not asked. */
export const NOTHING: ScoredTranslation = {
  text: '',
  sourceTokens: [],
  tokens: [],
  logProbabilities: [],
  logProbability: 0,
  score: 0,
};

/** A hypothesis in words. */
export const spelled = (
  { source, target }: Translator,
  sourceIds: readonly number[],
  { ids, logProbabilities, logProbability, score }: Hypothesis,
): ScoredTranslation => ({
  text: target.decode(ids),
  sourceTokens: source.tokens(sourceIds),
  tokens: target.tokens(ids),
  logProbabilities,
  logProbability,
  score,
});

/**
 * Translates sentences together, each into its `nBest` translations, the best first. A text without tokens becomes an
 * empty translation.
 */
export async function translateNBest(
  translator: Translator,
  texts: readonly string[],
  options: GenerateOptions = {},
): Promise<ScoredTranslation[][]> {
  const sources = texts.map((text) => encodeSource(translator, text));
  const spoken = sources.filter((ids) => ids !== null);
  const found = (await generate(translator.model, spoken, { ...targetMarks(translator), ...options })).values();
  return sources.map((ids) =>
    ids === null ? [NOTHING] : found.next().value!.map((hypothesis) => spelled(translator, ids, hypothesis)),
  );
}

/** Translates sentences together. */
export const translateBatch = async (
  translator: Translator,
  texts: readonly string[],
  options: GenerateOptions = {},
): Promise<ScoredTranslation[]> => (await translateNBest(translator, texts, options)).map(([best]) => best!);

/** A translation and which of the texts it belongs to. */
export interface PlacedTranslation {
  readonly place: number;
  readonly translation: ScoredTranslation;
}

/**
 * Translates any number of sentences, `together` at a time, and yields batch by batch, in no particular order: sentences
 * of like length go together, so that none waits for a long one.
 */
export async function* translateMany(
  translator: Translator,
  texts: readonly string[],
  { together = 64, ...options }: GenerateOptions & { readonly together?: number } = {},
): AsyncGenerator<PlacedTranslation[], void> {
  const order = texts
    .map((text, place) => ({ text, place, length: translator.source.encode(text).length }))
    .sort((a, b) => a.length - b.length);
  for (let i = 0; i < order.length; i += together) {
    const batch = order.slice(i, i + together);
    const translations = await translateBatch(
      translator,
      batch.map(({ text }) => text),
      options,
    );
    yield batch.map(({ place }, k) => ({ place, translation: translations[k]! }));
  }
}

/** Translates one sentence: `await translate(translator, 'The cat sleeps.', { beam: 4 })`. */
export const translate = async (translator: Translator, text: string, options: GenerateOptions = {}): Promise<string> =>
  (await translateBatch(translator, [text], options))[0]!.text;

/** A token as it is decided, and what it adds to the text. */
export interface StreamedToken extends DecodedToken {
  readonly token: string;
  /** The pieces of all tokens, one after another, are the translation. Empty for the end mark. */
  readonly piece: string;
}

/**
 * Translates one sentence and yields each token as soon as it is decided, greedily or drawn:
 *
 * ```ts
 * for await (const { piece } of translateStream(translator, 'The cat sleeps.')) process.stdout.write(piece);
 * ```
 *
 * Leaving the loop stops the work and frees its memory.
 */
export function translateStream(
  translator: Translator,
  text: string,
  options: SampleOptions = {},
): AsyncGenerator<StreamedToken, void, undefined> {
  const ids = encodeSource(translator, text);
  const marked = { ...targetMarks(translator), ...options };
  return pieces(translator, decodeTokens(translator.model, ids === null ? [] : [ids], marked));
}

async function* pieces(
  { target }: Translator,
  tokens: AsyncIterable<readonly DecodedToken[]>,
): AsyncGenerator<StreamedToken, void, undefined> {
  const ids: number[] = [];
  let said = '';
  for await (const [decided] of tokens) {
    if (decided === undefined) continue;
    ids.push(decided.id);
    const text = target.decode(ids);
    // A piece of a character waits for the rest of it, unless nothing more comes.
    const whole = text.startsWith(said) && (decided.last || !text.endsWith('\ufffd'));
    const piece = whole ? text.slice(said.length) : '';
    said += piece;
    yield { ...decided, token: target.tokens([decided.id])[0]!, piece };
  }
}
