import convertShader from '../../shaders/convert.wgsl';
import fromHalfShader from '../../shaders/convert_from_half.wgsl';
import toHalfShader from '../../shaders/convert_to_half.wgsl';
import { conversion, converted } from '../autocast.ts';
import { gradientOps, requiresGrad } from '../autograd.ts';
import { type Backend, dispatch, grid } from '../backend.ts';
import { copyLaunch, widenLaunch } from '../copy.ts';
import type { DType } from '../dtype.ts';
import { DTypeError, GradientError } from '../errors.ts';
import { fromHalf, toHalf } from '../half.ts';
import { defineOp } from '../op.ts';
import { map, ndarray } from '../reference.ts';
import { isContiguous, sizeOf } from '../shape.ts';
import { reader, Tensor } from '../tensor.ts';

const ANY: readonly DType[] = ['float32', 'float16', 'int32', 'bool'];

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
    webgpu: ({ x, output }) => copyLaunch.webgpu(x, output),
    wasm: ({ x, output }) => copyLaunch.wasm(x, output),
    grad: (dy) => ({ x: dy }),
    reference: ({ x }) => ndarray(x.shape, x.data),
    cases: [
      { inputs: { x: [3, 5, 7] } },
      { inputs: { x: [2, 3, 2, 3, 2, 3] } },
      { inputs: { x: { shape: [4, 9], dtype: 'int32', high: 100 } } },
      { inputs: { x: { shape: [5], dtype: 'bool' } } },
      { inputs: { x: { shape: [3, 5, 7], dtype: 'float16' } } },
      { inputs: { x: { shape: [2, 2, 3], dtype: 'float16' } } },
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
  webgpu: ({ x, output }, { dtype }) => {
    const total = sizeOf(output.shape);
    const common = { bindings: { x, output }, uniforms: { total } };
    const TO_BOOL = String(dtype === 'bool');
    if (dtype === 'float16') {
      const params = { From: wgslType(x.dtype) };
      return dispatch({ shader: toHalfShader, ...common, params, workgroups: grid(Math.ceil(total / 2), 256) });
    }
    const workgroups = grid(total, 256);
    if (x.dtype === 'float16') {
      const params = { TO_FLOAT: String(dtype === 'float32'), TO_BOOL };
      return dispatch({ shader: fromHalfShader, ...common, params, workgroups });
    }
    const params = { From: wgslType(x.dtype), To: wgslType(dtype), TO_BOOL };
    return dispatch({ shader: convertShader, ...common, params, workgroups });
  },
  wasm: ({ x, output }, { dtype }, tools) => {
    const range = sizeOf(output.shape);
    const grain = 32768;
    if (x.dtype === 'float16') {
      if (dtype === 'float32') return widenLaunch(x, output);
      const wide = tools.scratch(x.shape);
      const kernel = dtype === 'bool' ? 'convertToBool' : 'convertToInt';
      const args = dtype === 'bool' ? [wide, output, 0x7fffffff] : [wide, output];
      return [widenLaunch(x, wide), { kernel, args, range, grain }];
    }
    if (dtype === 'float16') {
      if (x.dtype === 'float32') return { kernel: 'convertToHalf', args: [x, output], range, grain };
      const wide = tools.scratch(x.shape);
      return [
        { kernel: 'convertToFloat', args: [x, wide], range, grain },
        { kernel: 'convertToHalf', args: [wide, output], range, grain },
      ];
    }
    // A float is 0 when all of its bits but the sign are.
    const mask = x.dtype === 'float32' ? 0x7fffffff : -1;
    if (dtype === 'bool') return { kernel: 'convertToBool', args: [x, output, mask], range, grain };
    if (dtype === 'float32') return { kernel: 'convertToFloat', args: [x, output], range, grain };
    if (x.dtype === 'float32') return { kernel: 'convertToInt', args: [x, output], range, grain };
    return copyLaunch.wasm(x, output);
  },
  grad: (dy) => ({ x: dy }),
  reference: ({ x }, { dtype }) =>
    map(x, (v) => {
      if (dtype === 'bool') return Number(v !== 0);
      if (dtype === 'float16') return fromHalf(toHalf(v));
      return dtype === 'int32' ? Math.trunc(v) + 0 : v;
    }),
  cases: [
    { inputs: { x: { shape: [3, 7], scale: 9 } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [6], values: [-2.5, -1, -0.5, 0, 0.9, 1.5] } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [5], values: [-1, -0, 0, 0.25, 1e-30] } }, attrs: { dtype: 'bool' } },
    { inputs: { x: { shape: [4, 5], dtype: 'int32', high: 3 } }, attrs: { dtype: 'bool' } },
    { inputs: { x: { shape: [4, 5], dtype: 'int32', high: 1000 } }, attrs: { dtype: 'float32' } },
    { inputs: { x: { shape: [2, 3, 3], dtype: 'bool' } }, attrs: { dtype: 'float32' } },
    { inputs: { x: { shape: [7], dtype: 'bool' } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [0, 2], dtype: 'bool' } }, attrs: { dtype: 'int32' } },
    // tests/half.test.ts has every half there is, and the gradient: the rounding itself has none
    { inputs: { x: [5, 33] }, attrs: { dtype: 'float16' }, gradient: false },
    { inputs: { x: { shape: [9], dtype: 'int32', high: 5000 } }, attrs: { dtype: 'float16' } },
    { inputs: { x: { shape: [3], dtype: 'bool' } }, attrs: { dtype: 'float16' } },
    { inputs: { x: { shape: [5, 33], dtype: 'float16' } }, attrs: { dtype: 'float32' } },
    { inputs: { x: { shape: [7], dtype: 'float16', scale: 100 } }, attrs: { dtype: 'int32' } },
    { inputs: { x: { shape: [4], dtype: 'float16', values: [-1, -0, 0, 2 ** -24] } }, attrs: { dtype: 'bool' } },
    { inputs: { x: { shape: [1024, 1024], dtype: 'int32', high: 9 } }, attrs: { dtype: 'float32' }, bench: true },
    { inputs: { x: [2048, 1024] }, attrs: { dtype: 'float16' }, bench: true, gradient: false },
  ],
});

/**
 * The elements as another dtype: float → int32 cuts towards zero, anything → bool is true where not 0, → float16 rounds
 * to the nearest (of two the even one; infinite from 65,520 on). Another handle on `x` when it has that dtype. Between
 * float32 and float16 the gradient flows as it is, in float32; through other conversions none does.
 *
 * With a device, a promise of the values on that device: a leaf that requires a gradient if `x` is one. Another handle
 * where it lies there already. Gradients do not flow between devices.
 *
 * @throws {DTypeError} for an unknown dtype
 * @throws {GradientError} for a result on the tape that would have to move
 */
export function to(x: Tensor, dtype: DType): Tensor;
export function to(x: Tensor, device: Backend): Promise<Tensor>;
export function to(x: Tensor, target: DType | Backend): Tensor | Promise<Tensor> {
  return typeof target === 'object' && target !== null ? toDevice(x, target) : toDtype(x, target);
}

async function toDevice(x: Tensor, device: Backend): Promise<Tensor> {
  if (x.device === device) return x.alias();
  if (!x.isLeaf) {
    throw new GradientError(
      `to: ${x.describe()} was made by ${x.node?.name}, and gradients do not flow from ` +
        `${x.device.name} to ${device.name}. Move a detach() of it, or the inputs before.`,
    );
  }
  const learns = x.requiresGrad;
  const moved = Tensor.from(device, await x.data(), x.shape, x.dtype);
  return learns ? requiresGrad(moved) : moved;
}

function toDtype(x: Tensor, dtype: DType): Tensor {
  if (!ANY.includes(dtype)) throw new DTypeError(`to: dtype ${dtype} of ${x.describe()}. Expected ${ANY.join(', ')}.`);
  return x.dtype === dtype ? x.alias() : toOp({ x }, { dtype });
}

conversion.to = toDtype;
gradientOps.widen = (x) => converted(x, 'float32');
reader.contiguous = (x) => contiguous(x.detach());
