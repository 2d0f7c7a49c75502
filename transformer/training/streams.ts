import { Generator, type Module, manualSeed } from '../../engine/index.ts';

/** More than any model has dropouts in one pass. */
const STREAMS_PER_PASS = 4096;

/**
 * Gives every pass of training random numbers of its own, a function of the seed and of the number of the pass: dropout
 * leaves out the same, wherever a run was stopped, and whether the modules were made with a generator or draw from the
 * default one.
 */
export class PassStreams {
  readonly #seed: number;
  readonly #own: readonly Generator[];

  constructor(model: Module, seed: number) {
    this.#seed = seed;
    const own = [...model.modules()].map((module) => (module as { generator?: unknown }).generator);
    this.#own = [...new Set(own.filter((g) => g instanceof Generator))];
  }

  /** Starts all generators for a pass, counted from 0 over the whole run. */
  begin(pass: number): void {
    const seed = this.#seed;
    const each = Math.floor(STREAMS_PER_PASS / (1 + this.#own.length));
    for (const [i, generator] of [...this.#own, manualSeed(seed)].entries()) {
      generator.state = { seed, stream: pass * STREAMS_PER_PASS + i * each };
    }
  }
}
