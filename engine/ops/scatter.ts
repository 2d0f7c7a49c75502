import fillShader from '../../shaders/fill.wgsl';
import placeShader from '../../shaders/scatter_place.wgsl';
import takeShader from '../../shaders/scatter_take.wgsl';
import { dispatch, grid, type Operand } from '../backend.ts';
import { copyLaunch } from '../copy.ts';
import { DTypeError, ShapeError, show } from '../errors.ts';
import { defineOp, type Meta } from '../op.ts';
import { at, type NDArray, ndarray, indices as places } from '../reference.ts';
import { normalizeDim, rowMajor, type Shape, sameShape, sizeOf } from '../shape.ts';
import { layoutOf, uniformDims, WALK_BYTES, walk } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { fill } from './accumulate.ts';
import { ne, sub } from './binary.ts';
import { counting } from './counting.ts';
import { ANY } from './elementwise.ts';
import { gather } from './gather.ts';
import { expand, reshape, slice } from './views.ts';
import { maskedFill } from './where.ts';

function check(x: Meta, index: Meta, source: Meta, dim: number): Shape {
  const d = normalizeDim('scatter', dim, x.shape.length);
  const fits = index.shape.length === x.shape.length && index.shape.every((s, e) => e === d || s <= x.shape[e]!);
  if (!fits || !sameShape(index.shape, source.shape)) {
    throw new ShapeError(
      `scatter: index ${show(index.shape)} and source ${show(source.shape)} into ${show(x.shape)} along dim ${dim}. ` +
        'Expected index and source alike, with as many dimensions as x and none longer but the one chosen.',
    );
  }
  if (x.dtype !== source.dtype) {
    throw new DTypeError(`scatter: x is ${x.dtype} and source ${source.dtype}. Convert one of them with to().`);
  }
  return x.shape;
}

/** How a kernel walks the output over the shape of the index: it stands still along the dimension chosen. */
function scatterWalk(output: Operand, index: Operand, dim: number) {
  const d = normalizeDim('scatter', dim, output.shape.length);
  const still = output.strides.map((s, e) => (e === d ? 0 : s));
  const { sizes, strides } = walk(index.shape, still);
  return { size: output.shape[d] ?? 1, step: output.strides[d] ?? 1, sizes, strides };
}

const scatterOp = defineOp({
  name: 'scatter',
  formula: 'y = x, and y[i, index[i, j, k], k] = source[i, j, k] for dim 1',
  inputs: ['x', 'index', 'source'],
  dtypes: { x: ANY, index: ['int32'], source: ANY },
  attrs: { dim: 0 },
  shape: ({ x, index, source }, { dim }) => check(x, index, source, dim),
  // For each place the number of the element that was written there, from 1; 0 for none.
  extra: ({ x }: { readonly x: Meta }) => ({ winners: { shape: x.shape, dtype: 'int32' } as const }),
  webgpu: ({ x, index, source, output, winners }, { dim }, tools) => {
    const total = sizeOf(output.shape);
    const { size, step, sizes, strides } = scatterWalk(output, index, dim);
    const clear = dispatch({
      shader: fillShader,
      bindings: { output: winners },
      uniforms: { total, bits: 0 },
      workgroups: grid(total, 256),
    });
    const count = sizeOf(index.shape);
    const place = dispatch({
      shader: placeShader,
      bindings: { indices: index, winners },
      uniforms: { total: count, size, step, sizes: uniformDims(sizes), outputStrides: uniformDims(strides[0]!) },
      workgroups: grid(count, 256),
    });
    const take = dispatch({
      shader: takeShader,
      bindings: { x, source: count === 0 ? tools.none : source, winners, output },
      uniforms: { total },
      workgroups: grid(total, 256),
    });
    return count === 0 ? [clear, take] : [clear, place, take];
  },
  wasm: ({ x, index, source, output, winners }, { dim }) => {
    const total = sizeOf(output.shape);
    const { size, step, sizes, strides } = scatterWalk(output, index, dim);
    const first = [...copyLaunch.wasm(x, output), { kernel: 'fill', args: [winners, 0], range: total, grain: 65536 }];
    const args = [index, source, output, winners, size, step];
    const count = sizeOf(index.shape);
    const place = { kernel: 'scatter', args, layout: layoutOf({ sizes, strides }), range: count, scratch: WALK_BYTES };
    return count === 0 ? first : [...first, place];
  },
  saves: ['index', 'winners'],
  grad: (dy, { index, winners }, { attrs: { dim }, needs }) => {
    if (!needs.source) return { x: maskedFill(dy, ne(winners, 0), 0) };
    const numbers = reshape(counting(index.size, index.device), index.shape);
    const lost = ne(sub(gather(winners, dim, index), 1), numbers);
    return {
      x: needs.x ? maskedFill(dy, ne(winners, 0), 0) : null,
      source: maskedFill(gather(dy, dim, index), lost, 0),
    };
  },
  reference: ({ x, index, source }, { dim }): NDArray => {
    const out = ndarray(x.shape, x.data);
    const d = normalizeDim('scatter', dim, out.shape.length);
    const strides = rowMajor(out.shape);
    for (const i of places(index.shape)) {
      const place = at(index, i);
      if (place < 0 || place >= (out.shape[d] ?? 1)) continue;
      const to = out.shape.length === 0 ? 0 : i.reduce((sum, v, e) => sum + (e === d ? place : v) * strides[e]!, 0);
      out.data[to] = at(source, i);
    }
    return out;
  },
  cases: [
    {
      inputs: { x: [3, 5], index: { shape: [3, 2], dtype: 'int32', values: [4, 0, 1, 2, 3, 3] }, source: [3, 2] },
      attrs: { dim: 1 },
      note: 'of two for one place the last one counts',
    },
    {
      inputs: {
        x: [4, 3, 2],
        index: { shape: [7, 2, 1], dtype: 'int32', values: 'integer', high: 4 },
        source: [7, 2, 1],
      },
    },
    {
      inputs: { x: [2, 3], index: { shape: [2, 3], dtype: 'int32', values: [2, 0, -1, 3, 1, 0] }, source: [2, 3] },
      attrs: { dim: -1 },
      note: 'a place outside is passed over',
    },
    {
      inputs: {
        x: { shape: [6], dtype: 'int32', high: 9 },
        index: { shape: [3], dtype: 'int32', values: [5, 0, 5] },
        source: { shape: [3], dtype: 'int32', values: [7, 8, 9] },
      },
    },
    { inputs: { x: [3, 2], index: { shape: [3, 0], dtype: 'int32' }, source: [3, 0] }, attrs: { dim: 1 } },
    { inputs: { x: [], index: { shape: [], dtype: 'int32', values: [0] }, source: [] } },
    {
      inputs: {
        x: [2048, 1000],
        index: { shape: [2048, 16], dtype: 'int32', values: 'integer', high: 1000 },
        source: [2048, 16],
      },
      attrs: { dim: 1 },
      bench: true,
      gradient: false,
    },
  ],
});

/**
 * `x` with the elements of `source` at places along `dim`: y[i, index[i, j, k], k] = source[i, j, k] for dim 1; x itself
 * stays as it is. `index` int32 has as many dimensions as x, and is no longer than source, nor than x but along dim; a
 * number may stand for the source. Of several elements for one place the last one counts, and it alone has a gradient. A
 * place outside x is passed over. Any dtype, x and source the same one.
 *
 * @throws {ShapeError} where the shapes do not fit, {DTypeError} where the dtypes differ
 */
export function scatter(x: Tensor, dim: number, index: Tensor, source: Tensor | number): Tensor {
  const used: Tensor[] = [];
  const own = (t: Tensor): Tensor => {
    used.push(t);
    return t;
  };
  let from: Tensor;
  if (typeof source === 'number') {
    from = own(expand(own(fill([], source, { dtype: x.dtype, device: x.device })), index.shape));
  } else {
    from = source;
    index.shape.forEach((s, d) => {
      if (source.ndim === index.ndim && s < from.shape[d]!) from = own(slice(from, d, 0, s));
    });
  }
  const y = scatterOp({ x, index, source: from }, { dim });
  for (const t of used) t.dispose();
  return y;
}
