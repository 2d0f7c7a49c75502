import type { HostTensor } from '../../engine/index.ts';

/** A case whose operation or model does not exist yet. It counts as failed. */
export class PendingCase extends Error {}

/** One array against the true one. */
export interface Comparison {
  readonly what: string;
  readonly got: ArrayLike<number>;
  /** Shape of what was got; null where nothing came. */
  readonly shape: readonly number[] | null;
  readonly want: HostTensor;
  readonly relative: number;
  readonly absolute: number;
  /** `norm`: ‖got − want‖ ≤ relative·‖want‖ + absolute. `each`: the same for every element by itself. */
  readonly measure?: 'norm' | 'each';
}

/** The relative error found, and what is wrong, if anything. */
export interface Verdict {
  readonly error: number;
  readonly failure: string | null;
}

export function judge({ what, got, shape, want, relative, absolute, measure = 'norm' }: Comparison): Verdict {
  const dims = (s: readonly number[]): string => `[${s.join(', ')}]`;
  // numpy stores a scalar as [1]
  const scalar = shape?.length === 0 && dims(want.shape) === '[1]';
  if (shape === null || (dims(shape) !== dims(want.shape) && !scalar)) {
    return {
      error: Number.POSITIVE_INFINITY,
      failure: `${what}: shape ${shape ? dims(shape) : 'none'}, want ${dims(want.shape)}`,
    };
  }
  if (want.dtype === 'int32') {
    const off = want.data.findIndex((w, i) => w !== got[i]);
    const failure = off < 0 ? null : `${what}: element ${off} is ${got[off]}, want ${want.data[off]}`;
    return { error: off < 0 ? 0 : 1, failure };
  }
  let error = 0;
  let norm = 0;
  let worst = 0;
  for (let i = 0; i < want.data.length; i++) {
    const w = want.data[i]!;
    const d = got[i]! - w;
    if (Number.isNaN(d)) return { error: Number.NaN, failure: `${what}: element ${i} is ${got[i]}, want ${w}` };
    error += d * d;
    norm += w * w;
    worst = Math.max(worst, Math.abs(d) / (Math.abs(w) * relative + absolute));
  }
  [error, norm] = [Math.sqrt(error), Math.sqrt(norm)];
  const bound = relative * norm + absolute;
  const passed = measure === 'each' ? worst <= 1 : error <= bound;
  // without a relative tolerance, the relative error of the whole
  const scaled = measure === 'each' ? worst * relative : error / (norm + absolute / relative);
  const found = relative === 0 ? error / Math.max(norm, absolute) : scaled;
  const failure = `${what}: error ${error.toExponential(2)}, allowed ${bound.toExponential(2)} (norm ${norm.toExponential(2)})`;
  return { error: found, failure: passed ? null : failure };
}
