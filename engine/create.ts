import './methods.ts';
import { requiresGrad as setRequiresGrad } from './autograd.ts';
import type { Backend } from './backend.ts';
import { defaultDevice } from './device.ts';
import { type DType, isFloat, storageBytes } from './dtype.ts';
import { ArgumentError, given, OutOfMemoryError, show } from './errors.ts';
import { defaultGenerator, type Generator, Stream } from './random.ts';
import { checkShape, type Shape, sizeOf } from './shape.ts';
import { type NestedArray, nestedShape, Tensor } from './tensor.ts';

/** What every function that makes a tensor from nothing takes. */
export interface TensorOptions {
  /** Default: float32; for `tensor` int32 or bool where the values are an Int32Array or booleans. */
  readonly dtype?: DType;
  /** Default: the device chosen last with `await device(…)`, else wasm on one thread. */
  readonly device?: Backend;
  readonly requiresGrad?: boolean;
}

/** Where random tensors get their numbers: a seed of their own, or a generator. */
export interface RandomOptions extends TensorOptions {
  readonly seed?: number;
  readonly generator?: Generator;
}

/** The typed arrays that `tensor` takes. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

const isTyped = (v: unknown): v is TypedArray => ArrayBuffer.isView(v) && !(v instanceof DataView);

/** Number of elements of a new tensor, or an error that says why there can be none. */
function sizeFor(op: string, shape: Shape, dtype: DType, { device = defaultDevice() }: TensorOptions): number {
  checkShape(op, shape);
  const size = sizeOf(shape);
  const [bytes, limit] = [storageBytes(dtype, size), device.memory().bufferLimitBytes];
  if (bytes <= limit) return size;
  const gigabytes = (n: number): string => `${(n / 2 ** 30).toFixed(2)} GB`;
  throw new OutOfMemoryError(
    `${op}: ${show(shape)} ${dtype} takes ${gigabytes(bytes)}, a tensor on ${device.name} at most ${gigabytes(limit)}. ` +
      'Take smaller sizes, or several tensors.',
  );
}

function make(values: ArrayLike<number | boolean>, shape: Shape, dtype: DType, options: TensorOptions): Tensor {
  const t = Tensor.from(options.device ?? defaultDevice(), values, shape, dtype);
  return options.requiresGrad === true ? setRequiresGrad(t) : t;
}

/**
 * A tensor of the given values: a number, nested arrays, or a typed array (flat, or in `shape`).
 * `tensor([[1, 2], [3, 4]])`, `tensor(new Float32Array(6), { shape: [2, 3] })`.
 */
export function tensor(
  values: NestedArray | TypedArray,
  options: TensorOptions & { readonly shape?: Shape } = {},
): Tensor {
  if (options.shape !== undefined) checkShape('tensor', options.shape);
  if (isTyped(values)) {
    const integers = !(values instanceof Float32Array || values instanceof Float64Array);
    return make(values, options.shape ?? [values.length], options.dtype ?? (integers ? 'int32' : 'float32'), options);
  }
  const shape = nestedShape(values);
  const flat = (Array.isArray(values) ? values.flat(Number.POSITIVE_INFINITY) : [values]) as (number | boolean)[];
  const dtype = options.dtype ?? (flat.length > 0 && flat.every((v) => typeof v === 'boolean') ? 'bool' : 'float32');
  return make(flat, options.shape ?? shape, dtype, options);
}

/** `shape` filled with one value. */
export function full(shape: Shape, value: number | boolean, options: TensorOptions = {}): Tensor {
  return filled('full', shape, value, options);
}

function filled(op: string, shape: Shape, value: number | boolean, options: TensorOptions = {}): Tensor {
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    throw new ArgumentError(`${op}: the value is ${given(value)}, expected a number or a boolean.`);
  }
  const dtype = options.dtype ?? (typeof value === 'boolean' ? 'bool' : 'float32');
  const size = sizeFor(op, shape, dtype, options);
  const values = isFloat(dtype) ? new Float32Array(size) : new Int32Array(size);
  return make(values.fill(Number(value)), shape, dtype, options);
}

export const zeros = (shape: Shape, options?: TensorOptions): Tensor => filled('zeros', shape, 0, options);
export const ones = (shape: Shape, options?: TensorOptions): Tensor => filled('ones', shape, 1, options);

/** start, start + step, … before `end`. `arange(5)` counts 0 to 4. */
export function arange(start: number, end?: number | null, step = 1, options: TensorOptions = {}): Tensor {
  const [from, to] = end === undefined || end === null ? [0, start] : [start, end];
  if (step === 0 || !Number.isFinite((to - from) / step)) {
    throw new ArgumentError(`arange: ${from} to ${to} by ${step} never ends. The step must not be 0.`);
  }
  const n = Math.max(0, Math.ceil((to - from) / step));
  return make(
    Float64Array.from({ length: n }, (_, i) => from + i * step),
    [n],
    options.dtype ?? 'float32',
    options,
  );
}

/** `steps` numbers in equal steps from `start` to `end`, both included. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ArgumentError(`linspace: ${steps} steps from ${start} to ${end}. Expected a whole number from 0.`);
  }
  const step = (end - start) / Math.max(1, steps - 1);
  // From both ends, so that the last number is `end` itself.
  const values = Float64Array.from({ length: steps }, (_, i) =>
    2 * i < steps ? start + i * step : end - (steps - 1 - i) * step,
  );
  return make(values, [steps], options.dtype ?? 'float32', options);
}

/** The n×n identity. */
export function eye(n: number, options: TensorOptions = {}): Tensor {
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) values[i * (n + 1)] = 1;
  return make(values, [n, n], options.dtype ?? 'float32', options);
}

const streamOf = ({ seed, generator }: RandomOptions): Stream =>
  seed === undefined ? (generator ?? defaultGenerator).next() : new Stream(seed);

function draw(op: string, shape: Shape, options: RandomOptions, dtype: DType, next: (s: Stream) => number): Tensor {
  const size = sizeFor(op, shape, dtype, options);
  const stream = streamOf(options);
  const values = dtype === 'float32' ? new Float32Array(size) : new Int32Array(size);
  for (let i = 0; i < values.length; i++) values[i] = next(stream);
  return make(values, shape, dtype, options);
}

/** Standard normal numbers. The same seed gives the same numbers on every device. */
export const randn = (shape: Shape, options: RandomOptions = {}): Tensor =>
  draw('randn', shape, options, 'float32', (s) => s.normal());

/** Normal numbers of a mean and a deviation. */
export const normal = (mean: number, std: number, shape: Shape, options: RandomOptions = {}): Tensor =>
  draw('normal', shape, options, 'float32', (s) => mean + std * s.normal());

/** Uniform numbers in [0, 1). */
export const rand = (shape: Shape, options: RandomOptions = {}): Tensor =>
  draw('rand', shape, options, 'float32', (s) => s.uniform());

/** Integers in [low, high), every one equally likely. */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high)) {
    throw new ArgumentError(`randint: integers in [${low}, ${high}). Expected two integers, the first one smaller.`);
  }
  return draw('randint', shape, options, options.dtype ?? 'int32', (s) => low + s.integer(high - low));
}

/** The integers from 0 to n − 1 in random order. int32 unless told otherwise. */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  if (!Number.isInteger(n) || n < 0) throw new ArgumentError(`randperm: ${n}. Expected a whole number from 0.`);
  const order = streamOf(options).shuffle(Array.from({ length: n }, (_, i) => i));
  return make(order, [n], options.dtype ?? 'int32', options);
}
