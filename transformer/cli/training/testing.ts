import { inspectTranslation } from '../../interpret/crossAttention.ts';
import { type Translator, translateMany } from '../../model/translate.ts';
import type { AttentionSample, Sample, TestScores } from '../../report/run.ts';
import type { ReferencedSentence } from '../../text/data/index.ts';
import { bleuTokenizer, corpusBleu, corpusChrf } from '../../text/metrics/index.ts';
import type { Task } from '../../training/tasks/index.ts';
import { isRight } from '../data/tokenizers.ts';

/** Translates every sentence and yields each with its verdict, batch by batch, in no particular order. */
export async function* translateAll(
  translator: Translator,
  sentences: readonly ReferencedSentence[],
  task: Task,
): AsyncGenerator<Sample[]> {
  const sources = sentences.map(({ source }) => source);
  for await (const batch of translateMany(translator, sources)) {
    yield batch.map(({ place, translation: { text } }) => {
      const { source, references } = sentences[place]!;
      return { source, references, output: text, right: isRight(text, references, translator.target, task.isRight) };
    });
  }
}

/** What all samples come to; null for none. */
export function scoresOf(samples: readonly Sample[]): TestScores | null {
  if (samples.length === 0) return null;
  const outputs = samples.map((s) => s.output);
  const references = samples.map((s) => s.references);
  const tokenize = bleuTokenizer(references);
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
  task: Task,
): Promise<AttentionSample> {
  const { text, sourceTokens, tokens, attention, probabilities } = await inspectTranslation(translator, source);
  const right = isRight(text, references, translator.target, task.isRight);
  return { source, references, output: text, right, sourceTokens, tokens, attention, probabilities };
}
