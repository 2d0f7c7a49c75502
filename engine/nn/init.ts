import type { Backend } from '../backend.ts';
import { defaultDevice } from '../device.ts';
import { ArgumentError } from '../errors.ts';
import { unscoped } from '../memory.ts';
import { defaultGenerator, type Generator } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { parameter } from './module.ts';

/** Where the parameters of a module are made, and from which random numbers. */
export interface ModuleOptions {
  readonly device?: Backend;
  readonly generator?: Generator;
}

/** First values of a parameter of a given shape. Each call that draws takes a stream of its own from the generator. */
export type Initializer = (shape: Shape, generator?: Generator) => Float32Array;

let skipping = false;

/**
 * Runs `body` without drawing first values: parameters made inside are 0 where they would be random. For a model whose
 * values are loaded next, or that is only counted (torch.nn.utils.skip_init).
 */
export function skipInit<T>(body: () => T): T {
  const before = skipping;
  skipping = true;
  try {
    return body();
  } finally {
    skipping = before;
  }
}

/** `shape` filled value by value; zeros where values are not wanted. */
function filled(shape: Shape, value: () => number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  if (!skipping) for (let i = 0; i < values.length; i++) values[i] = value();
  return values;
}

/** Every value the same. */
export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

/** U(−bound, bound). */
export const uniform =
  (bound: number): Initializer =>
  (shape, generator = defaultGenerator) => {
    const stream = generator.next();
    return filled(shape, () => (2 * stream.uniform() - 1) * bound);
  };

/** N(0, deviation²). */
export const normal =
  (deviation: number): Initializer =>
  (shape, generator = defaultGenerator) => {
    const stream = generator.next();
    return filled(shape, () => stream.normal() * deviation);
  };

/**
 * Inputs and outputs of a weight [out, in, …]: of a convolution times the size of its kernel. A vector counts as a matrix
 * with one column.
 */
function fans(shape: Shape): { fanIn: number; fanOut: number } {
  const kernel = sizeOf(shape.slice(2));
  return { fanIn: (shape[1] ?? 1) * kernel, fanOut: (shape[0] ?? 1) * kernel };
}

/** Glorot and Bengio 2010, for a weight [out, in, …]: U(−b, b) with b = √(6 / (fan in + fan out)). */
export const xavierUniform: Initializer = (shape, generator) => {
  const { fanIn, fanOut } = fans(shape);
  return uniform(Math.sqrt(6 / Math.max(1, fanIn + fanOut)))(shape, generator);
};

/** Glorot and Bengio 2010: N(0, 2 / (fan in + fan out)). */
export const xavierNormal: Initializer = (shape, generator) => {
  const { fanIn, fanOut } = fans(shape);
  return normal(Math.sqrt(2 / Math.max(1, fanIn + fanOut)))(shape, generator);
};

export interface KaimingOptions {
  /** Whether the forward pass keeps its size, or the backward pass. Default: fanIn. */
  readonly mode?: 'fanIn' | 'fanOut';
  /** What follows the weight. Default: relu. */
  readonly nonlinearity?: 'relu' | 'leakyRelu' | 'tanh' | 'linear';
  /** The slope of leakyRelu below 0. Default: 0.01. */
  readonly negativeSlope?: number;
}

/** gain / √fan */
function kaiming(
  shape: Shape,
  { mode = 'fanIn', nonlinearity = 'relu', negativeSlope = 0.01 }: KaimingOptions,
): number {
  const gain = {
    relu: Math.SQRT2,
    leakyRelu: Math.sqrt(2 / (1 + negativeSlope ** 2)),
    tanh: 5 / 3,
    linear: 1,
  }[nonlinearity];
  return gain / Math.sqrt(Math.max(1, fans(shape)[mode]));
}

/** He et al. 2015: U(−b, b) with b = gain · √(3 / fan). */
export const kaimingUniform =
  (options: KaimingOptions = {}): Initializer =>
  (shape, generator) =>
    uniform(Math.sqrt(3) * kaiming(shape, options))(shape, generator);

/** He et al. 2015: N(0, gain² / fan). */
export const kaimingNormal =
  (options: KaimingOptions = {}): Initializer =>
  (shape, generator) =>
    normal(kaiming(shape, options))(shape, generator);

/** N(mean, deviation²) between `low` and `high`: numbers outside are drawn again. As torch's trunc_normal_. */
export const truncatedNormal =
  (deviation: number, { mean = 0, low = -2, high = 2 } = {}): Initializer =>
  (shape, generator = defaultGenerator) => {
    if (!(deviation > 0 && low < high && low < mean + 3 * deviation && high > mean - 3 * deviation)) {
      throw new ArgumentError(
        `truncatedNormal: mean ${mean}, deviation ${deviation} between ${low} and ${high}. Expected bounds about the mean.`,
      );
    }
    const stream = generator.next();
    return filled(shape, () => {
      let value: number;
      do value = mean + deviation * stream.normal();
      while (value < low || value > high);
      return value;
    });
  };

/**
 * A matrix [rows, everything else] whose rows, or columns where they are fewer, are at right angles and of length `gain`
 * (Saxe et al. 2014): the Q of a random normal matrix. Takes rows · columns · min(rows, columns) multiplications.
 */
export const orthogonal =
  (gain = 1): Initializer =>
  (shape, generator = defaultGenerator) => {
    const rows = shape[0] ?? 1;
    const columns = sizeOf(shape) / Math.max(1, rows);
    const draws = normal(1)(shape, generator);
    if (skipping) return draws;
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    // Vectors of the longer side, made orthogonal one after another, twice for the digits (Gram and Schmidt).
    const vectors = Array.from({ length: count }, (_, k) =>
      Float64Array.from(draws.subarray(k * length, (k + 1) * length)),
    );
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
    vectors.forEach((v, k) => {
      for (let round = 0; round < 2; round++) {
        for (const earlier of vectors.slice(0, k)) {
          const along = dot(v, earlier);
          earlier.forEach((e, i) => {
            v[i]! -= along * e;
          });
        }
      }
      const size = Math.sqrt(dot(v, v));
      v.forEach((e, i) => {
        v[i] = e / size;
      });
    });
    return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      return gain * (rows <= columns ? vectors[row]![column]! : vectors[column]![row]!);
    });
  };

/** A new parameter. It belongs to no scope: its module frees it. */
export const newParameter = (shape: Shape, init: Initializer, { device, generator }: ModuleOptions = {}): Tensor =>
  unscoped(() => parameter(Tensor.from(device ?? defaultDevice(), init(shape, generator), shape, 'float32')));
