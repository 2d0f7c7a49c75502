import { expect } from 'vitest';

/** ‖got − want‖ / ‖want‖ and both norms, NaN where anything is. */
export function distance(got: ArrayLike<number>, want: ArrayLike<number>): { error: number; norm: number } {
  let error = 0;
  let norm = 0;
  for (let i = 0; i < want.length; i++) {
    error += (got[i]! - want[i]!) ** 2;
    norm += want[i]! ** 2;
  }
  return { error: Math.sqrt(error), norm: Math.sqrt(norm) };
}

/** Holds ‖got − want‖ ≤ relative·‖want‖ + absolute, and the lengths. A NaN anywhere fails. */
export function expectClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { relative = 1e-5, absolute = 1e-6, label = '' } = {},
): void {
  expect(got.length, `${label}: number of elements`).toBe(want.length);
  const { error, norm } = distance(got, want);
  const bound = relative * norm + absolute;
  if (!(error <= bound)) {
    const first = Array.from(want, (_, i) => i).find(
      (i) => !(Math.abs(got[i]! - want[i]!) <= bound / Math.sqrt(want.length)),
    );
    expect.fail(
      `${label}: ‖got − want‖ = ${error}, allowed ${bound}; first off at ${first}: got ${got[first ?? 0]}, want ${want[first ?? 0]}`,
    );
  }
}
