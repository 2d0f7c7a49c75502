import { ArgumentError, type Stream } from '../../../engine/index.ts';
import { type GenerationConfig, generationConfig } from './generationConfig.ts';
import type { GenerativeModel } from './generativeModel.ts';
import { type Candidate, candidates, changesAfter, countChanged } from './logitsProcessors.ts';
import { isSampling, type SampleOptions, Sampler } from './sampling.ts';
import { DecodingSession } from './session.ts';

/** A token that was generated, and will not change. */
export interface DecodedToken extends Candidate {
  /** The index of the input that it belongs to. */
  readonly source: number;
  /** True for the end token, and where maxLength ends the sequence. */
  readonly last: boolean;
}

/**
 * Generates from all inputs together, greedily or by sampling, and yields one token per step for every sequence that has
 * not ended. Leaving the loop frees all that it holds.
 *
 * @throws {ArgumentError} at once for an option out of its range
 */
export function decodeTokens<Input = readonly number[]>(
  model: GenerativeModel<Input>,
  inputs: readonly Input[],
  options: SampleOptions = {},
): AsyncGenerator<readonly DecodedToken[], void, undefined> {
  if ((options as { beam?: number }).beam !== undefined) {
    throw new ArgumentError('decodeTokens: a beam decides nothing before its end. Use beamSearch, or leave out beam.');
  }
  const { padId, ...defaults } = model.generationDefaults;
  const config = generationConfig('decode', { ...defaults, ...options }, padId);
  return generate(model, inputs, config, isSampling(options) ? new Sampler('decode', options) : null);
}

/** A sequence while it is generated. */
interface Sequence {
  readonly source: number;
  readonly ids: number[];
  readonly maxLength: number;
  readonly random: Stream | null;
  done: boolean;
}

async function* generate<Input>(
  model: GenerativeModel<Input>,
  inputs: readonly Input[],
  config: GenerationConfig,
  sampler: Sampler | null,
): AsyncGenerator<readonly DecodedToken[], void, undefined> {
  if (inputs.length === 0) return;
  using session = new DecodingSession('decode', model, inputs, config);
  const { processors, eos } = config;
  const { vocab, firstTokens } = session;
  const count = sampler === null ? 1 : (sampler.topK ?? vocab);
  let rows = session.maxLengths.map((maxLength, source): Sequence => {
    return { source, ids: [], maxLength, random: sampler?.stream() ?? null, done: false };
  });
  for (;;) {
    const changes = rows.map(({ ids }) => changesAfter(processors, ids));
    const changed = changes.reduce((most, each) => Math.max(most, countChanged(each)), 0);
    const tokens = rows.map(({ ids, source }) => ids.at(-1) ?? firstTokens[source]!);
    const best = await session.step(tokens, Math.min(vocab, count + changed));
    const decided: DecodedToken[] = [];
    for (const [i, row] of rows.entries()) {
      if (row.done) continue;
      const { ids, random } = row;
      const found = candidates(changes[i]!, best, i, count);
      // every token may be forbidden: then the sequence ends here
      const next = found.length === 0 ? null : random ? sampler!.sample(found, random) : found[0]!;
      if (next !== null) ids.push(next.id);
      row.done = next === null || next.id === eos || ids.length >= row.maxLength;
      if (next !== null) decided.push({ ...next, source: row.source, last: row.done });
    }
    yield decided;
    const live = rows.flatMap(({ done }, i) => (done ? [] : [i]));
    if (live.length === 0) return;
    // Sequences that have ended cost as much as the others until they are dropped, which costs about a step.
    if (2 * live.length <= rows.length) {
      session.reorder(live);
      rows = live.map((i) => rows[i]!);
    }
  }
}
