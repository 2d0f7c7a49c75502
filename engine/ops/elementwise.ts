import { type DType, toRaw } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import type { Meta } from '../op.ts';

/** What the elementwise operations have in common. */

/** Dtypes of operations that only compare or move elements. */
export const ANY: readonly DType[] = ['float32', 'int32', 'bool'];

/** The least number of elements worth a thread of its own: about 10 µs of work for an operation as cheap as +. */
export const GRAIN = 32768;

/** Elements each workgroup of a contiguous elementwise shader covers: 256 invocations, four elements each. */
export const PER_GROUP = 1024;

/** The element type of an array in a shader; bool is stored as int32. */
export const wgslType = (dtype: DType): 'f32' | 'i32' => (dtype === 'float32' ? 'f32' : 'i32');

/** A number as the word that holds it: float bits, int32 (0 or 1 for bool), or the same half twice. */
export const wordOf = (dtype: DType, value: number): number => {
  const { buffer, byteOffset } = toRaw(dtype, [value, value]);
  return new Uint32Array(buffer, byteOffset, 1)[0]!;
};

/** Both inputs must have one dtype: the public functions see to it, kernels rely on it. */
export function checkSameDtype(op: string, x: Meta, y: Meta): void {
  if (x.dtype === y.dtype) return;
  throw new DTypeError(`${op}: x is ${x.dtype} and y is ${y.dtype}. Convert one of them with to().`);
}
