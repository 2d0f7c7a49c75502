/** Everything that is timed, by suite. */
import { attentionCases } from './attention.ts';
import type { BenchCase, SuiteName } from './case.ts';
import { kernelCases } from './kernels.ts';
import { decodeCases, memoryCases, overheadCases, trainingCases } from './whole.ts';

const CASES: Readonly<Record<SuiteName, () => readonly BenchCase[]>> = {
  kernels: kernelCases,
  attention: attentionCases,
  training: trainingCases,
  decode: decodeCases,
  overhead: overheadCases,
  memory: memoryCases,
};

export const casesOf = (suites: readonly SuiteName[]): BenchCase[] => suites.flatMap((suite) => [...CASES[suite]()]);

/** The most floating-point operations that a case may have: a software adapter computes on the CPU, one number at a time. */
export const MOST_FLOPS = {
  processor: 2 * 4096 ** 3,
  software: 2 * 1024 ** 3,
  card: Number.POSITIVE_INFINITY,
  /** With `--quick`. */
  quick: 3e9,
} as const;

/** Whether a device is asked to run a case at all. What is run once, for its memory, may take ten times as long. */
export const fits = (c: BenchCase, most: number): boolean =>
  c.work?.unit !== 'flops' || c.work.amount <= (c.kind === 'memory' ? 10 * most : most);
