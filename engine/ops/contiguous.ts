import convertShader from '../../shaders/convert.wgsl';
import { dispatch, grid, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { copyLaunch } from '../copy.ts';
import type { DType } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { defineOp } from '../op.ts';
import { map, ndarray } from '../reference.ts';
import { isContiguous, sizeOf } from '../shape.ts';
import { reader, type Tensor } from '../tensor.ts';

const ANY: readonly DType[] = ['float32', 'int32', 'bool'];

/** Both copying operations: they differ in name only, and in when the functions below use them. */
const copying = <const N extends string>(name: N, formula: string) =>
  defineOp({
    name,
    formula,
    inputs: ['x'],
    dtypes: { x: ANY },
    attrs: {},
    shape: ({ x }) => x.shape,
    strided: ['x'],
    webgpu: ({ x, output }) => copyLaunch('webgpu', x, output) as WebGPULaunch[],
    wasm: ({ x, output }) => copyLaunch('wasm', x, output) as WasmLaunch[],
    grad: (dy) => ({ x: dy }),
    reference: ({ x }) => ndarray(x.shape, x.data),
    cases: [
      { inputs: { x: [3, 5, 7] } },
      { inputs: { x: [2, 3, 2, 3, 2, 3] } },
      { inputs: { x: { shape: [4, 9], dtype: 'int32', high: 100 } } },
      { inputs: { x: { shape: [5], dtype: 'bool' } } },
      { inputs: { x: [] } },
      { inputs: { x: [0, 3] } },
      { inputs: { x: [2, 13, 19] }, note: 'views of it are transposed in tiles' },
      { inputs: { x: [64, 8, 128, 32] }, bench: true, gradient: false },
    ],
  });

const contiguousOp = copying('contiguous', 'y = x, row-major without gaps');
const cloneOp = copying('clone', 'y = x, in memory of its own');

/** The same elements in row-major order without gaps: `x` itself (another handle on it) where they lie like that. */
export const contiguous = (x: Tensor): Tensor => (isContiguous(x) ? x.alias() : contiguousOp({ x }));

/** A copy of `x` in memory of its own, row-major. Differentiable. */
export const clone = (x: Tensor): Tensor => cloneOp({ x });

const wgslType = (dtype: DType): 'f32' | 'i32' => (dtype === 'float32' ? 'f32' : 'i32');

const toOp = defineOp({
  name: 'to',
  formula: 'each element as another dtype',
  inputs: ['x'],
  dtypes: { x: ANY },
  attrs: { dtype: 'float32' as DType },
  shape: ({ x }) => x.shape,
  dtype: (_inputs, { dtype }) => dtype,
  webgpu: ({ x, output }, { dtype }) =>
    dispatch({
      shader: convertShader,
      bindings: { x, output },
      uniforms: { total: sizeOf(output.shape) },
      params: { From: wgslType(x.dtype), To: wgslType(dtype), TO_BOOL: String(dtype === 'bool') },
      workgroups: grid(sizeOf(output.shape), 256),
    }),
  wasm: ({ x, output }, { dtype }) => {
    const range = sizeOf(output.shape);
    const grain = 32768;
    // A float is 0 when all of its bits but the sign are.
    const mask = x.dtype === 'float32' ? 0x7fffffff : -1;
    if (dtype === 'bool') return { kernel: 'convertToBool', args: [x, output, mask], range, grain };
    if (dtype === 'float32') return { kernel: 'convertToFloat', args: [x, output], range, grain };
    if (x.dtype === 'float32') return { kernel: 'convertToInt', args: [x, output], range, grain };
    return copyLaunch('wasm', x, output) as WasmLaunch[];
  },
  reference: ({ x }, { dtype }) =>
    map(x, (v) => (dtype === 'bool' ? Number(v !== 0) : dtype === 'int32' ? Math.trunc(v) + 0 : v)),
  cases: [
    { inputs: { x: { shape: [3, 7], scale: 9 } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [6], values: [-2.5, -1, -0.5, 0, 0.9, 1.5] } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [5], values: [-1, -0, 0, 0.25, 1e-30] } }, attrs: { dtype: 'bool' } },
    { inputs: { x: { shape: [4, 5], dtype: 'int32', high: 3 } }, attrs: { dtype: 'bool' } },
    { inputs: { x: { shape: [4, 5], dtype: 'int32', high: 1000 } }, attrs: { dtype: 'float32' } },
    { inputs: { x: { shape: [2, 3, 3], dtype: 'bool' } }, attrs: { dtype: 'float32' } },
    { inputs: { x: { shape: [7], dtype: 'bool' } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [0, 2], dtype: 'bool' } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [1024, 1024], dtype: 'int32', high: 9 } }, attrs: { dtype: 'float32' }, bench: true },
  ],
});

/**
 * The elements as another dtype: float32 → int32 cuts towards zero, anything → bool is true where not 0. Another handle
 * on `x` when it has that dtype. Only float32 carries gradients, so none flows through a conversion.
 *
 * Throws DTypeError for an unknown dtype.
 */
export function to(x: Tensor, dtype: DType): Tensor {
  if (!ANY.includes(dtype)) throw new DTypeError(`to: dtype ${dtype} of ${x.describe()}. Expected ${ANY.join(', ')}.`);
  return x.dtype === dtype ? x.alias() : toOp({ x }, { dtype });
}

reader.contiguous = (x) => contiguous(x.detach());
