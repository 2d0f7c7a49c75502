import type { ReferencedSentence } from '../data/index.ts';
import { type Translator, translateBatch } from '../decode.ts';
import { type BleuTokenizer, corpusBleu, corpusChrf } from '../evaluate/index.ts';
import { inspectTranslation } from '../inspect.ts';
import type { AttentionSample, Sample, TestScores } from '../report/run.ts';
import { isRight, isUnspaced } from './tokenizers.ts';

/** Sentences translated together. */
const TOGETHER = 64;

/**
 * Translates every sentence and yields each with its verdict, batch by batch. Sentences of like length go together, so
 * that none waits for a long one; the samples of a batch are in no particular order.
 */
export async function* translateAll(
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
    yield translations.map(({ text }, k) => {
      const { source, references } = batch[k]!;
      return { source, references, output: text, right: isRight(text, references, translator.target) };
    });
  }
}

/** What all samples come to; null for none. */
export function scoresOf(samples: readonly Sample[]): TestScores | null {
  if (samples.length === 0) return null;
  const outputs = samples.map((s) => s.output);
  const references = samples.map((s) => s.references);
  // Words that nothing separates are counted by characters.
  const tokenize: BleuTokenizer = isUnspaced(references.flat()) ? 'zh' : '13a';
  const { score: bleu, signature: bleuSignature } = corpusBleu(outputs, references, { tokenize });
  const { score: chrf, signature: chrfSignature } = corpusChrf(outputs, references);
  return {
    right: samples.filter((s) => s.right).length,
    total: samples.length,
    bleu: { score: bleu, signature: bleuSignature },
    chrf: { score: chrf, signature: chrfSignature },
  };
}

/** A sentence translated, with what the decoder looked at. */
export async function inspect(
  translator: Translator,
  { source, references }: ReferencedSentence,
): Promise<AttentionSample> {
  const { text, sourceTokens, tokens, attention, probabilities } = await inspectTranslation(translator, source);
  const right = isRight(text, references, translator.target);
  return { source, references, output: text, right, sourceTokens, tokens, attention, probabilities };
}
