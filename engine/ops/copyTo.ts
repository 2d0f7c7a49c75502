import { copyLaunch } from '../copy.ts';
import type { DType } from '../dtype.ts';
import { defineInPlace } from '../inPlace.ts';
import { ndarray } from '../reference.ts';

const ANY: readonly DType[] = ['float32', 'float16', 'int32', 'bool'];

/** target = x in place; both may have any strides (of float16 only x). The dtypes are alike. */
export const copyTo = defineInPlace({
  name: 'copy',
  formula: 'target = x',
  operands: ['target', 'x'],
  writes: ['target'],
  attrs: {},
  dtypes: { target: ANY, x: ANY },
  webgpu: ({ target, x }) => copyLaunch.webgpu(x, target),
  wasm: ({ target, x }) => copyLaunch.wasm(x, target),
  reference: ({ x }) => ({ target: ndarray(x.shape, x.data) }),
  cases: [
    { inputs: { target: [5, 7], x: [5, 7] } },
    { inputs: { target: [2, 3, 2, 3, 2, 3], x: [2, 3, 2, 3, 2, 3] } },
    { inputs: { target: [], x: [] } },
    { inputs: { target: [0, 2], x: [0, 2] } },
    { inputs: { target: { shape: [4, 9], dtype: 'int32', high: 99 }, x: { shape: [4, 9], dtype: 'int32', high: 99 } } },
    { inputs: { target: { shape: [7], dtype: 'bool' }, x: { shape: [7], dtype: 'bool' } } },
  ],
});
