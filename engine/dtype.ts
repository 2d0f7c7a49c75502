import { DTypeError } from './errors.ts';
import { fromHalf, toHalf } from './half.ts';

/**
 * Element types. WGSL has no storage type of one byte, so a bool is stored as an int32 of 0 or 1. float16 is for storage:
 * two lie in a word, and kernels that read them compute in float32, on every device alike (see docs/precision.md).
 */
export type DType = 'float32' | 'float16' | 'int32' | 'bool';

/** Bytes of one element. */
export const elementBytes = (dtype: DType): 2 | 4 => (dtype === 'float16' ? 2 : 4);

/** Bytes that `count` elements take in memory of their own: whole words of four. */
export const storageBytes = (dtype: DType, count: number): number => Math.ceil((count * elementBytes(dtype)) / 4) * 4;

/** The array `await t.data()` gives for each dtype. */
export interface DataOf {
  float32: Float32Array;
  /** The values, which float32 holds exactly. */
  float16: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
}

export type TensorData = DataOf[DType];

/** What lies in device memory: float bits, the bits of halves, or int32 (bool as 0 and 1). */
export type RawData = Float32Array | Int32Array | Uint16Array;

/** True where tensors of this dtype can be on the tape; gradients themselves are always float32. */
export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float16';

/** The result type of arithmetic on `a` and `b`: float32 where one is a float of any size, int32 over bool. */
export const promote = (a: DType, b: DType): DType =>
  isFloat(a) || isFloat(b) ? 'float32' : a === 'int32' || b === 'int32' ? 'int32' : 'bool';

/** What lay in device memory → what `data()` hands out. */
export function fromRaw<D extends DType>(dtype: D, bytes: ArrayBuffer): DataOf[D];
export function fromRaw(dtype: DType, bytes: ArrayBuffer): TensorData {
  if (dtype === 'float32') return new Float32Array(bytes);
  if (dtype === 'float16') return Float32Array.from(new Uint16Array(bytes), fromHalf);
  const words = new Int32Array(bytes);
  return dtype === 'int32' ? words : Uint8Array.from(words, (w) => (w === 0 ? 0 : 1));
}

/**
 * Numbers or booleans → what lies in device memory, in whole words. float16: rounded to the nearest, infinite from 65,520
 * on. Throws on what an int32 cannot hold.
 */
export function toRaw(dtype: DType, values: ArrayLike<number | boolean>): RawData {
  if (dtype === 'float32') {
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>, Number);
  }
  if (dtype === 'float16') {
    const halves = new Uint16Array(storageBytes(dtype, values.length) / 2);
    for (let i = 0; i < values.length; i++) halves[i] = toHalf(Number(values[i]));
    return halves;
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
