import '../methods.ts';
import type { Backend } from '../backend.ts';
import { defaultDevice } from '../device.ts';
import type { DType } from '../dtype.ts';
import { ArgumentError, show } from '../errors.ts';
import { stack } from '../ops/cat.ts';
import { sameShape } from '../shape.ts';
import { type NestedArray, nestedShape, Tensor } from '../tensor.ts';

export type Numbers =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** What `collate` makes of examples of type T: records stay records, all else becomes one tensor. */
export type Collated<T> = T extends Tensor | Numbers | number | boolean | readonly unknown[]
  ? Tensor
  : T extends string
    ? string[]
    : T extends object
      ? { readonly [K in keyof T]: Collated<T[K]> }
      : never;

export interface CollateOptions {
  /** Default: the default device. */
  readonly device?: Backend | undefined;
  /** Dtypes of the parts of a record, by name. Default: as `tensor` has them; an Int32Array is int32. */
  readonly dtypes?: Readonly<Record<string, DType>> | undefined;
}

const isNumbers = (v: unknown): v is Numbers => ArrayBuffer.isView(v) && !(v instanceof DataView);

/**
 * Examples as a batch: numbers, booleans, nested arrays, typed arrays and tensors of one shape are stacked along a new
 * first dimension; records become a record of batches, texts a list. Plain numbers are float32 unless `dtypes` says
 * otherwise.
 *
 * @throws {ArgumentError} where examples differ in kind or shape
 */
export function collate<T>(examples: readonly T[], { device, dtypes }: CollateOptions = {}): Collated<T> {
  return batchOf(examples, 'example', device ?? defaultDevice(), dtypes ?? {}, undefined) as Collated<T>;
}

function batchOf(
  examples: readonly unknown[],
  name: string,
  device: Backend,
  dtypes: Readonly<Record<string, DType>>,
  dtype: DType | undefined,
): unknown {
  const first = examples[0];
  if (first === undefined) throw new ArgumentError('collate: there are no examples. Expected at least one.');
  if (typeof first === 'string') return examples;
  if (first instanceof Tensor) return stack(examples as readonly Tensor[]);
  if (typeof first === 'number' || typeof first === 'boolean' || Array.isArray(first) || isNumbers(first)) {
    return numbersOf(examples, name, device, dtype);
  }
  if (typeof first === 'object' && first !== null) {
    return Object.fromEntries(
      Object.keys(first).map((key) => {
        const parts = examples.map((example) => (example as Readonly<Record<string, unknown>>)[key]);
        return [key, batchOf(parts, key, device, dtypes, dtypes[key])];
      }),
    );
  }
  throw new ArgumentError(`collate: ${name} is ${String(first)}. Expected numbers, arrays, tensors, texts or records.`);
}

function numbersOf(examples: readonly unknown[], name: string, device: Backend, dtype: DType | undefined): Tensor {
  const shapes = examples.map((example) =>
    isNumbers(example) ? [example.length] : nestedShape(example as NestedArray),
  );
  const [shape] = shapes as [number[]];
  const other = shapes.findIndex((s) => !sameShape(s, shape));
  if (other >= 0) {
    throw new ArgumentError(
      `collate: ${name} 0 has shape ${show(shape)} and ${name} ${other} has ${show(shapes[other]!)}. ` +
        'They must be alike: pad them in a collate of your own.',
    );
  }
  const values = examples.flatMap((example) =>
    isNumbers(example)
      ? Array.from<number>(example)
      : ([example].flat(Number.POSITIVE_INFINITY) as (number | boolean)[]),
  );
  const [first] = examples;
  const whole = isNumbers(first) && !(first instanceof Float32Array || first instanceof Float64Array);
  const natural = whole
    ? 'int32'
    : values.every((v) => typeof v === 'boolean') && values.length > 0
      ? 'bool'
      : 'float32';
  return Tensor.from(device, values, [examples.length, ...shape], dtype ?? natural);
}

/** Every tensor in a batch: in arrays and records to any depth. */
export function* tensorsIn(value: unknown): Generator<Tensor> {
  if (value instanceof Tensor) yield value;
  else if (Array.isArray(value)) for (const v of value) yield* tensorsIn(v);
  else if (typeof value === 'object' && value !== null && !isNumbers(value)) {
    for (const v of Object.values(value)) yield* tensorsIn(v);
  }
}
