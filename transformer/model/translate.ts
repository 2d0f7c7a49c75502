import type { Tokenizer } from '../text/tokenizer/index.ts';
import type { GenerateOptions, GenerativeModel } from './decoding/index.ts';
import type { SampleOptions } from './decoding/sampling.ts';
import { type GeneratedText, generateTexts, type StreamedToken, streamText } from './generateText.ts';
import type { Transformer } from './transformer.ts';

/** A model and the tokenizers it was trained with. */
export interface Translator<Model extends GenerativeModel = Transformer> {
  readonly model: Model;
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/** One translated sentence. */
export interface Translation {
  readonly text: string;
  readonly sourceTokens: readonly string[];
  /** The target tokens, with the end token where it was generated. */
  readonly tokens: readonly string[];
}

/** A translation with its probability. */
export interface ScoredTranslation extends Translation {
  /** log p of each token given those before it. */
  readonly logProbabilities: readonly number[];
  /** Their sum. */
  readonly logProbability: number;
  /** The sum after the logits processors, divided by the length penalty: what hypotheses are ranked by. */
  readonly score: number;
}

/** A source with what was generated from it: `ids` and `texts` are empty for a text without tokens. */
export interface TranslatedSource {
  /** The tokens of the source, with the end token. */
  readonly ids: readonly number[];
  /** The best first, as many as `translations`. */
  readonly texts: readonly GeneratedText[];
  /** The same to hand out; a text without tokens has the empty translation. */
  readonly translations: readonly ScoredTranslation[];
}

/** The ids of a source, with the end token; null for a text without tokens. */
const encodeSource = (source: Tokenizer, text: string): number[] | null => {
  const ids = source.encode(text);
  return ids.length === 0 ? null : [...ids, source.mark('eos')];
};

/** The translation of a text without tokens. The model is not asked. */
const EMPTY: ScoredTranslation = {
  text: '',
  sourceTokens: [],
  tokens: [],
  logProbabilities: [],
  logProbability: 0,
  score: 0,
};

/** Translates sentences together; what was generated from each, with all ids. */
export async function translateSources(
  { model, source, target }: Translator<GenerativeModel>,
  texts: readonly string[],
  options: GenerateOptions = {},
): Promise<TranslatedSource[]> {
  const sources = texts.map((text) => encodeSource(source, text));
  const results = await generateTexts(model, target, sources, options);
  return sources.map((ids, i) => {
    if (ids === null) return { ids: [], texts: [], translations: [EMPTY] };
    const sourceTokens = source.tokens(ids);
    const translations = results[i]!.map(({ text, tokens, logProbabilities, logProbability, score }) => {
      return { text, sourceTokens, tokens, logProbabilities, logProbability, score };
    });
    return { ids, texts: results[i]!, translations };
  });
}

/**
 * Translates sentences together, each into its `nBest` translations, the best first. A text without tokens becomes an
 * empty translation.
 */
export const translateNBest = async (
  translator: Translator<GenerativeModel>,
  texts: readonly string[],
  options: GenerateOptions = {},
): Promise<ScoredTranslation[][]> =>
  (await translateSources(translator, texts, options)).map(({ translations }) => [...translations]);

/** Translates sentences together. */
export const translateBatch = async (
  translator: Translator<GenerativeModel>,
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
  translator: Translator<GenerativeModel>,
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
export const translate = async (
  translator: Translator<GenerativeModel>,
  text: string,
  options: GenerateOptions = {},
): Promise<string> => (await translateBatch(translator, [text], options))[0]!.text;

/**
 * Translates one sentence and yields each token as soon as it is known, greedily or by sampling:
 *
 * ```ts
 * for await (const { piece } of translateStream(translator, 'The cat sleeps.')) process.stdout.write(piece);
 * ```
 *
 * Leaving the loop stops the work and frees its memory.
 */
export const translateStream = (
  { model, source, target }: Translator<GenerativeModel>,
  text: string,
  options: SampleOptions = {},
): AsyncGenerator<StreamedToken, void, undefined> => streamText(model, target, encodeSource(source, text), options);
