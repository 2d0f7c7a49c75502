import { ArgumentError } from '../../../engine/index.ts';
import { type BeamOptions, beamSearch } from './beam.ts';
import { type DecodeOptions, generationConfig } from './generationConfig.ts';
import type { GenerativeModel } from './generativeModel.ts';
import { type Hypothesis, PartialHypothesis } from './hypothesis.ts';
import { isSampling, type SampleOptions } from './sampling.ts';
import { decodeTokens } from './tokens.ts';

export { type BeamOptions, beamSearch } from './beam.ts';
export type { DecodeOptions } from './generationConfig.ts';
export type { Decoding, GenerationState, GenerativeModel, StartOptions } from './generativeModel.ts';
export { type Hypothesis, lengthPenalty } from './hypothesis.ts';
export { bannedByNgram, type Candidate, type LogitsProcessor, type ScoreChange } from './logitsProcessors.ts';
export type { SampleOptions } from './sampling.ts';
export { type DecodedToken, decodeTokens } from './tokens.ts';

/** Options of every decoding method: beam search where `beam` is given, sampling where one of its options is, else greedy. */
export interface GenerateOptions extends SampleOptions, BeamOptions {}

/**
 * Generates from all inputs together, such as sources (ids with their end token) or prompts. For each input the
 * hypotheses, the best first: `nBest` of a beam search, else one. No inputs give no results.
 *
 * @throws {ArgumentError} for an option out of its range, an input without tokens, or options of both beam and sampling
 */
export async function generate<Input = readonly number[]>(
  model: GenerativeModel<Input>,
  inputs: readonly Input[],
  options: GenerateOptions = {},
): Promise<Hypothesis[][]> {
  const { beam, nBest } = options;
  if (beam !== undefined || nBest !== undefined) {
    if (isSampling(options)) {
      throw new ArgumentError(
        'generate: beam search does not sample. Leave out beam, or temperature, topK, topP and seed.',
      );
    }
    return beamSearch(model, inputs, options);
  }
  const hypotheses = inputs.map(() => new PartialHypothesis());
  for await (const decided of decodeTokens(model, inputs, options)) {
    for (const token of decided) hypotheses[token.source] = hypotheses[token.source]!.append(token);
  }
  const { padId, ...defaults } = model.generationDefaults;
  const { lengthPenalty, eos } = generationConfig('generate', { ...defaults, ...options }, padId);
  return hypotheses.map((hypothesis) => [hypothesis.finish(hypothesis.ids.at(-1) === eos, lengthPenalty)]);
}

/**
 * Greedy decoding: the most probable token at each step, until every sequence has ended. The ids of each, with its end
 * token.
 */
export async function greedyDecode<Input = readonly number[]>(
  model: GenerativeModel<Input>,
  inputs: readonly Input[],
  options: DecodeOptions = {},
): Promise<number[][]> {
  const outputs = inputs.map((): number[] => []);
  for await (const decided of decodeTokens(model, inputs, options)) {
    for (const { source, id } of decided) outputs[source]!.push(id);
  }
  return outputs;
}
