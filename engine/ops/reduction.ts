import reduceShader from '../../shaders/reduce.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import type { LaunchTools } from '../launch.ts';
import type { Meta } from '../op.ts';
import { normalizeDims, type Shape, sizeOf } from '../shape.ts';
import { anchor } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { arrange, type Lines, threadsFor } from './lines.ts';
import { expand, reshape } from './views.ts';

/** One dimension, several, or all of them (undefined, null, or none named). */
export type Dims = number | readonly number[] | null | undefined;

export interface ReduceOptions {
  /** Keep the reduced dimensions, with size 1. */
  readonly keepdim?: boolean;
}

export interface ReduceAttrs {
  readonly dim: number | readonly number[] | null;
  readonly keepdim: boolean;
}

/** The dimensions meant; an empty list means all, as in PyTorch. */
export const dimsOf = (op: string, dim: Dims, rank: number): number[] =>
  normalizeDims(op, Array.isArray(dim) && dim.length === 0 ? null : dim, rank);

/** The sizes with those of `dims` set to 1. */
export const keptShape = (shape: Shape, dims: readonly number[]): number[] =>
  shape.map((s, d) => (dims.includes(d) ? 1 : s));

export function reducedShape(op: string, { x }: { x: Meta }, { dim, keepdim }: ReduceAttrs): number[] {
  const dims = dimsOf(op, dim, x.shape.length);
  return keepdim ? keptShape(x.shape, dims) : x.shape.filter((_, d) => !dims.includes(d));
}

/** The same for what has no value over no elements. */
export function nonEmptyShape(op: string, inputs: { x: Meta }, attrs: ReduceAttrs): number[] {
  const { shape } = inputs.x;
  const out = reducedShape(op, inputs, attrs);
  if (sizeOf(shape) === 0 && sizeOf(out) > 0) {
    throw new ShapeError(
      `${op}: ${show(shape)} has no elements along the reduced dimensions, and ${op} of nothing is not defined. ` +
        'Reduce a dimension of at least one element.',
    );
  }
  return out;
}

/** Number of elements that become one. */
export const lengthOf = (shape: Shape, dims: readonly number[]): number => sizeOf(dims.map((d) => shape[d]!));

/** Where `y`, reduced over `dims` of `shape`, lines up with the unreduced tensor again. */
export const unreduce = (y: Tensor, shape: Shape, dims: readonly number[]): Tensor =>
  reshape(y, keptShape(shape, dims));

/** dy at each element of x. */
export const spread = (op: string, dy: Tensor, shape: Shape, dim: Dims): Tensor =>
  expand(unreduce(dy, shape, dimsOf(op, dim, shape.length)), shape);

type Kind = 'sum' | 'max' | 'min';
const CODE: Readonly<Record<Kind, number>> = { sum: 0, max: 1, min: 2 };

/** One dispatch of shaders/reduce.wgsl: lines cut into `parts` of `span` elements. */
function reduceDispatch(
  kind: Kind,
  x: Operand,
  output: Operand,
  lines: Lines,
  { parts, span }: Parts,
  scale: number,
): WebGPULaunch {
  const { outer, n, inner } = lines;
  const outputs = outer * parts * inner;
  const threads = threadsFor(lines);
  const from = anchor(x);
  return dispatch({
    shader: reduceShader,
    bindings: { x: from.operand, output },
    uniforms: { outputs, n, inner, parts, span, xOffset: from.offset, scale },
    params: { Element: x.dtype === 'float32' ? 'f32' : 'i32', OP: CODE[kind], ...threads },
    workgroups: grid(outputs, threads.COLS),
  });
}

/** A line cut into `parts` of `span` elements; the last may have fewer. */
interface Parts {
  readonly parts: number;
  readonly span: number;
}

function cut(n: number, wanted: number): Parts {
  const span = Math.ceil(n / Math.max(1, wanted));
  return { parts: span === 0 ? 1 : Math.ceil(n / span), span };
}

/** So that few long lines are spread over the device: enough workgroups, and no thread with less than 32 elements. */
function partsOnWebGPU(lines: Lines): Parts {
  const { ROWS, COLS } = threadsFor(lines);
  const groups = Math.ceil((lines.outer * lines.inner) / COLS);
  return cut(lines.n, groups >= 128 ? 1 : Math.min(Math.ceil(lines.n / (ROWS * 32)), Math.ceil(512 / groups)));
}

/** In parts that depend on the shape alone, so that the result does not depend on the number of threads. */
function partsOnWasm({ outer, n, inner }: Lines): Parts {
  const outputs = outer * inner;
  const long = outputs < 64 && n * outputs >= 131072;
  return cut(n, long ? Math.min(256, Math.ceil((n * Math.min(outputs, 16)) / 32768)) : 1);
}

interface Operands {
  readonly x: Operand;
  readonly output: Operand;
}

/** Reduces `x` (any strides) over `dims` into `output`; sums are multiplied by `scale`. */
export function reduceOnWebGPU(
  kind: Kind,
  { x, output }: Operands,
  dims: readonly number[],
  tools: LaunchTools,
  scale = 1,
): WebGPULaunch[] {
  const { x: from, lines, copies } = arrange('webgpu', x, dims, tools);
  const launches = copies as WebGPULaunch[];
  const first = partsOnWebGPU(lines);
  if (first.parts === 1) return [...launches, reduceDispatch(kind, from, output, lines, first, scale)];
  const { outer, inner } = lines;
  const partial: Operand = { ...tools.scratch([outer, first.parts, inner]), dtype: x.dtype };
  const rest = { outer, n: first.parts, inner };
  return [
    ...launches,
    reduceDispatch(kind, from, partial, lines, first, 1),
    reduceDispatch(kind, partial, output, rest, cut(first.parts, 1), scale),
  ];
}

/** One call of assembly/reduce.ts. */
function reduceCall(
  kind: Kind,
  x: Operand,
  output: Operand,
  lines: Lines,
  parts: number,
  span: number,
  scale: number,
): WasmLaunch {
  const { outer, n, inner } = lines;
  const shape = [n, inner, parts, span, CODE[kind]];
  // Columns that follow one another share cache lines: a thread takes at least 32.
  const grain = Math.max(inner === 1 ? 1 : Math.min(32, inner), Math.ceil(32768 / Math.max(1, span)));
  const range = outer * parts * inner;
  return x.dtype === 'float32'
    ? { kernel: 'reduce', args: [x, output, ...shape, scale], range, grain, scratch: 4096 }
    : { kernel: 'reduceInt', args: [x, output, ...shape], range, grain };
}

/** The same on wasm. */
export function reduceOnWasm(
  kind: Kind,
  { x, output }: Operands,
  dims: readonly number[],
  tools: LaunchTools,
  scale = 1,
): WasmLaunch[] {
  const { x: from, lines, copies } = arrange('wasm', x, dims, tools);
  const launches = copies as WasmLaunch[];
  const { outer, n, inner } = lines;
  const { parts, span } = partsOnWasm(lines);
  if (parts === 1) return [...launches, reduceCall(kind, from, output, lines, 1, n, scale)];
  const partial: Operand = { ...tools.scratch([outer, parts, inner]), dtype: x.dtype };
  return [
    ...launches,
    reduceCall(kind, from, partial, lines, parts, span, 1),
    reduceCall(kind, partial, output, { outer, n: parts, inner }, 1, parts, scale),
  ];
}
