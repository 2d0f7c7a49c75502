import shader from '../../shaders/linear_scan.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import { defineComposite, defineOp, type Meta } from '../op.ts';
import { alongDim, reduce } from '../reference.ts';
import { normalizeDim, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { zerosLike } from './accumulate.ts';
import { add, mul } from './binary.ts';
import { embedSlice } from './embedSlice.ts';
import { linesAlong, threadsFor } from './lines.ts';
import { sum } from './reduce.ts';
import {
  type Dims,
  dimsOf,
  keptShape,
  lengthOf,
  type ReduceAttrs,
  type ReduceOptions,
  reducedShape,
} from './reduction.ts';
import { narrow, permute, reshape, select } from './views.ts';

interface ScanAttrs {
  readonly dim: number;
  readonly reverse: boolean;
}

function scanShape(a: Meta, b: Meta, dim: number): Shape {
  if (!sameShape(a.shape, b.shape)) {
    throw new ShapeError(`linearScan: a ${show(a.shape)} and b ${show(b.shape)}. They must be alike; expand() one.`);
  }
  normalizeDim('linearScan', dim, a.shape.length);
  return a.shape;
}

/** Each element one place further along dim, towards the end or the beginning; 0 comes in. */
function moved(x: Tensor, dim: number, towardsEnd: boolean): Tensor {
  const d = normalizeDim('linearScan', dim, x.ndim);
  const n = x.shape[d] ?? 1;
  if (n === 0 || x.ndim === 0) return zerosLike(x);
  return embedSlice(narrow(x, d, towardsEnd ? 0 : 1, n - 1), x.shape, d, towardsEnd ? 1 : 0);
}

const scanOp = defineOp({
  name: 'linearScan',
  formula: 'y[i] = a[i] · y[i − 1] + b[i] along dim, y[−1] = 0',
  inputs: ['a', 'b'],
  attrs: { dim: 0, reverse: false } as ScanAttrs,
  shape: ({ a, b }, { dim }) => scanShape(a, b, dim),
  webgpu: ({ a, b, output }, { dim, reverse }) => {
    const lines = linesAlong('linearScan', a.shape, dim);
    const threads = threadsFor(lines);
    const count = lines.outer * lines.inner;
    return dispatch({
      shader,
      bindings: { a, b, output },
      uniforms: { lines: count, n: lines.n, inner: lines.inner, reverse: reverse ? 1 : 0 },
      params: { ...threads },
      workgroups: grid(count, threads.COLS),
    });
  },
  wasm: ({ a, b, output }, { dim, reverse }) => {
    const { outer, n, inner } = linesAlong('linearScan', a.shape, dim);
    return {
      kernel: 'linearScan',
      args: [a, b, output, n, inner, reverse ? 1 : 0],
      range: outer * inner,
      grain: Math.max(inner === 1 ? 1 : Math.min(16, inner), Math.ceil(8192 / Math.max(1, n))),
    };
  },
  saves: ['a', 'output'],
  // What reaches y[i] is dy[i] and, through y[i + 1], a[i + 1] times what reaches that: a scan the other way.
  grad: (dy, { a, output }, { attrs: { dim, reverse }, needs }) => {
    const g = linearScan(moved(a, dim, reverse), dy, dim, { reverse: !reverse });
    return { a: needs.a ? mul(g, moved(output, dim, !reverse)) : null, b: g };
  },
  reference: ({ a, b }, { dim, reverse }) => {
    if (a.shape.length === 0) return b;
    const d = normalizeDim('linearScan', dim, a.shape.length);
    const factors: number[][] = [];
    alongDim(a, d, (line) => {
      factors.push(line);
      return line;
    });
    return alongDim(b, d, (terms) => {
      const line = factors.shift()!;
      const order = reverse ? [...terms.keys()].reverse() : terms.keys();
      let y = 0;
      const out = new Array<number>(terms.length);
      for (const i of order) {
        y = line[i]! * y + terms[i]!;
        out[i] = y;
      }
      return out;
    });
  },
  cases: [
    { inputs: { a: [3, 7], b: [3, 7] }, attrs: { dim: 1 } },
    { inputs: { a: [2, 5, 3], b: [2, 5, 3] }, attrs: { dim: 1, reverse: true } },
    { inputs: { a: [4, 2], b: [4, 2] } },
    { inputs: { a: [], b: [] } },
    { inputs: { a: [2, 0], b: [2, 0] }, attrs: { dim: 1 } },
    { inputs: { a: { shape: [2, 300], scale: 0.5 }, b: [2, 300] }, attrs: { dim: -1 } },
    {
      inputs: { a: { shape: [2, 5001], scale: 0.5 }, b: [2, 5001] },
      attrs: { dim: 1, reverse: true },
      gradient: false,
    },
    {
      inputs: { a: { shape: [1024, 1024], scale: 0.5 }, b: [1024, 1024] },
      attrs: { dim: -1 },
      bench: true,
      gradient: false,
    },
  ],
});

/**
 * The recurrence y[i] = a[i] · y[i − 1] + b[i] along `dim`, beginning from 0: running means, products, and linear state
 * spaces, in one pass. `reverse` goes from the last place to the first. a and b are float32 of one shape. Source: Blelloch
 * 1990, "Prefix sums and their applications".
 */
export const linearScan = (
  a: Tensor,
  b: Tensor,
  dim: number,
  { reverse = false }: { readonly reverse?: boolean } = {},
): Tensor => scanOp({ a, b }, { dim, reverse });

const cumprodOp = defineComposite({
  name: 'cumprod',
  formula: 'y[i] = x[0] · … · x[i] along dim',
  inputs: ['x'],
  attrs: { dim: 0 },
  compute: ({ x }, { dim }) => {
    if (x.ndim === 0) return x.alias();
    const d = normalizeDim('cumprod', dim, x.ndim);
    const n = x.shape[d]!;
    if (n === 0) return x.alias();
    // y[0] = 0 · y[−1] + x[0], and y[i] = x[i] · y[i − 1] + 0
    const factors = embedSlice(narrow(x, d, 1, n - 1), x.shape, d, 1);
    return linearScan(factors, embedSlice(narrow(x, d, 0, 1), x.shape, d, 0), d);
  },
  reference: ({ x }, { dim }) => {
    if (x.shape.length === 0) return x;
    return alongDim(x, normalizeDim('cumprod', dim, x.shape.length), (line) => {
      let product = 1;
      return line.map((v) => {
        product *= v;
        return product;
      });
    });
  },
  cases: [
    { inputs: { x: [3, 7] }, attrs: { dim: 1 } },
    { inputs: { x: [2, 5, 3] }, attrs: { dim: 1 } },
    { inputs: { x: { shape: [5], values: [2, 0, 3, 0, -1] } }, note: 'the gradient goes through zeros' },
    { inputs: { x: { shape: [4, 300], values: 'positive' } }, attrs: { dim: -1 }, gradient: false },
    { inputs: { x: [] } },
    { inputs: { x: [0, 2] } },
    { inputs: { x: [1] } },
  ],
});

/** Running products along `dim`: y[i] = x[0] · … · x[i]. float32; the gradient holds where elements are 0 too. */
export const cumprod = (x: Tensor, dim: number): Tensor => cumprodOp({ x }, { dim });

const prodOp = defineComposite({
  name: 'prod',
  formula: 'y = Π x over the dimensions',
  inputs: ['x'],
  attrs: { dim: null, keepdim: false } as ReduceAttrs,
  compute: ({ x }, attrs) => {
    const dims = dimsOf('prod', attrs.dim, x.ndim);
    const shape = reducedShape('prod', { x }, attrs);
    const n = lengthOf(x.shape, dims);
    if (n === 0) return add(sum(x, attrs.dim, { keepdim: attrs.keepdim }), 1);
    const rest = [...x.shape.keys()].filter((d) => !dims.includes(d));
    const lines = reshape(permute(x, [...rest, ...dims]), [sizeOf(keptShape(x.shape, dims)), n]);
    return reshape(select(cumprod(lines, 1), 1, n - 1), shape);
  },
  reference: ({ x }, { dim, keepdim }) =>
    reduce(x, dimsOf('prod', dim, x.shape.length), keepdim, (v) => v.reduce((a, b) => a * b, 1)),
  cases: [
    { inputs: { x: [3, 5, 4] }, attrs: { dim: 1 } },
    { inputs: { x: [3, 2, 4] }, attrs: { dim: [0, 2], keepdim: true } },
    {
      inputs: { x: { shape: [4], values: [2, 0, -3, 0.5] } },
      note: 'the gradient of a zero is the product of the others',
    },
    { inputs: { x: [] } },
    { inputs: { x: [0, 2] }, attrs: { dim: 0 }, note: 'the product of nothing is 1' },
    { inputs: { x: { shape: [30], values: 'positive' } } },
  ],
});

/** Π x over one dimension, several, or all; 1 for nothing. float32; the gradient holds where elements are 0 too. */
export const prod = (x: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor =>
  prodOp({ x }, { dim: dim ?? null, keepdim });
