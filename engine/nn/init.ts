import type { Backend } from '../backend.ts';
import { defaultDevice } from '../device.ts';
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
const filled = (shape: Shape, value: () => number): Float32Array =>
  skipping ? new Float32Array(sizeOf(shape)) : Float32Array.from({ length: sizeOf(shape) }, value);

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

/** Glorot and Bengio 2010, for a matrix [out, in]: U(−b, b) with b = √(6 / (in + out)). */
export const xavierUniform: Initializer = (shape, generator) =>
  uniform(Math.sqrt(6 / Math.max(1, (shape[0] ?? 1) + (shape[1] ?? 1))))(shape, generator);

/** A new parameter. It belongs to no scope: its module frees it. */
export const newParameter = (shape: Shape, init: Initializer, { device, generator }: ModuleOptions = {}): Tensor =>
  unscoped(() => parameter(Tensor.from(device ?? defaultDevice(), init(shape, generator), shape, 'float32')));
