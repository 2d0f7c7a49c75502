import { noGrad, scope, type TraceRecord, trace, unscoped } from '../../engine/index.ts';
import { type GenerateOptions, generate } from '../model/decoding/index.ts';
import type { Transformer } from '../model/transformer.ts';
import {
  encodeSource,
  NOTHING,
  type ScoredTranslation,
  spelled,
  type Translator,
  targetMarks,
} from '../model/translate.ts';
import { padded } from '../text/data/batches.ts';
import { BOS } from '../text/tokenizer/index.ts';

/** Cross-attention weights: `attention[layer][head][row][column]`; row: the target token predicted, column: source token. */
export type CrossAttention = readonly (readonly (readonly (readonly number[])[])[])[];

/** A translation and what each decoder layer looked at while making it. */
export interface InspectedTranslation extends ScoredTranslation {
  readonly attention: CrossAttention;
  /** Probability the model gave each token it chose. */
  readonly probabilities: readonly number[];
}

/**
 * What each decoder layer and head looks at in the sources while it writes the outputs (ids with their end marks): the
 * model runs once over the batch with a trace that takes the fused attention apart, and the weights are read from it:
 * softmax(QKᵀ/√d_k) as it was, in evaluation mode. `bos` is the start mark the outputs were written behind.
 */
export async function crossAttention(
  model: Transformer,
  sources: readonly (readonly number[])[],
  outputs: readonly (readonly number[])[],
  bos: number = BOS,
): Promise<CrossAttention[]> {
  const longest = (rows: readonly (readonly number[])[]): number => rows.reduce((n, r) => Math.max(n, r.length), 1);
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

/**
 * Translates one sentence, in any of the ways there are, and shows what the model looked at while it wrote the best
 * translation. A text without tokens has no attention to show.
 */
export async function inspectTranslation(
  translator: Translator,
  text: string,
  options: GenerateOptions = {},
): Promise<InspectedTranslation> {
  const ids = encodeSource(translator, text);
  if (ids === null) return { ...NOTHING, attention: [], probabilities: [] };
  const [[best] = []] = await generate(translator.model, [ids], { ...targetMarks(translator), ...options });
  const [attention = []] = await crossAttention(translator.model, [ids], [best!.ids], translator.target.mark('bos'));
  const probabilities = best!.logProbabilities.map(Math.exp);
  return { ...spelled(translator, ids, best!), attention, probabilities };
}
