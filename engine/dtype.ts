import { DTypeError } from './errors.ts';

/**
 * Element types. All take four bytes on every device, since WGSL has no smaller storage type: a bool is stored as an
 * int32 of 0 or 1.
 */
export type DType = 'float32' | 'int32' | 'bool';

/** Bytes of one element of any dtype. */
export const ELEMENT_BYTES = 4;

/** The array `await t.data()` gives for each dtype. */
export interface DataOf {
  float32: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
}

export type TensorData = DataOf[DType];

/** The words as they lie in device memory: float bits, or int32 (bool as 0 and 1). */
export type RawData = Float32Array | Int32Array;

/** The result type of arithmetic on `a` and `b`: float32 wins over int32, which wins over bool. */
export const promote = (a: DType, b: DType): DType =>
  a === 'float32' || b === 'float32' ? 'float32' : a === 'int32' || b === 'int32' ? 'int32' : 'bool';

/** Device words → what `data()` hands out. */
export function fromRaw<D extends DType>(dtype: D, bytes: ArrayBuffer): DataOf[D];
export function fromRaw(dtype: DType, bytes: ArrayBuffer): TensorData {
  if (dtype === 'float32') return new Float32Array(bytes);
  const words = new Int32Array(bytes);
  return dtype === 'int32' ? words : Uint8Array.from(words, (w) => (w === 0 ? 0 : 1));
}

/** Numbers or booleans → device words. Throws on what an int32 cannot hold. */
export function toRaw(dtype: DType, values: ArrayLike<number | boolean>): RawData {
  if (dtype === 'float32') {
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>, Number);
  }
  if (dtype === 'bool') return Int32Array.from(values as ArrayLike<number>, (v) => (v ? 1 : 0));
  if (values instanceof Int32Array) return values;
  return Int32Array.from(values as ArrayLike<number>, (v, i) => {
    const n = Number(v);
    if (n !== (n | 0))
      throw new DTypeError(`tensor: value ${v} at ${i} is no int32. Use dtype 'float32', or round it.`);
    return n;
  });
}
