import accumulateShader from '../../shaders/accumulate.wgsl';
import fillShader from '../../shaders/fill.wgsl';
import { gradientOps, noGrad } from '../autograd.ts';
import { type Backend, dispatch, grid, type Launch, type Operand } from '../backend.ts';
import { anchor, copyLaunch, layoutOf, uniformDims, WALK_BYTES, walk } from '../copy.ts';
import { type DType, storageBytes } from '../dtype.ts';
import { DTypeError, GradientError, ShapeError, show } from '../errors.ts';
import { type Shape, sameShape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { add } from './binary.ts';
import { clone } from './contiguous.ts';
import { wordOf } from './elementwise.ts';

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
  target.storage.version++;
  if (target.size === 0) return;
  // One buffer may not be read and written in one dispatch, and views of it could overlap.
  const source = x.storage === target.storage ? noGrad(() => clone(x)) : x;
  const launch = replace ? copyLaunch : addLaunch;
  for (const l of launch(target.device.name, source.operand(), target.operand())) target.device.run(l);
  if (source !== x) source.dispose();
}

function addLaunch(backend: Backend['name'], from: Operand, to: Operand): Launch[] {
  const total = sizeOf(to.shape);
  const { sizes, strides } = walk(to.shape, to.strides, from.strides);
  if (backend === 'wasm') {
    const layout = layoutOf({ sizes, strides });
    return [{ kernel: 'accumulate', args: [to, from], layout, range: total, grain: 32768, scratch: WALK_BYTES }];
  }
  const [x, output] = [anchor(from), anchor(to)];
  return [
    dispatch({
      shader: accumulateShader,
      bindings: { x: x.operand, output: output.operand },
      uniforms: {
        total,
        xOffset: x.offset,
        outputOffset: output.offset,
        sizes: uniformDims(sizes),
        xStrides: uniformDims(strides[1]!),
        outputStrides: uniformDims(strides[0]!),
      },
      workgroups: grid(total, 256),
    }),
  ];
}

/** A new tensor with the same value in every element. Throws DTypeError for a value an int32 cannot hold. */
export function fill(
  shape: Shape,
  value: number | boolean,
  { dtype = 'float32', device }: { readonly dtype?: DType; readonly device: Backend },
): Tensor {
  const y = Tensor.empty(device, shape, dtype);
  const total = storageBytes(dtype, y.size) / 4;
  if (total === 0) return y;
  const output = y.operand();
  const bits = wordOf(dtype, Number(value));
  device.run(
    device.name === 'wasm'
      ? { kernel: 'fill', args: [output, bits], range: total, grain: 65536 }
      : dispatch({
          shader: fillShader,
          bindings: { output },
          uniforms: { total, bits },
          workgroups: grid(total, 256),
        }),
  );
  return y;
}

/** Zeros of the shape, dtype and device of `x`. */
export const zerosLike = (x: Tensor): Tensor => fill(x.shape, 0, { dtype: x.dtype, device: x.device });

/** Ones of the shape, dtype and device of `x`. */
export const onesLike = (x: Tensor): Tensor => fill(x.shape, 1, { dtype: x.dtype, device: x.device });

gradientOps.add = (a, b) => add(a, b);
gradientOps.accumulate = accumulate;
gradientOps.ones = ({ shape, device }) => fill(shape, 1, { dtype: 'float32', device });
