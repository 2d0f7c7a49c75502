import type { Operand } from '../../engine/backend.ts';
import { Stream } from '../../engine/random.ts';
import { rowMajor, type Shape, sizeOf } from '../../engine/shape.ts';
import type { WasmBackend } from '../../engine/wasm/backend.ts';

/** The numbers of one test file: the same in each run. */
export const random = new Stream(7, 0);

/** n uniform numbers around 0. */
export const draw = (n: number, width = 2): Float32Array =>
  Float32Array.from({ length: n }, () => (random.uniform() - 0.5) * width);

/** Memory of the backend as a tensor without gaps. */
export function operand(on: WasmBackend, shape: Shape, values?: Float32Array | Int32Array): Operand {
  const buffer = on.alloc(sizeOf(shape) * 4);
  if (values !== undefined) on.write(buffer, 0, values);
  const dtype = values instanceof Int32Array ? 'int32' : 'float32';
  return { buffer, dtype, shape, strides: rowMajor(shape), offset: 0 };
}

export const data = async (on: WasmBackend, x: Operand): Promise<Float32Array> =>
  new Float32Array(await on.read(x.buffer, x.offset * 4, sizeOf(x.shape) * 4));

/** One of the functions of the kernel `unary`, on every element. */
export function unary(on: WasmBackend, code: number, values: Float32Array): Promise<Float32Array> {
  const x = operand(on, [values.length], values);
  const y = operand(on, [values.length]);
  on.run({ kernel: 'unary', args: [code, x, y, 0, 0], range: values.length, grain: 16 });
  return data(on, y);
}
