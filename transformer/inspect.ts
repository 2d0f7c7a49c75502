import { noGrad, scope, trace } from '../engine/index.ts';
import { padded } from './data.ts';
import { type DecodeOptions, greedyDecode, type Translation, type Translator } from './decode.ts';
import { BOS, EOS } from './tokenizer.ts';

/** A translation and what each decoder layer looked at while making it. */
export interface InspectedTranslation extends Translation {
  /** Cross-attention weights: `attention[layer][head][row][column]`; row: the target token predicted, column: source token. */
  readonly attention: readonly (readonly (readonly (readonly number[])[])[])[];
  /** Probability the model gave each token it chose. */
  readonly probabilities: readonly number[];
}

/**
 * Translates one sentence, then runs the model once over the result with a trace that takes the fused attention apart,
 * and reads the weights from it: softmax(QKᵀ/√d_k) as it was, in evaluation mode, for each layer and head.
 */
export async function inspectTranslation(
  translator: Translator,
  text: string,
  options: DecodeOptions = {},
): Promise<InspectedTranslation> {
  const { model, source, target } = translator;
  const ids = [...source.encode(text), EOS];
  const [output = []] = await greedyDecode(model, [ids], options);
  const wasTraining = model.training;
  model.eval();
  using _ = scope();
  using recorded = trace({ decompose: ['scaledDotProductAttention'] });
  const scores = noGrad(() => {
    const read = padded([ids], ids.length, model.device);
    const written = padded([[BOS, ...output.slice(0, -1)]], Math.max(1, output.length), model.device);
    return model.forward(read, written).softmax(-1);
  });
  recorded.stop();
  model.train(wasTraining);
  const vocab = target.size;
  const probability = await scores.data();
  const layers = recorded.find(/crossAttention\..*softmax$/);
  const attention = await Promise.all(layers.map(({ output: weights }) => weights.tolist()));
  return {
    text: target.decode(output),
    sourceTokens: source.tokens(ids),
    tokens: target.tokens(output),
    // [1, heads, rows, columns] → [heads, rows, columns]
    attention: attention.map((a) => (a as unknown as number[][][][])[0]!),
    probabilities: output.map((id, row) => probability[row * vocab + id]!),
  };
}
