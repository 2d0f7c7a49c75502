/** Everything that is timed, by suite. */
import { attentionCases } from './attention.ts';
import { type BenchCase, type SuiteName, sizeOf } from './case.ts';
import { kernelCases } from './kernels.ts';
import { parameterShapes } from './models.ts';
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

/** What a case is asked of: a software adapter computes on the CPU, a number or four at a time. */
export type Machine = 'processor' | 'software' | 'card';

/** The most floating-point operations of a kernel that is timed. */
const MOST_FLOPS: Readonly<Record<Machine, number>> = {
  processor: 2 * 4096 ** 3,
  software: 2 * 1024 ** 3,
  card: Number.POSITIVE_INFINITY,
};
const MOST_QUICK = 3e9;
/** What is more than a kernel is run a few times only, so it may have more; on a real machine anything. */
const MOST_WHOLE: Readonly<Record<Machine, number>> = {
  processor: Number.POSITIVE_INFINITY,
  software: 2e10,
  card: Number.POSITIVE_INFINITY,
};

/** About the floating-point operations of a run. */
function flopsOf(c: BenchCase): number {
  if (c.kind !== 'training' && c.kind !== 'decode') return c.work?.unit === 'flops' ? c.work.amount : 0;
  const parameters = Object.values(parameterShapes(c.model)).reduce((sum, shape) => sum + sizeOf(shape), 0);
  // two for each parameter and token, and twice that on the way back
  return (c.kind === 'training' ? 6 : 2) * parameters * (c.work?.amount ?? 0);
}

/** Whether a machine is asked to run a case at all. */
export const fits = (c: BenchCase, machine: Machine, quick: boolean): boolean => {
  const kernel = c.kind === 'op' || c.kind === 'adam';
  const most = kernel ? Math.min(MOST_FLOPS[machine], quick ? MOST_QUICK : MOST_FLOPS[machine]) : MOST_WHOLE[machine];
  return flopsOf(c) <= most;
};
