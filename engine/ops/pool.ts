import avgShader from '../../shaders/avg_pool.wgsl';
import avgBackwardShader from '../../shaders/avg_pool_backward.wgsl';
import maxShader from '../../shaders/max_pool.wgsl';
import maxBackwardShader from '../../shaders/max_pool_backward.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import { scope } from '../memory.ts';
import { defineOp, type Meta } from '../op.ts';
import { map, type NDArray, ndarray } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { gather } from './gather.ts';
import { reshape, squeeze, unsqueeze } from './views.ts';
import {
  planesOf,
  type SizePair,
  type Window,
  type WindowAttrs,
  type WindowOptions,
  windowAttrs,
  windowLayout,
  windowOver,
  windowPlaces,
} from './window.ts';

interface PoolAttrs extends WindowAttrs {
  readonly ceilMode: boolean;
  /** Of averages. */
  readonly divisor: number;
  readonly padded: boolean;
}

const ONE: PoolAttrs = {
  ...{ kernelSize: [1, 1], stride: [1, 1], padding: [0, 0], dilation: [1, 1] },
  ...{ ceilMode: false, divisor: 0, padded: true },
};

interface BackwardAttrs extends PoolAttrs {
  readonly height: number;
  readonly width: number;
}

function poolShape(op: string, x: Shape, attrs: PoolAttrs): number[] {
  if (x.length < 3) throw new ShapeError(`${op}: ${show(x)}. Expected [batch, channels, height, width].`);
  const over = attrs.kernelSize.some((k, d) => attrs.padding[d]! > k / 2);
  if (over) {
    throw new ArgumentError(
      `${op}: padding ${show(attrs.padding)} with windows of ${show(attrs.kernelSize)}. Expected at most half of them.`,
    );
  }
  const { outY, outX } = windowOver(op, x, attrs, attrs);
  return [...x.slice(0, -2), outY, outX];
}

const planeCount = (shape: Shape): number => sizeOf(shape.slice(0, -2));

const grainOf = ({ outY, outX, kernelY, kernelX }: Window): number =>
  Math.ceil(16384 / (outY * outX * kernelY * kernelX));

const maxPoolOp = defineOp({
  name: 'maxPool2d',
  formula: 'y = the largest x of each window',
  inputs: ['x'],
  attrs: ONE,
  shape: ({ x }, attrs) => poolShape('maxPool2d', x.shape, attrs),
  extra: ({ x }: { readonly x: Meta }, attrs: PoolAttrs) => ({
    indices: { shape: poolShape('maxPool2d', x.shape, attrs), dtype: 'int32' } as const,
  }),
  webgpu: ({ x, output, indices }, attrs) => {
    const total = sizeOf(output.shape);
    return dispatch({
      shader: maxShader,
      bindings: { x, output, indices },
      uniforms: { total, ...windowOver('maxPool2d', x.shape, attrs, attrs) },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, output, indices }, attrs) => {
    const window = windowOver('maxPool2d', x.shape, attrs, attrs);
    const grain = Math.ceil(16384 / (window.kernelY * window.kernelX));
    return {
      kernel: 'maxPool',
      args: [x, output, indices],
      layout: windowLayout(window),
      range: sizeOf(output.shape),
      grain,
    };
  },
  saves: ['indices'],
  grad: (dy, { indices }, { attrs, shapes }) => {
    const [height, width] = shapes.x.slice(-2) as [number, number];
    return { x: maxPoolBackward({ dy, indices }, { ...attrs, height, width }) };
  },
  reference: ({ x }, attrs) => {
    const window = windowOver('maxPool2d', x.shape, attrs, attrs);
    const out = ndarray(poolShape('maxPool2d', x.shape, attrs));
    out.data.fill(Number.NEGATIVE_INFINITY);
    const [from, to] = [planesOf(x), planesOf(out)];
    to.forEach((plane, p) => {
      for (const { out: o, place } of windowPlaces(window)) {
        if (place >= 0) plane[o] = Math.max(plane[o]!, from[p]![place]!);
      }
    });
    return map(out, (v) => (v === Number.NEGATIVE_INFINITY ? 0 : v));
  },
  cases: [
    { inputs: { x: { shape: [2, 3, 4, 6], values: 'distinct' } }, attrs: { kernelSize: [2, 2], stride: [2, 2] } },
    {
      inputs: { x: { shape: [1, 2, 7, 8], values: 'distinct' } },
      attrs: { kernelSize: [3, 2], stride: [2, 1], padding: [1, 1], dilation: [1, 2] },
    },
    {
      inputs: { x: { shape: [1, 1, 4], values: 'distinct' } },
      attrs: { kernelSize: [2, 2], padding: [1, 1], dilation: [2, 2] },
      note: 'windows with nothing inside give 0',
    },
    {
      inputs: { x: { shape: [2, 5, 5], values: 'distinct' } },
      attrs: { kernelSize: [2, 2], stride: [2, 2], ceilMode: true },
    },
    { inputs: { x: [0, 1, 2, 2] }, attrs: { kernelSize: [2, 2] } },
    {
      inputs: { x: [8, 64, 112, 112] },
      attrs: { kernelSize: [3, 3], stride: [2, 2], padding: [1, 1] },
      bench: true,
      gradient: false,
    },
  ],
});

const maxPoolBackward = defineOp({
  name: 'maxPool2dBackward',
  formula: 'dx = Σ dy of the windows that x is the largest of',
  inputs: ['dy', 'indices'],
  dtypes: { indices: ['int32'] },
  attrs: { ...ONE, height: 1, width: 1 } as BackwardAttrs,
  shape: ({ dy }, { height, width }) => [...dy.shape.slice(0, -2), height, width],
  webgpu: ({ dy, indices, output }, attrs) => {
    const total = sizeOf(output.shape);
    return dispatch({
      shader: maxBackwardShader,
      bindings: { dy, indices, output },
      uniforms: { total, ...windowOver('maxPool2d', output.shape, attrs, attrs) },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ dy, indices, output }, attrs) => {
    const window = windowOver('maxPool2d', output.shape, attrs, attrs);
    const layout = windowLayout(window);
    return {
      kernel: 'maxPoolBackward',
      args: [dy, indices, output],
      layout,
      range: planeCount(output.shape),
      grain: grainOf(window),
    };
  },
  saves: ['indices'],
  grad: (g, { indices }) => {
    const lead = g.shape.slice(0, -2);
    const flat = (t: Tensor): Tensor => reshape(t, [...lead, t.shape.at(-2)! * t.shape.at(-1)!]);
    return { dy: reshape(gather(flat(g), -1, flat(indices)), indices.shape) };
  },
  reference: ({ dy, indices }, { height, width }) => {
    const out = ndarray([...dy.shape.slice(0, -2), height, width]);
    const [from, where] = [planesOf(dy), planesOf(indices)];
    planesOf(out).forEach((plane, p) => {
      from[p]!.forEach((v, i) => {
        plane[where[p]![i]!]! += v;
      });
    });
    return out;
  },
  cases: [
    {
      inputs: { dy: [2, 2, 2], indices: { shape: [2, 2, 2], dtype: 'int32', values: [4, 4, 4, 8, 0, 1, 3, 4] } },
      attrs: { kernelSize: [2, 2], height: 3, width: 3 },
    },
  ],
});

const avgPoolOp = defineOp({
  name: 'avgPool2d',
  formula: 'y = the mean of x over each window',
  inputs: ['x'],
  attrs: ONE,
  shape: ({ x }, attrs) => poolShape('avgPool2d', x.shape, attrs),
  webgpu: ({ x, output }, attrs) => {
    const total = sizeOf(output.shape);
    return dispatch({
      shader: avgShader,
      bindings: { x, output },
      uniforms: { total, ...windowOver('avgPool2d', x.shape, attrs, attrs) },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, output }, attrs) => {
    const window = windowOver('avgPool2d', x.shape, attrs, attrs);
    const grain = Math.ceil(16384 / (window.kernelY * window.kernelX));
    return { kernel: 'avgPool', args: [x, output], layout: windowLayout(window), range: sizeOf(output.shape), grain };
  },
  grad: (dy, _saved, { attrs, shapes }) => {
    const [height, width] = shapes.x.slice(-2) as [number, number];
    return { x: avgPoolBackward({ dy }, { ...attrs, height, width }) };
  },
  reference: ({ x }, attrs) => {
    const { window, sizes } = shares(x.shape, attrs);
    const out = ndarray(poolShape('avgPool2d', x.shape, attrs));
    const [from, to] = [planesOf(x), planesOf(out)];
    to.forEach((plane, p) => {
      for (const { out: o, place } of windowPlaces(window)) if (place >= 0) plane[o]! += from[p]![place]! / sizes[o]!;
    });
    return out;
  },
  cases: [
    { inputs: { x: [2, 3, 4, 6] }, attrs: { kernelSize: [2, 2], stride: [2, 2] } },
    { inputs: { x: [1, 2, 7, 8] }, attrs: { kernelSize: [3, 2], stride: [2, 1], padding: [1, 1] } },
    {
      inputs: { x: [1, 2, 5, 6] },
      attrs: { kernelSize: [3, 3], stride: [2, 2], padding: [1, 1], padded: false, ceilMode: true },
    },
    { inputs: { x: [1, 2, 5, 6] }, attrs: { kernelSize: [3, 3], stride: [2, 2], padding: [1, 1], ceilMode: true } },
    { inputs: { x: [2, 4, 4] }, attrs: { kernelSize: [2, 2], divisor: 3 } },
    { inputs: { x: [0, 1, 2, 2] }, attrs: { kernelSize: [2, 2] } },
  ],
});

const avgPoolBackward = defineOp({
  name: 'avgPool2dBackward',
  formula: 'dx = Σ dy / size of the windows that x lies in',
  inputs: ['dy'],
  attrs: { ...ONE, height: 1, width: 1 } as BackwardAttrs,
  shape: ({ dy }, { height, width }) => [...dy.shape.slice(0, -2), height, width],
  webgpu: ({ dy, output }, attrs) => {
    const total = sizeOf(output.shape);
    return dispatch({
      shader: avgBackwardShader,
      bindings: { dy, output },
      uniforms: { total, ...windowOver('avgPool2d', output.shape, attrs, attrs) },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ dy, output }, attrs) => {
    const window = windowOver('avgPool2d', output.shape, attrs, attrs);
    const layout = windowLayout(window);
    return {
      kernel: 'avgPoolBackward',
      args: [dy, output],
      layout,
      range: planeCount(output.shape),
      grain: grainOf(window),
    };
  },
  grad: (g, _saved, { attrs: { height: _h, width: _w, ...attrs } }): { dy: Tensor } => ({
    dy: avgPoolOp({ x: g }, attrs),
  }),
  reference: ({ dy }, attrs): NDArray => {
    const out = ndarray([...dy.shape.slice(0, -2), attrs.height, attrs.width]);
    const { window, sizes } = shares(out.shape, attrs);
    const from = planesOf(dy);
    planesOf(out).forEach((plane, p) => {
      for (const { out: o, place } of windowPlaces(window)) if (place >= 0) plane[place]! += from[p]![o]! / sizes[o]!;
    });
    return out;
  },
  cases: [
    { inputs: { dy: [2, 3, 2] }, attrs: { kernelSize: [2, 3], stride: [2, 2], height: 6, width: 5 } },
    {
      inputs: { dy: [1, 3, 3] },
      attrs: { kernelSize: [3, 3], stride: [2, 2], padding: [1, 1], padded: false, height: 5, width: 6 },
    },
  ],
});

/** The reference: what the sum over each window is divided by, counted one element after another. */
function shares(shape: Shape, attrs: PoolAttrs): { window: Window; sizes: number[] } {
  const window = windowOver('avgPool2d', shape, attrs, attrs);
  const sizes = new Array<number>(window.outY * window.outX).fill(0);
  const { height, width, padY, padX, strideY, strideX, outX, kernelY, kernelX } = window;
  sizes.forEach((_, o) => {
    const [top, left] = [Math.floor(o / outX) * strideY - padY, (o % outX) * strideX - padX];
    const [y0, x0] = attrs.padded ? [-padY, -padX] : [0, 0];
    const [y1, x1] = attrs.padded ? [height + padY, width + padX] : [height, width];
    for (let y = top; y < top + kernelY; y++) {
      for (let x = left; x < left + kernelX; x++) if (y >= y0 && y < y1 && x >= x0 && x < x1) sizes[o]!++;
    }
    if (attrs.divisor !== 0) sizes[o] = attrs.divisor;
  });
  return { window, sizes };
}

export interface MaxPoolOptions extends WindowOptions {
  /** A last window that begins inside may reach beyond. */
  readonly ceilMode?: boolean;
}

const poolAttrs = (op: string, kernelSize: SizePair, options: MaxPoolOptions): WindowAttrs & { ceilMode: boolean } => ({
  ...windowAttrs(op, kernelSize, { ...options, stride: options.stride ?? kernelSize }),
  ceilMode: options.ceilMode ?? false,
});

/**
 * The largest element of each window: x [.., height, width] → [.., rows, columns], with planes of float32. The stride is
 * by default the size of the window; the padding counts as smaller than everything, and is at most half a window.
 */
export const maxPool2d = (x: Tensor, kernelSize: SizePair, options: MaxPoolOptions = {}): Tensor =>
  maxPoolOp({ x }, poolAttrs('maxPool2d', kernelSize, options));

/** The same, with the place of each in its plane, counted row by row: int32. */
export function maxPool2dWithIndices(
  x: Tensor,
  kernelSize: SizePair,
  options: MaxPoolOptions = {},
): { values: Tensor; indices: Tensor } {
  const { output, indices } = maxPoolOp.all({ x }, poolAttrs('maxPool2d', kernelSize, options));
  return { values: output, indices };
}

export interface AvgPoolOptions extends Omit<MaxPoolOptions, 'dilation'> {
  /** The padding counts as zeros that are averaged too. Default: true. */
  readonly countIncludePad?: boolean;
  /** What sums are divided by, instead of the size of the window. */
  readonly divisorOverride?: number;
}

/**
 * The mean of each window: x [.., height, width] → [.., rows, columns], with planes of float32. The stride is by default
 * the size of the window.
 */
export function avgPool2d(
  x: Tensor,
  kernelSize: SizePair,
  { countIncludePad = true, divisorOverride = 0, ...options }: AvgPoolOptions = {},
): Tensor {
  if (!Number.isInteger(divisorOverride) || divisorOverride < 0) {
    throw new ArgumentError(`avgPool2d: divisorOverride ${divisorOverride}. Expected a whole number from 1.`);
  }
  const attrs = poolAttrs('avgPool2d', kernelSize, options);
  return avgPoolOp({ x }, { ...attrs, padded: countIncludePad, divisor: divisorOverride });
}

/** Options of pooling along one dimension, for the kernels that pool along two. */
function along<O extends WindowOptions>(options: O): O {
  const wide = (value: SizePair | undefined, other: number): object | undefined =>
    value === undefined ? undefined : [other, value];
  const { stride, padding, dilation } = options;
  const pairs = { stride: wide(stride, 1), padding: wide(padding, 0), dilation: wide(dilation, 1) };
  return { ...options, ...Object.fromEntries(Object.entries(pairs).filter(([, v]) => v !== undefined)) };
}

/** The same options along one dimension: numbers in place of pairs. */
export type Pool1dOptions<O> = { readonly [K in keyof O]: O[K] extends SizePair | undefined ? number : O[K] };

const pool1d = (x: Tensor, pool: (rows: Tensor) => Tensor): Tensor => scope(() => squeeze(pool(unsqueeze(x, -2)), -2));

/** {@link maxPool2d} along the last dimension alone: x [.., length] → [.., windows]. */
export const maxPool1d = (x: Tensor, kernelSize: number, options: Pool1dOptions<MaxPoolOptions> = {}): Tensor =>
  pool1d(x, (rows) => maxPool2d(rows, [1, kernelSize], along(options)));

/** {@link avgPool2d} along the last dimension alone: x [.., length] → [.., windows]. */
export const avgPool1d = (x: Tensor, kernelSize: number, options: Pool1dOptions<AvgPoolOptions> = {}): Tensor =>
  pool1d(x, (rows) => avgPool2d(rows, [1, kernelSize], along(options)));
