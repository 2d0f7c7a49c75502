import { ArgumentError, type Stream } from '../../../engine/index.ts';
import { affected, allowed, type Candidate, type Limits, limitsOf } from './limits.ts';
import type { Writer } from './running.ts';
import { asksForDrawing, type SampleOptions, Sampler } from './sample.ts';
import { Session } from './session.ts';

/** A token that was decided, and will not change. */
export interface DecodedToken extends Candidate {
  /** Which of the sources it belongs to. */
  readonly source: number;
  /** True for the end mark, and where maxLength cuts off. */
  readonly last: boolean;
}

/**
 * Decodes sources together, the best token each time or one that is drawn, and yields what was decided at each place:
 * one token for every sentence that has not ended. Leaving the loop frees all that it holds.
 *
 * @throws {ArgumentError} at once for an option out of its range
 */
export function decodeTokens(
  model: Writer,
  sources: readonly (readonly number[])[],
  options: SampleOptions = {},
): AsyncGenerator<readonly DecodedToken[], void, undefined> {
  if ((options as { beam?: number }).beam !== undefined) {
    throw new ArgumentError('decodeTokens: a beam decides nothing before its end. Use beamSearch, or leave out beam.');
  }
  const limits = limitsOf('decode', options, model.config.padId);
  return generate(model, sources, limits, asksForDrawing(options) ? new Sampler('decode', options) : null);
}

interface Row {
  readonly source: number;
  readonly written: number[];
  readonly limit: number;
  readonly random: Stream | null;
  done: boolean;
}

async function* generate(
  model: Writer,
  sources: readonly (readonly number[])[],
  limits: Limits,
  sampler: Sampler | null,
): AsyncGenerator<readonly DecodedToken[], void, undefined> {
  if (sources.length === 0) return;
  using session = new Session('decode', model, sources, limits);
  const { vocab, first } = session;
  const wanted = sampler === null ? 1 : (sampler.wanted ?? vocab);
  let rows = session.longest.map((limit, source): Row => {
    return { source, written: [], limit, random: sampler?.stream() ?? null, done: false };
  });
  for (;;) {
    const spare = rows.reduce((n, { written }) => Math.max(n, affected(limits, written)), 0);
    const tokens = rows.map(({ written, source }) => written.at(-1) ?? first[source]!);
    const best = await session.step(tokens, Math.min(vocab, wanted + spare));
    const decided: DecodedToken[] = [];
    for (const [i, row] of rows.entries()) {
      if (row.done) continue;
      const { written, random } = row;
      const candidates = allowed(limits, written, best, i, wanted);
      // every token may be forbidden: then nothing can follow
      const next = candidates.length === 0 ? null : random ? sampler!.choose(candidates, random) : candidates[0]!;
      if (next !== null) written.push(next.id);
      row.done = next === null || next.id === limits.eos || written.length >= row.limit;
      if (next !== null) decided.push({ ...next, source: row.source, last: row.done });
    }
    yield decided;
    const live = rows.flatMap(({ done }, i) => (done ? [] : [i]));
    if (live.length === 0) return;
    // Sentences that ended cost as much as the others until they are dropped, which costs about a step.
    if (2 * live.length <= rows.length) {
      session.reorder(live);
      rows = live.map((i) => rows[i]!);
    }
  }
}
