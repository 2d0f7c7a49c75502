import accumulateShader from '../../shaders/accumulate.wgsl';
import fillShader from '../../shaders/fill.wgsl';
import { gradientOps, noGrad } from '../autograd.ts';
import { type Backend, dispatch, grid, type Operand } from '../backend.ts';
import { type DType, storageBytes } from '../dtype.ts';
import { DTypeError, GradientError, ShapeError, show } from '../errors.ts';
import { defineInPlace, type InPlaceSpec } from '../inPlace.ts';
import { type NDArray, ndarray, zip } from '../reference.ts';
import { type Shape, sameShape, sizeOf } from '../shape.ts';
import { layoutOf, stridedDispatch, WALK_BYTES, walk } from '../strided.ts';
import { Tensor } from '../tensor.ts';
import { add } from './binary.ts';
import { clone } from './contiguous.ts';
import { copyTo } from './copyTo.ts';
import { wordOf } from './elementwise.ts';

const cases: InPlaceSpec<'target' | 'x', never, object>['cases'] = [
  { inputs: { target: [5, 7], x: [5, 7] } },
  { inputs: { target: [2, 3, 2, 3, 2, 3], x: [2, 3, 2, 3, 2, 3] } },
  { inputs: { target: [], x: [] } },
  { inputs: { target: [0, 2], x: [0, 2] } },
  { inputs: { target: [2048, 1024], x: [2048, 1024] }, bench: true },
];

const addTo = defineInPlace({
  name: 'accumulate',
  formula: 'target = target + x',
  operands: ['target', 'x'],
  writes: ['target'],
  attrs: {},
  webgpu: ({ target, x }) =>
    stridedDispatch({
      shader: accumulateShader,
      shape: target.shape,
      walked: { x, output: target },
      bindings: {},
      uniforms: {},
      perGroup: 256,
    }),
  wasm: ({ target, x }) => {
    const layout = layoutOf(walk(target.shape, target.strides, x.strides));
    const range = sizeOf(target.shape);
    return { kernel: 'accumulate', args: [target, x], layout, range, grain: 32768, scratch: WALK_BYTES };
  },
  reference: ({ target, x }) => ({ target: zip((a, b) => a! + b!, target, x) }),
  cases,
});

/**
 * target += x in place, or target = x when `replace`; shapes alike, both of any layout, float32. Not on the tape: for
 * gradients and buffers. What the tape saved of `target` is out of date from here on, and using it is an error.
 */
export function accumulate(target: Tensor, x: Tensor, replace = false): void {
  if (!sameShape(target.shape, x.shape)) {
    throw new ShapeError(`accumulate: ${show(x.shape)} into ${show(target.shape)}. The shapes must be alike.`);
  }
  if (target.dtype !== 'float32' || x.dtype !== 'float32') {
    throw new DTypeError(`accumulate: ${x.dtype} into ${target.dtype}. Both must be float32.`);
  }
  if (!target.isLeaf) {
    throw new GradientError(`accumulate: ${target.describe()} was made by ${target.node?.name}. Detach it first.`);
  }
  // One buffer may not be read and written in one dispatch, and views of it could overlap.
  const source = x.storage === target.storage ? noGrad(() => clone(x)) : x;
  (replace ? copyTo : addTo)({ target, x: source });
  if (source !== x) source.dispose();
}

const ANY: readonly DType[] = ['float32', 'float16', 'int32', 'bool'];

const words = ({ dtype, shape }: Operand): number => storageBytes(dtype, sizeOf(shape)) / 4;

const fillWith = defineInPlace({
  name: 'fill',
  formula: 'target = value',
  operands: ['target'],
  writes: ['target'],
  attrs: { value: 0 },
  dtypes: { target: ANY },
  webgpu: ({ target }, { value }) =>
    dispatch({
      shader: fillShader,
      bindings: { output: target },
      uniforms: { total: words(target), bits: wordOf(target.dtype, value) },
      workgroups: grid(words(target), 256),
    }),
  wasm: ({ target }, { value }) => {
    const args = [target, wordOf(target.dtype, value)];
    return { kernel: 'fill', args, range: words(target), grain: 65536 };
  },
  reference: ({ target }, { value }): { target: NDArray } => ({
    target: ndarray(
      target.shape,
      target.data.map(() => value),
    ),
  }),
  cases: [
    { inputs: { target: [3, 5] }, attrs: { value: -2.5 } },
    { inputs: { target: { shape: [9], dtype: 'int32', high: 9 } }, attrs: { value: -7 } },
    { inputs: { target: { shape: [4], dtype: 'bool' } }, attrs: { value: 1 } },
    { inputs: { target: [0] } },
    { inputs: { target: [2048, 1024] }, bench: true },
  ],
});

/** A new tensor with the same value in every element. Throws DTypeError for a value an int32 cannot hold. */
export function fill(
  shape: Shape,
  value: number | boolean,
  { dtype = 'float32', device }: { readonly dtype?: DType; readonly device: Backend },
): Tensor {
  const y = Tensor.empty(device, shape, dtype);
  fillWith({ target: y }, { value: Number(value) });
  return y;
}

/** Zeros of the shape, dtype and device of `x`. */
export const zerosLike = (x: Tensor): Tensor => fill(x.shape, 0, { dtype: x.dtype, device: x.device });

/** Ones of the shape, dtype and device of `x`. */
export const onesLike = (x: Tensor): Tensor => fill(x.shape, 1, { dtype: x.dtype, device: x.device });

gradientOps.add = (a, b) => add(a, b);
gradientOps.accumulate = accumulate;
gradientOps.ones = ({ shape, device }) => fill(shape, 1, { dtype: 'float32', device });
