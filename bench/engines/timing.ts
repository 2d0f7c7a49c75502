import Benchmark from 'benchmark';
import type { SampleOptions, Task } from './engine.ts';

/** Compilers of JavaScript and WebAssembly work while code runs: this long is not counted. */
const WARM_UP_MS = 300;
/** A wait for the device costs as much as a small kernel: runs between two waits. */
const MOST_RUNS = 512;
const BETWEEN_WAITS_MS = 4;

/** A run that takes this long says enough by itself. */
const LONG_MS = 250;

/** Times one task with benchmark.js, round after round; what it learnt of the task it keeps. */
export class Timer {
  readonly #task: Task;
  /** Milliseconds of a run, as far as the warm-up could tell. */
  #ms: number | null = null;
  /** Batches in a sample, as benchmark.js found it. */
  #count = 1;

  constructor(task: Task) {
    this.#task = task;
  }

  /** Milliseconds of a run, once for each sample; long runs are sampled once. */
  async sample({ samples, seconds }: SampleOptions): Promise<number[]> {
    const ms = (this.#ms ??= await this.#warmUp(seconds));
    const runs = Math.max(1, Math.min(MOST_RUNS, Math.ceil(BETWEEN_WAITS_MS / Math.max(ms, 1e-4))));
    const periods = await new Promise<readonly number[]>((resolve, reject) => {
      const failed = (event: { target?: { error?: unknown } }): void => reject(event.target?.error);
      const bench = new Benchmark({
        ...{ name: 'task', defer: true, delay: 0.001, initCount: this.#count },
        ...{ minSamples: ms > LONG_MS ? 1 : samples, minTime: seconds, maxTime: 0 },
        fn: (deferred: { resolve: () => void }) => {
          const done = this.#task.run(runs);
          if (done === undefined) deferred.resolve();
          else done.then(() => deferred.resolve(), reject);
        },
        onComplete: () => {
          this.#count = Math.max(1, bench.count ?? 1);
          resolve(bench.stats?.sample ?? []);
        },
        onError: failed,
        onAbort: failed,
      });
      bench.run({ async: true });
    });
    return periods.map((s) => (s * 1000) / runs);
  }

  /** Runs until compilers have done their work; the least milliseconds that a run took. */
  async #warmUp(seconds: number): Promise<number> {
    const wanted = Math.min(WARM_UP_MS, seconds * 10_000);
    const begun = performance.now();
    let ms = Number.POSITIVE_INFINITY;
    do {
      const start = performance.now();
      await this.#task.run(1);
      ms = Math.min(ms, performance.now() - start);
    } while (performance.now() - begun < wanted);
    return ms;
  }
}
