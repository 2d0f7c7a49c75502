import { noGrad, scope, type TraceRecord, trace, unscoped } from '../../engine/index.ts';
import type { GenerateOptions } from '../model/decoding/index.ts';
import type { Transformer } from '../model/transformer.ts';
import {
  type ScoredTranslation,
  type TranslatedSource,
  type Translator,
  translateSources,
} from '../model/translate.ts';
import { longest, padded } from '../text/data/batches.ts';
import { BOS } from '../text/tokenizer/index.ts';

/** Cross-attention weights: `attention[layer][head][row][column]`; row: the target token predicted, column: source token. */
export type CrossAttention = readonly (readonly (readonly (readonly number[])[])[])[];

/** A translation, and what each decoder layer attended to at each of its tokens. */
export interface InspectedTranslation extends ScoredTranslation {
  readonly attention: CrossAttention;
  /** Probability the model gave each token it chose. */
  readonly probabilities: readonly number[];
}

/**
 * The cross-attention weights of each decoder layer and head for sources and outputs (ids with their end tokens): the model
 * runs once over the batch, in evaluation mode, with a trace that takes the fused attention apart, and the weights
 * softmax(QKᵀ/√d_k) are read from it. `bos` is the start token of the outputs.
 */
export async function crossAttention(
  model: Transformer,
  sources: readonly (readonly number[])[],
  outputs: readonly (readonly number[])[],
  bos: number = BOS,
): Promise<CrossAttention[]> {
  const { training } = model;
  const { padId } = model.config;
  using recorded = trace({ decompose: ['scaledDotProductAttention'] });
  model.eval();
  unscoped(() =>
    scope(() =>
      noGrad(() => {
        const read = padded(sources, longest(sources), model.device, padId);
        const shifted = outputs.map((ids) => [bos, ...ids.slice(0, -1)]);
        model.forward(read, padded(shifted, longest(shifted), model.device, padId));
        return null;
      }),
    ),
  );
  recorded.stop();
  model.train(training);
  const layers = recorded.find(/crossAttention\..*softmax$/);
  // [batch, heads, rows, columns] of each layer
  const weights = await Promise.all(layers.map(async ({ output }: TraceRecord) => (await output.tolist()) as Nested));
  return outputs.map((ids, i) =>
    weights.map((layer) =>
      layer[i]!.map((head) => head.slice(0, ids.length).map((row) => row.slice(0, sources[i]!.length))),
    ),
  );
}

type Nested = number[][][][];

/** The cross-attention of each translation of a source. */
export const translationAttention = (
  { model, target }: Translator,
  { ids, texts }: Pick<TranslatedSource, 'ids' | 'texts'>,
): Promise<CrossAttention[]> =>
  crossAttention(
    model,
    texts.map(() => ids),
    texts.map((text) => text.ids),
    target.mark('bos'),
  );

/**
 * Translates one sentence, by any method of decoding, with the attention weights of the best translation. A text without
 * tokens has none.
 */
export async function inspectTranslation(
  translator: Translator,
  text: string,
  options: GenerateOptions = {},
): Promise<InspectedTranslation> {
  const [{ ids, texts, translations }] = (await translateSources(translator, [text], options)) as [TranslatedSource];
  const best = translations[0]!;
  if (texts.length === 0) return { ...best, attention: [], probabilities: [] };
  const [attention = []] = await translationAttention(translator, { ids, texts: texts.slice(0, 1) });
  return { ...best, attention, probabilities: best.logProbabilities.map(Math.exp) };
}
