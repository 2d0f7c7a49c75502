import type { Operand } from '../backend.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineOp } from '../op.ts';
import { at, build, ndarray } from '../reference.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { type Rows, rowsBackwardWasm, rowsBackwardWebGPU, rowsWasm, rowsWebGPU } from './rows.ts';

const rowsOf = (indices: Operand, [rows, inner]: Shape, blank: number | null): Rows => ({
  indices,
  lines: { outer: 1, n: rows!, inner: inner! },
  blank: blank ?? -1,
});

interface PickAttrs {
  readonly paddingIdx: number | null;
  /** Places that hold paddingIdx give zeros, as the gradient of the gradient needs it. */
  readonly blank: boolean;
}

const pick = (indices: Tensor, weight: Tensor, attrs: PickAttrs): Tensor => embeddingOp({ indices, weight }, attrs);

const embeddingOp = defineOp({
  name: 'embedding',
  formula: 'y[i…, :] = weight[indices[i…], :]',
  inputs: ['indices', 'weight'],
  dtypes: { indices: ['int32'] },
  attrs: { paddingIdx: null, blank: false } as PickAttrs,
  shape: ({ indices, weight }) => {
    if (weight.shape.length !== 2) {
      throw new ShapeError(`embedding: weight is ${show(weight.shape)}, expected [number of rows, size of a row].`);
    }
    return [...indices.shape, weight.shape[1]!];
  },
  dtype: 'float32',
  webgpu: ({ indices, weight, output }, { paddingIdx, blank }) =>
    rowsWebGPU(rowsOf(indices, weight.shape, blank ? paddingIdx : null), weight, output),
  wasm: ({ indices, weight, output }, { paddingIdx, blank }) =>
    rowsWasm(rowsOf(indices, weight.shape, blank ? paddingIdx : null), weight, output),
  saves: ['indices'],
  grad: (dy, { indices }, { attrs: { paddingIdx }, shapes }) => ({
    weight: embeddingBackward({ indices, dy }, { rows: shapes.weight[0]!, paddingIdx }),
  }),
  reference: ({ indices, weight }, { paddingIdx, blank }) => {
    const [rows, inner] = weight.shape as [number, number];
    return build([...indices.shape, inner], (index) => {
      const row = at(indices, index.slice(0, -1));
      const known = row >= 0 && row < rows && !(blank && row === paddingIdx);
      return known ? at(weight, [row, index[index.length - 1]!]) : 0;
    });
  },
  cases: [
    { inputs: { indices: { shape: [3, 11], dtype: 'int32', values: 'integer', high: 7 }, weight: [7, 5] } },
    {
      inputs: { indices: { shape: [2, 3], dtype: 'int32', values: [4, 9, -1, 0, 4, 4] }, weight: [5, 6] },
      note: 'an index outside gives zeros',
    },
    { inputs: { indices: { shape: [], dtype: 'int32', values: [2] }, weight: [3, 1] } },
    { inputs: { indices: { shape: [0], dtype: 'int32' }, weight: [3, 4] } },
    {
      inputs: { indices: { shape: [32, 128], dtype: 'int32', values: 'integer', high: 8000 }, weight: [8000, 512] },
      bench: true,
      gradient: false,
    },
  ],
});

const embeddingBackward = defineOp({
  name: 'embeddingBackward',
  formula: 'dweight[r, :] = Σ dy[i…, :] over indices[i…] = r, and 0 where r is paddingIdx',
  inputs: ['indices', 'dy'],
  dtypes: { indices: ['int32'] },
  attrs: { rows: 0, paddingIdx: null as number | null },
  shape: ({ dy }, { rows }) => [rows, dy.shape[dy.shape.length - 1]!],
  dtype: 'float32',
  webgpu: ({ indices, dy, output }, { paddingIdx }, tools) =>
    rowsBackwardWebGPU(rowsOf(indices, output.shape, paddingIdx), dy, output, tools),
  wasm: ({ indices, dy, output }, { paddingIdx }) =>
    rowsBackwardWasm(rowsOf(indices, output.shape, paddingIdx), dy, output),
  saves: ['indices'],
  grad: (g, { indices }, { attrs: { paddingIdx } }) => ({ dy: pick(indices, g, { paddingIdx, blank: true }) }),
  reference: ({ indices, dy }, { rows, paddingIdx }) => {
    const inner = dy.shape[dy.shape.length - 1]!;
    const out = ndarray([rows, inner]);
    indices.data.forEach((row, i) => {
      if (row < 0 || row >= rows || row === paddingIdx) return;
      for (let c = 0; c < inner; c++) out.data[row * inner + c]! += dy.data[i * inner + c]!;
    });
    return out;
  },
  cases: [
    {
      inputs: { indices: { shape: [2, 9], dtype: 'int32', values: 'integer', high: 6 }, dy: [2, 9, 5] },
      attrs: { rows: 8, paddingIdx: 0 },
    },
    { inputs: { indices: { shape: [4], dtype: 'int32', values: [1, 7, -2, 1] }, dy: [4, 3] }, attrs: { rows: 3 } },
    {
      inputs: { indices: { shape: [700], dtype: 'int32', values: 'integer', high: 2 }, dy: [700, 3] },
      attrs: { rows: 2 },
      gradient: false,
    },
    { inputs: { indices: { shape: [0], dtype: 'int32' }, dy: [0, 4] }, attrs: { rows: 3 } },
    {
      inputs: { indices: { shape: [4096], dtype: 'int32', values: 'integer', high: 8000 }, dy: [4096, 512] },
      attrs: { rows: 8000 },
      bench: true,
      gradient: false,
    },
  ],
});

/**
 * Rows of a table: indices int32 of any shape and weight [rows, size] → [...indices.shape, size]. Row `paddingIdx` (counted
 * from the end when negative) gets no gradient. An index that is no row gives zeros and no gradient: values on a device
 * cannot be checked without waiting for them. The gradient is summed in the order of the places, the same in every run.
 */
export function embedding(
  indices: Tensor,
  weight: Tensor,
  { paddingIdx = null }: { readonly paddingIdx?: number | null } = {},
): Tensor {
  const rows = weight.shape[0] ?? 0;
  if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows)) {
    throw new ArgumentError(
      `embedding: paddingIdx ${paddingIdx} of a table of ${rows} rows. Expected ${-rows} to ${rows - 1}.`,
    );
  }
  const padding = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
  return pick(indices, weight, { paddingIdx: padding, blank: false });
}
