/** What an engine gave back, by name: `output`, and `d x` for the gradient of an input x. */
export type Outputs = Readonly<Record<string, ArrayLike<number>>>;

/** How far a number may be off: relative to itself, and relative to the root mean square of all of its array. */
export interface Tolerance {
  readonly own: number;
  readonly typical: number;
}

/** float32 arithmetic in any order, with approximations of exp and erf as libraries have them. */
export const FLOAT32: Tolerance = { own: 1e-3, typical: 1e-4 };

/** Why `got` is not `want`, or null. A NaN, a missing number and one that was never written are differences. */
export function difference(
  name: string,
  got: ArrayLike<number> | undefined,
  want: ArrayLike<number>,
  { own, typical }: Tolerance = FLOAT32,
): string | null {
  if (got === undefined) return `${name} is missing`;
  if (got.length !== want.length) return `${name} has ${got.length} numbers, expected ${want.length}`;
  let squares = 0;
  for (let i = 0; i < want.length; i++) squares += want[i]! ** 2;
  const floor = typical * Math.sqrt(squares / Math.max(1, want.length)) + 1e-30;
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i]! - want[i]!);
    if (!(off <= own * Math.abs(want[i]!) + floor)) return `${name}[${i}] is ${got[i]}, expected ${want[i]}`;
  }
  return null;
}

/** The first of several differences. */
export const first = (...problems: readonly (string | null)[]): string | null =>
  problems.find((problem) => problem !== null) ?? null;

export function largest(values: ArrayLike<number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]!);
  return most;
}
