import type { Tensor } from '../tensor.ts';
import { eq } from './binary.ts';
import { sqrt } from './unary.ts';
import { maskedFill } from './where.ts';

/** f(x) for x ≥ 0 with f(0) = 0, and a gradient of 0 there, where that of f is infinite or not a number. */
export function fromZero(x: Tensor, f: (positive: Tensor) => Tensor): Tensor {
  const zero = eq(x.detach(), 0);
  return maskedFill(f(maskedFill(x, zero, 1)), zero, 0);
}

/** √x with a gradient of 0 at 0. */
export const root = (x: Tensor): Tensor => fromZero(x, sqrt);
