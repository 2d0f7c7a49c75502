import { ArgumentError } from '../../../engine/index.ts';
import { type DecodeOptions, type GenerationConfig, generationConfig } from './generationConfig.ts';
import type { GenerativeModel } from './generativeModel.ts';
import { compare, type Hypothesis, lengthPenalty, PartialHypothesis } from './hypothesis.ts';
import {
  type Candidate,
  candidates,
  changesAfter,
  countChanged,
  type MostProbable,
  type ScoreChange,
} from './logitsProcessors.ts';
import { DecodingSession } from './session.ts';

export interface BeamOptions extends DecodeOptions {
  /** Hypotheses that are extended at each step, per input; 1 is greedy. Default: 4. */
  readonly beam?: number;
  /** Hypotheses to return per input, at most `beam`. Default: 1. */
  readonly nBest?: number;
}

/**
 * Beam search: of all extensions of the live hypotheses by one token, the `beam` best by log-probability are kept at each
 * step; those that end in the end token are finished, and no longer extended. The result is ranked by log-probability
 * divided by the length penalty of Wu et al. 2016 (without their coverage penalty). Of equal ones the better parent's come
 * first, then the lower id.
 *
 * The search for an input ends when no live hypothesis can come among its `nBest`: see `Search.beaten`. Where fewer than
 * `nBest` have ended within maxLength, the best of those that were cut off follow.
 *
 * @returns for each input its hypotheses, the best first: `nBest`, or fewer where there are no more
 * @throws {ArgumentError} for an option out of its range
 */
export async function beamSearch<Input = readonly number[]>(
  model: GenerativeModel<Input>,
  inputs: readonly Input[],
  options: BeamOptions = {},
): Promise<Hypothesis[][]> {
  const { beam = 4, nBest = 1 } = options;
  const { padId, ...defaults } = model.generationDefaults;
  const config = generationConfig('beamSearch', { ...defaults, ...options }, padId);
  if (!(Number.isInteger(beam) && beam >= 1)) {
    throw new ArgumentError(`beamSearch: beam ${beam}, expected a whole number of at least 1.`);
  }
  if (!(Number.isInteger(nBest) && nBest >= 1 && nBest <= beam)) {
    throw new ArgumentError(`beamSearch: nBest ${nBest}, expected a whole number from 1 to the beam, ${beam}.`);
  }
  if (inputs.length === 0) return [];
  using session = new DecodingSession('beamSearch', model, inputs, config);
  const { maxLengths, firstTokens } = session;
  const searches = inputs.map((_, i) => new Search(config, beam, nBest, maxLengths[i]!, firstTokens[i]!));
  let open = searches;
  // rows of each input: as many as the one with the most live hypotheses has
  let width = 1;
  for (;;) {
    const changed = open.reduce((most, search) => Math.max(most, search.changed), 0);
    const tokens = open.flatMap((search) => filled(search.tokens, width));
    const best = await session.step(tokens, Math.min(session.vocab, beam + changed));
    for (const [i, search] of open.entries()) search.advance(best, i * width);
    const next = open.flatMap((search, i) => (search.done ? [] : [{ search, first: i * width }]));
    if (next.length === 0) return searches.map((search) => search.results);
    width = next.reduce((most, { search }) => Math.max(most, search.parents.length), 1);
    session.reorder(next.flatMap(({ search, first }) => filled(search.parents, width).map((p) => first + p)));
    open = next.map(({ search }) => search);
  }
}

/** Rows that no hypothesis needs repeat the first one. */
const filled = (list: readonly number[], length: number): number[] =>
  Array.from({ length }, (_, i) => list[i] ?? list[0]!);

/** The search for one input. */
class Search {
  readonly #config: GenerationConfig;
  readonly #beam: number;
  readonly #nBest: number;
  /** The most tokens of a hypothesis. */
  readonly #maxLength: number;
  /** The token before the first one that is generated. */
  readonly #firstToken: number;
  #live: readonly PartialHypothesis[] = [new PartialHypothesis()];
  /** What the logits processors change for each live hypothesis. */
  #changes: readonly (readonly ScoreChange[])[];
  #finished: Hypothesis[] = [];
  /** The row that each live hypothesis continues. */
  parents: readonly number[] = [0];
  done = false;

  constructor(config: GenerationConfig, beam: number, nBest: number, maxLength: number, firstToken: number) {
    this.#config = config;
    this.#beam = beam;
    this.#nBest = nBest;
    this.#maxLength = maxLength;
    this.#firstToken = firstToken;
    this.#changes = this.#live.map(({ ids }) => changesAfter(config.processors, ids));
  }

  /** The last token of each live hypothesis. */
  get tokens(): number[] {
    return this.#live.map(({ ids }) => ids.at(-1) ?? this.#firstToken);
  }

  /** How many tokens the logits processors change, for the hypothesis where they change the most. */
  get changed(): number {
    return this.#changes.reduce((most, changes) => Math.max(most, countChanged(changes)), 0);
  }

  get results(): Hypothesis[] {
    return this.#finished;
  }

  /** Extends the hypotheses by one token. Row `first` and those after it belong to the live hypotheses. */
  advance(best: MostProbable, first: number): void {
    const { eos, lengthPenalty: alpha, processors } = this.#config;
    const all: { readonly next: Candidate; readonly parent: number; readonly score: number }[] = [];
    for (const [parent, { score }] of this.#live.entries()) {
      for (const next of candidates(this.#changes[parent]!, best, first + parent, this.#beam)) {
        all.push({ next, parent, score: score + next.score });
      }
    }
    all.sort((a, b) => b.score - a.score || a.parent - b.parent || a.next.id - b.next.id);
    const live: PartialHypothesis[] = [];
    const parents: number[] = [];
    for (const { next, parent } of all.slice(0, this.#beam)) {
      const extended = this.#live[parent]!.append(next);
      const ended = next.id === eos;
      if (ended || extended.ids.length >= this.#maxLength) {
        this.#finished.push(extended.finish(ended, alpha));
      } else {
        live.push(extended);
        parents.push(parent);
      }
    }
    // where every extension is forbidden, the hypotheses are cut off as they are
    if (all.length === 0) for (const cut of this.#live) this.#finished.push(cut.finish(false, alpha));
    this.#finished = this.#finished.sort(compare).slice(0, this.#nBest);
    this.#live = live;
    this.#changes = live.map(({ ids }) => changesAfter(processors, ids));
    this.parents = parents;
    this.done = live.length === 0 || this.beaten();
  }

  /**
   * True when no live hypothesis can come before the last of the `nBest` that finished. Each further token adds a
   * log-probability of at most 0, so a hypothesis of score s ≤ 0 ends with at most s, divided by a length penalty between
   * those of the next length and of the longest: s / the larger of the two is a bound. Equal ones that are longer come later.
   * Where a processor may raise scores there is no bound, and the search goes on to the longest.
   */
  private beaten(): boolean {
    const last = this.#finished[this.#nBest - 1];
    const { lengthPenalty: alpha, scoresFall } = this.#config;
    if (!scoresFall || last === undefined || !last.ended) return false;
    const next = this.#live[0]!.ids.length + 1;
    const bound = this.#live[0]!.score / Math.max(lengthPenalty(next, alpha), lengthPenalty(this.#maxLength, alpha));
    return last.score >= bound;
  }
}
