import { noGrad } from '../autograd.ts';
import { DeviceError, DTypeError, GradientError, ShapeError, show } from '../errors.ts';
import { normalizeDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { clone } from './contiguous.ts';
import { copyTo } from './copyTo.ts';
import { narrow } from './views.ts';

/**
 * target[…, start + i, …] = x[…, i, …] along `dim`, in place: one strided copy, both of any layout, any dtype (the same
 * one). `x` has the sizes of `target` but along dim. Not on the tape: for buffers that grow, such as the keys and values
 * of a decoder. What the tape saved of `target` is out of date from here on, and using it is an error.
 *
 * @throws {ShapeError} where x does not fit, {DTypeError} where the dtypes differ, {GradientError} where target is no leaf
 */
export function writeSlice(target: Tensor, x: Tensor, dim: number, start: number): void {
  const d = normalizeDim('writeSlice', dim, target.ndim);
  const fits = x.ndim === target.ndim && x.shape.every((s, i) => i === d || s === target.shape[i]);
  const length = x.shape[d] ?? 0;
  if (!fits || !Number.isInteger(start) || start < 0 || start + length > target.shape[d]!) {
    throw new ShapeError(
      `writeSlice: ${show(x.shape)} does not fit into ${show(target.shape)} along dim ${dim} from ${start}. ` +
        'The other sizes must be equal, and the last place must lie inside.',
    );
  }
  if (x.dtype !== target.dtype) {
    throw new DTypeError(`writeSlice: ${x.dtype} into ${target.dtype}. Convert one with to().`);
  }
  if (x.device !== target.device) {
    throw new DeviceError(`writeSlice: from ${x.device.name} into ${target.device.name}. Move one with to().`);
  }
  if (!target.isLeaf) {
    throw new GradientError(`writeSlice: ${target.describe()} was made by ${target.node?.name}. Detach it first.`);
  }
  noGrad(() => {
    const place = narrow(target, d, start, length);
    // One buffer may not be read and written in one dispatch, and views of it could overlap.
    const source = x.storage === target.storage ? clone(x) : x;
    copyTo({ target: place, x: source });
    if (source !== x) source.dispose();
    place.dispose();
  });
}
