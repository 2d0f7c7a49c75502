import { ArgumentError } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { at, build } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { eq } from './binary.ts';
import { to } from './contiguous.ts';
import { counting } from './counting.ts';
import { unsqueeze } from './views.ts';

const oneHotOp = defineComposite({
  name: 'oneHot',
  formula: 'y[…, c] = 1 where x[…] = c, else 0',
  inputs: ['x'],
  dtypes: { x: ['int32'] },
  attrs: { numClasses: 1 },
  differentiable: false,
  compute: ({ x }, { numClasses }) => to(eq(unsqueeze(x, -1), counting(numClasses, x.device)), 'int32'),
  reference: ({ x }, { numClasses }) =>
    build([...x.shape, numClasses], (index) => Number(at(x, index.slice(0, -1)) === index.at(-1))),
  cases: [
    { inputs: { x: { shape: [5], dtype: 'int32', high: 4 } }, attrs: { numClasses: 4 } },
    { inputs: { x: { shape: [2, 3], dtype: 'int32', values: [0, 1, 2, 3, -1, 2] } }, attrs: { numClasses: 3 } },
    { inputs: { x: { shape: [], dtype: 'int32', high: 2 } }, attrs: { numClasses: 2 } },
    { inputs: { x: { shape: [0], dtype: 'int32' } }, attrs: { numClasses: 2 } },
  ],
});

/**
 * For each class number a row of `numClasses` with 1 at its place and 0 elsewhere: int32 [...] → int32 [..., numClasses].
 * A number that is no class gives a row of zeros. The number of classes must be given: values on a device cannot be
 * looked at without waiting for them.
 */
export function oneHot(x: Tensor, numClasses: number): Tensor {
  if (!Number.isInteger(numClasses) || numClasses < 1) {
    throw new ArgumentError(`oneHot: numClasses ${numClasses}. Expected a whole number of at least 1.`);
  }
  return oneHotOp({ x }, { numClasses });
}
