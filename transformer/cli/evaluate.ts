import type { ReferencedSentence } from '../data/index.ts';
import { type Translator, translateBatch } from '../decode.ts';
import { inspectTranslation } from '../inspect.ts';
import type { AttentionSample, Sample } from '../report/run.ts';
import { isRight } from './dataset.ts';

/** Sentences translated together. */
const TOGETHER = 64;

/**
 * Translates every sentence and yields each with its verdict, batch by batch. Sentences of like length go together, so
 * that none waits for a long one; the samples of a batch are in no particular order.
 */
export async function* evaluate(
  translator: Translator,
  sentences: readonly ReferencedSentence[],
): AsyncGenerator<Sample[]> {
  const order = sentences
    .map((sentence) => ({ sentence, length: translator.source.cut(sentence.source).length }))
    .sort((a, b) => a.length - b.length)
    .map(({ sentence }) => sentence);
  for (let i = 0; i < order.length; i += TOGETHER) {
    const batch = order.slice(i, i + TOGETHER);
    const translations = await translateBatch(
      translator,
      batch.map(({ source }) => source),
    );
    yield translations.map((translation, k) => {
      const sentence = batch[k]!;
      return {
        source: sentence.source,
        reference: sentence.references[0] ?? '',
        output: translation.text,
        right: isRight(translation, sentence, translator.target),
      };
    });
  }
}

/** A sentence translated, with what the decoder looked at. */
export async function inspect(translator: Translator, sentence: ReferencedSentence): Promise<AttentionSample> {
  const translation = await inspectTranslation(translator, sentence.source);
  const { text, sourceTokens, tokens, attention, probabilities } = translation;
  const right = isRight(translation, sentence, translator.target);
  const { source, references } = sentence;
  return {
    source,
    reference: references[0] ?? '',
    output: text,
    right,
    sourceTokens,
    tokens,
    attention,
    probabilities,
  };
}
