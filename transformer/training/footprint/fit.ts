/** Whether training fits into a device, and which batches would. */
import type { Device } from '../../../engine/index.ts';
import type { MemoryEstimate } from './estimate.ts';

/** What a device has, as its `memory()` tells. */
export type MemoryLimits = Pick<ReturnType<Device['memory']>, 'limitBytes' | 'bufferLimitBytes'>;

/** A pool loses room between buffers of many sizes: 3 to 17 % were measured on wasm. */
const BETWEEN_BUFFERS = 1.25;

/** More than there is, in bytes. */
export interface Excess {
  readonly wanted: number;
  readonly there: number;
}

/** What an estimate asks for beyond a limit, room between buffers counted; null when it fits. */
export function exceeded(
  { peak, largest }: Pick<MemoryEstimate, 'peak' | 'largest'>,
  limits: MemoryLimits,
): Excess | null {
  const { limitBytes, bufferLimitBytes } = limits;
  const wanted = peak * BETWEEN_BUFFERS;
  if (limitBytes !== null && wanted > limitBytes) return { wanted, there: limitBytes };
  return largest > bufferLimitBytes ? { wanted: largest, there: bufferLimitBytes } : null;
}

/** Batches are proposed in steps of as many tokens. */
const STEP = 64;

/**
 * The most tokens of a batch, a multiple of 64 below `most`, for which `fits` says yes; null where 64 are too many.
 * What fits is taken to fit with fewer tokens too.
 */
export async function largestBatchTokens(
  most: number,
  fits: (batchTokens: number) => Promise<boolean>,
): Promise<number | null> {
  let low = 0;
  let high = Math.ceil(most / STEP);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await fits(middle * STEP)) low = middle;
    else high = middle;
  }
  return low === 0 ? null : low * STEP;
}
