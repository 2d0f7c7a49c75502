import Benchmark from 'benchmark';
import { type Device, noGrad, scope } from '../engine/index.ts';
import type { BenchCase } from './cases.ts';

/** What came of one case. */
export interface Measurement {
  readonly name: string;
  readonly shape: string;
  /** Mean time of a run, in milliseconds, the device's work included. */
  readonly ms: number;
  /** Relative margin of error at 95 %. */
  readonly deviation: number;
  readonly rate: number;
  readonly unit: 'GFLOP/s' | 'GB/s';
}

/** Runs between two waits for the device: a wait costs as much as a small kernel. */
const RUNS = 8;

/** Times one case with benchmark.js; every round waits until the device is done. */
export function measure(c: BenchCase, device: Device): Promise<Measurement> {
  const outer = scope();
  const inputs = c.make(device);
  const round = async (): Promise<void> => {
    for (let i = 0; i < RUNS; i++) scope(() => void noGrad(() => c.run(inputs)));
    await device.sync();
  };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      outer.dispose();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const bench = new Benchmark({
      name: c.name,
      defer: true,
      maxTime: 0.4,
      minSamples: 5,
      fn: (deferred: { resolve: () => void }) => void round().then(() => deferred.resolve(), fail),
      onComplete: () => {
        outer.dispose();
        const seconds = (bench.stats?.mean ?? Number.NaN) / RUNS;
        const work = c.flops ?? c.bytes;
        resolve({
          name: c.name,
          shape: c.shape,
          ms: seconds * 1000,
          deviation: (bench.stats?.rme ?? Number.NaN) / 100,
          rate: work / seconds / 1e9,
          unit: c.flops === null ? 'GB/s' : 'GFLOP/s',
        });
      },
      onError: (event: { target?: { error?: unknown } }) => fail(event.target?.error),
    });
    // the first run compiles; it is not counted
    round().then(() => bench.run({ async: true }), fail);
  });
}
