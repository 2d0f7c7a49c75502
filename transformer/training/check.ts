import { ArgumentError } from '../../engine/index.ts';

/** @throws {ArgumentError} for a value that does not fit; null is none */
export function check<T>(name: string, value: T | null, fits: (value: T) => boolean, expected: string): void {
  if (value !== null && !fits(value)) {
    throw new ArgumentError(`train: ${name} ${String(value)}, expected ${expected}.`);
  }
}
