import { ArgumentError, defaultGenerator, Generator, type Stream } from '../../../engine/index.ts';
import type { Candidate, DecodeOptions } from './limits.ts';

/** How to draw tokens instead of taking the best one. Any of these asks for drawing. */
export interface SampleOptions extends DecodeOptions {
  /** T > 0: probabilities become p^(1/T), normalised; below 1 bolder, above 1 more even. Default 1. */
  readonly temperature?: number;
  /** Only the k most probable tokens. */
  readonly topK?: number;
  /** Only the fewest most probable tokens whose probabilities add up to p (nucleus; Holtzman et al. 2020). */
  readonly topP?: number;
  /** Same seed, same tokens. Default: the default generator, which `manualSeed` starts anew. */
  readonly seed?: number;
  readonly generator?: Generator;
}

export const asksForDrawing = ({ temperature, topK, topP, seed, generator }: SampleOptions): boolean =>
  [temperature, topK, topP, seed, generator].some((v) => v !== undefined);

/** Draws one token after another; each sentence has random numbers of its own, so the others do not matter to it. */
export class Sampler {
  /** Candidates it must be shown; null for all. */
  readonly wanted: number | null;
  readonly #temperature: number;
  readonly #topP: number;
  readonly #generator: Generator;

  /** @throws {ArgumentError} for a number out of its range */
  constructor(caller: string, { temperature = 1, topK, topP = 1, seed, generator }: SampleOptions) {
    if (!(temperature > 0 && Number.isFinite(temperature))) {
      throw new ArgumentError(
        `${caller}: temperature ${temperature}, expected a number above 0. For the best token each time leave it out.`,
      );
    }
    if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
      throw new ArgumentError(`${caller}: topK ${topK}, expected a whole number of at least 1.`);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new ArgumentError(`${caller}: topP ${topP}, expected a probability above 0 and at most 1.`);
    }
    this.wanted = topK ?? null;
    this.#temperature = temperature;
    this.#topP = topP;
    this.#generator = seed === undefined ? (generator ?? defaultGenerator) : new Generator(seed);
  }

  /** The random numbers of the next sentence. */
  stream(): Stream {
    return this.#generator.next();
  }

  /** One of `candidates`, which come with the best first. */
  choose(candidates: readonly Candidate[], stream: Stream): Candidate {
    const top = candidates[0]!.value;
    const weights = candidates.map(({ value }) => Math.exp((value - top) / this.#temperature));
    const all = weights.reduce((a, b) => a + b, 0);
    // the nucleus: as many as it takes to hold topP of the whole
    let kept = 0;
    let mass = 0;
    while (kept < weights.length && (kept === 0 || mass < this.#topP * all)) mass += weights[kept++]!;
    let left = stream.uniform() * mass;
    for (let i = 0; i < kept; i++) {
      left -= weights[i]!;
      if (left < 0) return candidates[i]!;
    }
    return candidates[kept - 1]!;
  }
}
