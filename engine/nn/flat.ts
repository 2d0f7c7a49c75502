import { ArgumentError } from '../errors.ts';
import { Storage, unscoped } from '../memory.ts';
import { copyTo } from '../ops/copyTo.ts';
import { rowMajor } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Each parameter begins at a multiple of this many elements: 256 bytes, where WebGPU lets a binding begin. */
const ALIGN = 64;

/**
 * Moves parameters into one buffer, one after another, and gives their gradients places in another. Values stay as
 * they are. An optimizer step, a gradient norm and a checkpoint then walk one range of memory each. The gaps between
 * parameters are zero in both buffers, and stay so.
 */
export function flattenParameters(parameters: readonly Tensor[]): void {
  const [first] = parameters;
  if (first === undefined) return;
  const { device } = first;
  let total = 0;
  const offsets = parameters.map((p) => {
    if (p.device !== device) throw new ArgumentError('flattenParameters: the parameters lie on several devices.');
    const at = total;
    total += Math.ceil(p.size / ALIGN) * ALIGN;
    return at;
  });
  const zeros = new Float32Array(total);
  const values = Storage.ofShape(device, [total]);
  const gradients = Storage.ofShape(device, [total]);
  for (const storage of [values, gradients]) device.write(storage.buffer, 0, zeros);
  parameters.forEach((p, i) => {
    const layout = { shape: p.shape, strides: rowMajor(p.shape), offset: offsets[i]! };
    copyTo({ target: { ...layout, storage: values, dtype: 'float32' }, x: p });
    p.relocate(values.retain(), layout);
    p.grad?.dispose();
    p.grad = null;
    p.gradSlot?.dispose();
    p.gradSlot = unscoped(() => new Tensor(gradients.retain(), layout, 'float32'));
  });
  values.release();
  gradients.release();
}
