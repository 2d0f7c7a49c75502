/**
 * The closed set of errors of the engine. Every message says the operation, what came, what was expected, and what to
 * do: `matmul: inner sizes differ: [2, 3] × [4, 5] (3 ≠ 4). Transpose or reshape one side.`
 */

/** Base of every error thrown on purpose: `catch (e) { if (e instanceof HeddleError) … }`. */
export class HeddleError extends Error {
  override readonly name: string = 'HeddleError';
}

/** Shapes, dimensions or indices that do not fit the operation. */
export class ShapeError extends HeddleError {
  override readonly name = 'ShapeError';
}

/** An element type the operation does not take. */
export class DTypeError extends HeddleError {
  override readonly name = 'DTypeError';
}

/** An argument out of its range (a probability of 2, a negative size, an unknown option). */
export class ArgumentError extends HeddleError {
  override readonly name = 'ArgumentError';
}

/** A tensor used after it was disposed, or freed twice. */
export class DisposedError extends HeddleError {
  override readonly name = 'DisposedError';
}

/** A gradient that cannot be had: graph already freed, no grad needed, a fused backward without a second derivative. */
export class GradientError extends HeddleError {
  override readonly name = 'GradientError';
}

/** A device that cannot be had, does not fit, or failed at work. */
export class DeviceError extends HeddleError {
  override readonly name: string = 'DeviceError';
}

/** A shader the device's compiler refused: kernel, line, message and source line. */
export class ShaderError extends DeviceError {
  override readonly name = 'ShaderError';
}

/** More memory than the device or the cap allows, with the numbers. */
export class OutOfMemoryError extends DeviceError {
  override readonly name = 'OutOfMemoryError';
}

/** The device is gone (driver reset, tab in the background, `destroy()`): every tensor on it is lost. */
export class DeviceLostError extends DeviceError {
  override readonly name = 'DeviceLostError';
}

/** A file that is missing, cut off, or not what its name says. */
export class FormatError extends HeddleError {
  override readonly name = 'FormatError';
}

/** `[2, 3, 4]`, as every message prints a shape. */
export const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** A value as an error names what came in the place of something else: `the string "a"`, `an array`, `undefined`. */
export function given(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (typeof value === 'object') return `an object with ${Object.keys(value).slice(0, 3).join(', ') || 'no fields'}`;
  if (typeof value === 'function') return 'a function';
  return `the ${typeof value} ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
}
