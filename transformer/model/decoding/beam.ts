import { ArgumentError } from '../../../engine/index.ts';
import { compare, Draft, type Hypothesis, lengthPenalty } from './hypothesis.ts';
import {
  affected,
  allowed,
  type Candidate,
  type DecodeOptions,
  type Limits,
  limitsOf,
  type MostProbable,
} from './limits.ts';
import type { Writer } from './running.ts';
import { Session } from './session.ts';

export interface BeamOptions extends DecodeOptions {
  /** Hypotheses followed at a time, for each sentence. Default 4; 1 is the greedy choice. */
  readonly beam?: number;
  /** Hypotheses to return for each sentence, at most `beam`. Default 1. */
  readonly nBest?: number;
}

/**
 * Beam search: of all continuations of the hypotheses at hand, the `beam` best by log-probability are kept at each
 * place; those that set the end mark are done, and no longer followed. The result is ranked by log-probability divided
 * by the length penalty of Wu et al. 2016 (without their coverage). Equal ones: the better parent's first, then the lower id.
 *
 * A sentence is finished when nothing that is still followed can come among its `nBest`: see `Search.beaten`. Where
 * fewer than `nBest` have ended within maxLength, the best of those cut off follow behind them.
 *
 * @returns for each source its hypotheses, the best first: `nBest`, or fewer where there are no more
 * @throws {ArgumentError} for an option out of its range
 */
export async function beamSearch(
  model: Writer,
  sources: readonly (readonly number[])[],
  options: BeamOptions = {},
): Promise<Hypothesis[][]> {
  const { beam = 4, nBest = 1 } = options;
  const limits = limitsOf('beamSearch', options, model.config.padId);
  if (!(Number.isInteger(beam) && beam >= 1)) {
    throw new ArgumentError(`beamSearch: beam ${beam}, expected a whole number of at least 1.`);
  }
  if (!(Number.isInteger(nBest) && nBest >= 1 && nBest <= beam)) {
    throw new ArgumentError(`beamSearch: nBest ${nBest}, expected a whole number from 1 to the beam, ${beam}.`);
  }
  if (sources.length === 0) return [];
  using session = new Session('beamSearch', model, sources, limits);
  const searches = sources.map((_, i) => new Search(limits, beam, nBest, session.longest[i]!, session.first[i]!));
  let open = searches;
  // rows of each source: as many as the one with the most live hypotheses has
  let width = 1;
  for (;;) {
    const spare = open.reduce((n, s) => Math.max(n, s.affected), 0);
    const tokens = open.flatMap((s) => filled(s.tokens, width));
    const best = await session.step(tokens, Math.min(session.vocab, beam + spare));
    for (const [i, search] of open.entries()) search.advance(best, i * width);
    const next = open.flatMap((search, i) => (search.done ? [] : [{ search, first: i * width }]));
    if (next.length === 0) return searches.map((s) => s.results);
    width = next.reduce((n, { search }) => Math.max(n, search.parents.length), 1);
    session.reorder(next.flatMap(({ search, first }) => filled(search.parents, width).map((p) => first + p)));
    open = next.map(({ search }) => search);
  }
}

/** Rows that no hypothesis needs repeat the first one. */
const filled = (list: readonly number[], length: number): number[] =>
  Array.from({ length }, (_, i) => list[i] ?? list[0]!);

/** The search for one sentence. */
class Search {
  readonly #limits: Limits;
  readonly #beam: number;
  readonly #nBest: number;
  /** Most tokens of a hypothesis. */
  readonly #longest: number;
  /** The token before the first one. */
  readonly #first: number;
  #live: readonly Draft[] = [new Draft()];
  #found: Hypothesis[] = [];
  /** Which row each live hypothesis goes on from. */
  parents: readonly number[] = [0];
  done = false;

  constructor(limits: Limits, beam: number, nBest: number, longestOne: number, first: number) {
    this.#limits = limits;
    this.#beam = beam;
    this.#nBest = nBest;
    this.#longest = longestOne;
    this.#first = first;
  }

  /** The last token of each live hypothesis. */
  get tokens(): number[] {
    return this.#live.map(({ ids }) => ids.at(-1) ?? this.#first);
  }

  get affected(): number {
    return this.#live.reduce((n, { ids }) => Math.max(n, affected(this.#limits, ids)), 0);
  }

  get results(): Hypothesis[] {
    return this.#found;
  }

  /** One token further; row `first` and those after it belong to the live hypotheses. */
  advance(best: MostProbable, first: number): void {
    const all: { readonly next: Candidate; readonly parent: number; readonly value: number }[] = [];
    for (const [parent, { ids, value }] of this.#live.entries()) {
      for (const next of allowed(this.#limits, ids, best, first + parent, this.#beam)) {
        all.push({ next, parent, value: value + next.value });
      }
    }
    all.sort((a, b) => b.value - a.value || a.parent - b.parent || a.next.id - b.next.id);
    const live: Draft[] = [];
    const parents: number[] = [];
    for (const { next, parent } of all.slice(0, this.#beam)) {
      const draft = this.#live[parent]!.with(next);
      const ended = next.id === this.#limits.eos;
      if (ended || draft.ids.length >= this.#longest) {
        this.#found.push(draft.finish(ended, this.#limits.alpha));
      } else {
        live.push(draft);
        parents.push(parent);
      }
    }
    // where every continuation is forbidden, what there is was cut off
    if (all.length === 0) for (const draft of this.#live) this.#found.push(draft.finish(false, this.#limits.alpha));
    this.#found = this.#found.sort(compare).slice(0, this.#nBest);
    this.#live = live;
    this.parents = parents;
    this.done = live.length === 0 || this.beaten();
  }

  /**
   * True when no live hypothesis can come before the last one found. Each further token adds a log-probability of at
   * most 0, so a hypothesis of value v ≤ 0 ends with at most v, divided by a length penalty that lies between those of
   * the next length and of the longest: v / the larger of the two is a bound. Equal ones that are longer come later.
   */
  private beaten(): boolean {
    const last = this.#found[this.#nBest - 1];
    if (last === undefined || !last.ended) return false;
    const { alpha } = this.#limits;
    const next = this.#live[0]!.ids.length + 1;
    const bound = this.#live[0]!.value / Math.max(lengthPenalty(next, alpha), lengthPenalty(this.#longest, alpha));
    return last.score >= bound;
  }
}
