import { ArgumentError } from '../../../engine/index.ts';
import { type BeamOptions, beamSearch } from './beam.ts';
import { Draft, type Hypothesis } from './hypothesis.ts';
import { type DecodeOptions, limitsOf } from './limits.ts';
import type { Writer } from './running.ts';
import { asksForDrawing, type SampleOptions } from './sample.ts';
import { decodeTokens } from './tokens.ts';

export { type BeamOptions, beamSearch } from './beam.ts';
export { type Hypothesis, lengthPenalty } from './hypothesis.ts';
export { bannedByNgram, type DecodeOptions } from './limits.ts';
export type { Writer } from './running.ts';
export type { SampleOptions } from './sample.ts';
export { type DecodedToken, decodeTokens } from './tokens.ts';

/** Every way of decoding: beam search where `beam` is given, drawing where one of its options is, else greedy. */
export interface GenerateOptions extends SampleOptions, BeamOptions {}

/**
 * Decodes sources (ids with their end mark) together; for each, its hypotheses, the best first: `nBest` of a beam
 * search, else one. No sources give no results.
 *
 * @throws {ArgumentError} for an option out of its range, a source without tokens, or a beam search that should draw
 */
export async function generate(
  model: Writer,
  sources: readonly (readonly number[])[],
  options: GenerateOptions = {},
): Promise<Hypothesis[][]> {
  const { beam, nBest } = options;
  if (beam !== undefined || nBest !== undefined) {
    if (asksForDrawing(options)) {
      throw new ArgumentError(
        'generate: beam search draws no tokens. Leave out beam, or temperature, topK, topP and seed.',
      );
    }
    return beamSearch(model, sources, options);
  }
  const drafts = sources.map(() => new Draft());
  for await (const decided of decodeTokens(model, sources, options)) {
    for (const token of decided) drafts[token.source] = drafts[token.source]!.with(token);
  }
  const { alpha, eos } = limitsOf('generate', options, model.config.padId);
  return drafts.map((draft) => [draft.finish(draft.ids.at(-1) === eos, alpha)]);
}

/**
 * Greedy decoding: at each place the most probable token, until every sentence of the batch has ended.
 * Returns the ids of each translation, with its end mark.
 */
export async function greedyDecode(
  model: Writer,
  sources: readonly (readonly number[])[],
  options: DecodeOptions = {},
): Promise<number[][]> {
  const outputs = sources.map((): number[] => []);
  for await (const decided of decodeTokens(model, sources, options)) {
    for (const { source, id } of decided) outputs[source]!.push(id);
  }
  return outputs;
}
