import type { Operand } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { scope } from '../memory.ts';
import { defineOp } from '../op.ts';
import { at, build, ndarray, indices as places } from '../reference.ts';
import { normalizeDim, rowMajor, type Shape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, mul } from './binary.ts';
import { linesAlong } from './lines.ts';
import { type Rows, rowsBackwardWasm, rowsBackwardWebGPU, rowsWasm, rowsWebGPU } from './rows.ts';

const rowsOf = (index: Operand, shape: Shape, dim: number): Rows => ({
  indices: index,
  lines: linesAlong('indexSelect', shape, dim),
  blank: -1,
});

const withSize = (shape: Shape, dim: number, size: number): number[] => {
  const d = normalizeDim('indexSelect', dim, shape.length);
  return shape.map((s, e) => (e === d ? size : s));
};

const indexSelectOp = defineOp({
  name: 'indexSelect',
  formula: 'y[…, j, …] = x[…, index[j], …]',
  inputs: ['x', 'index'],
  dtypes: { x: ['float32', 'int32', 'bool'], index: ['int32'] },
  attrs: { dim: 0 },
  shape: ({ x, index }, { dim }) => {
    if (index.shape.length !== 1 || x.shape.length === 0) {
      throw new ShapeError(
        `indexSelect: x ${show(x.shape)} with index ${show(index.shape)}. Expected a list of places along a dimension.`,
      );
    }
    return withSize(x.shape, dim, index.shape[0]!);
  },
  webgpu: ({ x, index, output }, { dim }) => rowsWebGPU(rowsOf(index, x.shape, dim), x, output),
  wasm: ({ x, index, output }, { dim }) => rowsWasm(rowsOf(index, x.shape, dim), x, output),
  saves: ['index'],
  grad: (dy, { index }, { attrs: { dim }, shapes }) => ({
    x: indexSelectBackward({ dy, index }, { dim, size: shapes.x[normalizeDim('indexSelect', dim, shapes.x.length)]! }),
  }),
  reference: ({ x, index }, { dim }) => {
    const d = normalizeDim('indexSelect', dim, x.shape.length);
    return build(withSize(x.shape, dim, index.data.length), (i) => {
      const place = index.data[i[d]!]!;
      return place >= 0 && place < x.shape[d]!
        ? at(
            x,
            i.map((v, e) => (e === d ? place : v)),
          )
        : 0;
    });
  },
  cases: [
    { inputs: { x: [3, 4, 5], index: { shape: [6], dtype: 'int32', values: 'integer', high: 4 } }, attrs: { dim: 1 } },
    {
      inputs: { x: [5, 2], index: { shape: [4], dtype: 'int32', values: [4, -1, 4, 5] } },
      note: 'a place outside gives zeros',
    },
    { inputs: { x: [2, 7], index: { shape: [3], dtype: 'int32', values: [6, 0, 6] } }, attrs: { dim: -1 } },
    { inputs: { x: { shape: [4], dtype: 'bool' }, index: { shape: [2], dtype: 'int32', values: [3, 1] } } },
    { inputs: { x: [3, 2], index: { shape: [0], dtype: 'int32' } } },
    {
      inputs: { x: [64, 64, 512], index: { shape: [64], dtype: 'int32', values: 'integer', high: 64 } },
      bench: true,
      gradient: false,
    },
  ],
});

interface BackwardAttrs {
  readonly dim: number;
  /** Of the dimension chosen, in x. */
  readonly size: number;
}

const select = (x: Tensor, dim: number, index: Tensor): Tensor => indexSelectOp({ x, index }, { dim });

const indexSelectBackward = defineOp({
  name: 'indexSelectBackward',
  formula: 'dx[…, i, …] = Σ dy[…, j, …] over index[j] = i',
  inputs: ['dy', 'index'],
  dtypes: { index: ['int32'] },
  attrs: { dim: 0, size: 0 } as BackwardAttrs,
  shape: ({ dy }, { dim, size }) => withSize(dy.shape, dim, size),
  webgpu: ({ dy, index, output }, { dim }, tools) =>
    rowsBackwardWebGPU(rowsOf(index, output.shape, dim), dy, output, tools),
  wasm: ({ dy, index, output }, { dim }) => rowsBackwardWasm(rowsOf(index, output.shape, dim), dy, output),
  saves: ['index'],
  grad: (g, { index }, { attrs: { dim } }) => ({ dy: select(g, dim, index) }),
  reference: ({ dy, index }, { dim, size }) => {
    const out = ndarray(withSize(dy.shape, dim, size));
    const d = normalizeDim('indexSelect', dim, dy.shape.length);
    const strides = rowMajor(out.shape);
    for (const i of places(dy.shape)) {
      const place = index.data[i[d]!]!;
      if (place < 0 || place >= size) continue;
      out.data[i.reduce((sum, v, e) => sum + (e === d ? place : v) * strides[e]!, 0)]! += at(dy, i);
    }
    return out;
  },
  cases: [
    {
      inputs: { dy: [2, 6, 3], index: { shape: [6], dtype: 'int32', values: 'integer', high: 4 } },
      attrs: { dim: 1, size: 5 },
    },
    { inputs: { dy: [3], index: { shape: [3], dtype: 'int32', values: [1, -1, 1] } }, attrs: { size: 2 } },
    { inputs: { dy: [0, 2], index: { shape: [0], dtype: 'int32' } }, attrs: { size: 3 } },
  ],
});

/**
 * Slices of `x` along `dim`, picked by a list: y[…, j, …] = x[…, index[j], …]. `index` int32 [n]; the result has n places
 * along dim. Any dtype. A place outside x gives zeros and no gradient. Throws a ShapeError where index is no list.
 */
export const indexSelect = (x: Tensor, dim: number, index: Tensor): Tensor => select(x, dim, index);

/**
 * `x` with rows of `source` added along `dim`: y[…, index[j], …] = x + alpha · Σ source[…, j, …]. `index` int32 [n], source
 * with n places along dim and otherwise the sizes of x. Equal places add up in the order of j, the same in every run; a
 * place outside x adds nothing. Throws a ShapeError where the shapes do not fit.
 */
export function indexAdd(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  { alpha = 1 }: { readonly alpha?: number } = {},
): Tensor {
  const d = normalizeDim('indexAdd', dim, x.ndim);
  if (index.ndim !== 1 || !sameShape(source.shape, withSize(x.shape, d, index.size))) {
    throw new ShapeError(
      `indexAdd: index ${show(index.shape)} and source ${show(source.shape)} into ${show(x.shape)} along dim ${dim}. ` +
        'Expected a list of places, and source as long as the list along dim and as x elsewhere.',
    );
  }
  return scope(() => {
    const rows = indexSelectBackward({ dy: source, index }, { dim: d, size: x.shape[d]! });
    return add(x, alpha === 1 ? rows : mul(rows, alpha));
  });
}
