import type { Work } from '../suite/case.ts';
import type { Row } from './row.ts';

/** The value below which a fraction lies, between neighbours by the straight line. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const low = Math.floor(at);
  const below = sorted[low] ?? Number.NaN;
  return below + (at - low) * ((sorted[low + 1] ?? below) - below);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** (third quartile − first) / median: noise of a few interrupted samples hardly moves it. */
export const spread = (values: readonly number[]): number =>
  (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);

/** The rate that a time is, in the unit that says most of the work. */
export function rate(work: Work | null, ms: number): Pick<Row, 'gflops' | 'gbps' | 'tokens_per_s'> {
  if (work === null) return {};
  const perSecond = work.amount / (ms / 1000);
  switch (work.unit) {
    case 'flops':
      return { gflops: perSecond / 1e9 };
    case 'bytes':
      return { gbps: perSecond / 1e9 };
    case 'tokens':
      return { tokens_per_s: perSecond };
  }
}
