import reduceShader from '../../shaders/reduce.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import type { LaunchTools, Meta } from '../op.ts';
import { normalizeDims, sizeOf, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { arrange, type Lines } from './lines.ts';
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
export const keptShape = (shape: Shape, dims: readonly number[]): number[] => shape.map((s, d) => (dims.includes(d) ? 1 : s));

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

/** Where `y`, reduced over `dims` of `shape`, lines up with the unreduced tensor again. */
export const unreduce = (y: Tensor, shape: Shape, dims: readonly number[]): Tensor => reshape(y, keptShape(shape, dims));

/** dy at each element of x. */
export const spread = (op: string, dy: Tensor, shape: Shape, dim: Dims): Tensor =>
  expand(unreduce(dy, shape, dimsOf(op, dim, shape.length)), shape);

type Kind = 'sum' | 'max' | 'min';
const CODE: Readonly<Record<Kind, number>> = { sum: 0, max: 1, min: 2 };

const powerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, n)));

/** One dispatch of shaders/reduce.wgsl: lines cut into `parts` of `span` elements. */
function reduceDispatch(kind: Kind, x: Operand, output: Operand, lines: Lines, split: Split, scale: number): WebGPULaunch {
  const { outer, n, inner } = lines;
  const { rows, cols, parts, span } = split;
  const outputs = outer * parts * inner;
  return dispatch({
    shader: reduceShader,
    bindings: { x: { ...x, offset: 0 }, output },
    uniforms: { outputs, n, inner, parts, span, xOffset: x.offset, scale },
    params: {
      Element: x.dtype === 'float32' ? 'f32' : 'i32',
      OP: CODE[kind],
      ROWS: rows,
      COLS: cols,
      ALONG: inner === 1 ? 1 : 0,
    },
    workgroups: grid(outputs, cols),
  });
}

interface Split {
  /** Threads along a line and outputs in a workgroup; 256 together. */
  readonly rows: number;
  readonly cols: number;
  readonly parts: number;
  readonly span: number;
}

/** How the 256 threads of a workgroup share the work, and into how many parts few long lines are cut. */
function splitLines({ outer, n, inner }: Lines): Split {
  const outputs = outer * inner;
  const rows =
    inner === 1
      ? Math.min(256, powerOfTwo(n / 8))
      : Math.min(256 / Math.min(32, powerOfTwo(outputs)), powerOfTwo(n));
  const cols = 256 / rows;
  const groups = Math.ceil(outputs / cols);
  const wanted = groups >= 128 ? 1 : Math.min(Math.ceil(n / (rows * 32)), Math.ceil(512 / groups));
  const span = Math.ceil(n / Math.max(1, wanted));
  return { rows, cols, parts: span === 0 ? 1 : Math.ceil(n / span), span };
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
  const first = splitLines(lines);
  if (first.parts === 1) return [...launches, reduceDispatch(kind, from, output, lines, first, scale)];
  const { outer, inner } = lines;
  const partial: Operand = { ...tools.scratch([outer, first.parts, inner]), dtype: x.dtype };
  const rest = { outer, n: first.parts, inner };
  const second = { ...splitLines(rest), parts: 1, span: first.parts };
  return [
    ...launches,
    reduceDispatch(kind, from, partial, lines, first, 1),
    reduceDispatch(kind, partial, output, rest, second, scale),
  ];
}

/** One call of assembly/reduce.ts. */
function reduceCall(kind: Kind, x: Operand, output: Operand, lines: Lines, parts: number, span: number, scale: number): WasmLaunch {
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
  const outputs = outer * inner;
  // Few long lines: in parts that depend on the shape alone, so that the result does not depend on the threads.
  const wanted = outputs < 64 && n * outputs >= 131072 ? Math.ceil((n * Math.min(outputs, 16)) / 32768) : 1;
  const span = Math.ceil(n / Math.min(wanted, 256));
  const parts = span === 0 ? 1 : Math.ceil(n / span);
  if (parts === 1) return [...launches, reduceCall(kind, from, output, lines, 1, n, scale)];
  const partial: Operand = { ...tools.scratch([outer, parts, inner]), dtype: x.dtype };
  return [
    ...launches,
    reduceCall(kind, from, partial, lines, parts, span, 1),
    reduceCall(kind, partial, output, { outer, n: parts, inner }, 1, parts, scale),
  ];
}
