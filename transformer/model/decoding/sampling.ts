import { ArgumentError, defaultGenerator, Generator, type Stream } from '../../../engine/index.ts';
import type { DecodeOptions } from './generationConfig.ts';
import type { Candidate } from './logitsProcessors.ts';

/** How to sample tokens instead of taking the most probable one. Giving any of these turns sampling on. */
export interface SampleOptions extends DecodeOptions {
  /** T > 0: probabilities become p^(1/T), normalised; T < 1 sharpens them, T > 1 flattens them. Default: 1. */
  readonly temperature?: number;
  /** Sample from the k most probable tokens only. Default: all. */
  readonly topK?: number;
  /** Sample from the smallest set of most probable tokens whose probabilities sum to p (nucleus; Holtzman et al. 2020). Default: 1. */
  readonly topP?: number;
  /** The same seed gives the same tokens. Default: `generator`. */
  readonly seed?: number;
  /** Default: the default generator, which `manualSeed` seeds. */
  readonly generator?: Generator;
}

/** Whether any option of sampling is given. */
export const isSampling = ({ temperature, topK, topP, seed, generator }: SampleOptions): boolean =>
  [temperature, topK, topP, seed, generator].some((v) => v !== undefined);

/** Samples tokens. Each sequence has a stream of random numbers of its own, so it does not depend on the others. */
export class Sampler {
  /** How many candidates it samples from; null for all. */
  readonly topK: number | null;
  readonly #temperature: number;
  readonly #topP: number;
  readonly #generator: Generator;

  /** @throws {ArgumentError} for a number out of its range */
  constructor(caller: string, { temperature = 1, topK, topP = 1, seed, generator }: SampleOptions) {
    if (!(temperature > 0 && Number.isFinite(temperature))) {
      throw new ArgumentError(
        `${caller}: temperature ${temperature}, expected a number above 0. Leave it out for the most probable token each time.`,
      );
    }
    if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
      throw new ArgumentError(`${caller}: topK ${topK}, expected a whole number of at least 1.`);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new ArgumentError(`${caller}: topP ${topP}, expected a probability above 0 and at most 1.`);
    }
    this.topK = topK ?? null;
    this.#temperature = temperature;
    this.#topP = topP;
    this.#generator = seed === undefined ? (generator ?? defaultGenerator) : new Generator(seed);
  }

  /** The random numbers of the next sequence. */
  stream(): Stream {
    return this.#generator.next();
  }

  /** One of `candidates`, which are sorted, the best first. */
  sample(candidates: readonly Candidate[], stream: Stream): Candidate {
    const top = candidates[0]!.score;
    const weights = candidates.map(({ score }) => Math.exp((score - top) / this.#temperature));
    const all = weights.reduce((a, b) => a + b, 0);
    // the nucleus: as many as it takes for topP of the total
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
