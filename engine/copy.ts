import copyShader from '../shaders/copy.wgsl';
import copyHalfShader from '../shaders/copy_half.wgsl';
import { alignment, type BackendName, dispatch, grid, type Launch, type Operand, type WasmLaunch } from './backend.ts';
import { DTypeError, ShapeError, show } from './errors.ts';
import { isContiguous, mergeDims, sizeOf } from './shape.ts';

/** Most dimensions a strided kernel walks, after neighbours were merged. */
export const MAX_DIMS = 6;

/** Scratch bytes of a wasm kernel that walks strided operands (assembly/lib/strided.ts). */
export const WALK_BYTES = 192;

/** `values` in exactly MAX_DIMS places, filled up at the front. */
export function padDims(values: readonly number[], fill: number): number[] {
  if (values.length > MAX_DIMS) {
    throw new ShapeError(
      `strided access over ${values.length} dimensions that cannot be merged; at most ${MAX_DIMS}. Call contiguous() on the inputs first.`,
    );
  }
  return [...new Array<number>(MAX_DIMS - values.length).fill(fill), ...values];
}

/** How kernels are told of the walk over several operands: sizes and strides in MAX_DIMS places, outermost first. */
export function walk(
  shape: readonly number[],
  ...operands: readonly (readonly number[])[]
): { sizes: number[]; strides: number[][] } {
  const merged = mergeDims(shape, operands);
  return { sizes: padDims(merged.shape, 1), strides: merged.strides.map((s) => padDims(s, 0)) };
}

/** A walk as a wasm kernel reads it (assembly/lib/strided.ts). */
export const layoutOf = (walk: { readonly sizes: number[]; readonly strides: number[][] }): number[] => [
  ...walk.sizes,
  ...walk.strides.flat(),
];

/**
 * A strided operand as WebGPU can bind it: from the last place before its first element where a binding may begin, and
 * how far behind that the element is. (From 0 would not do: the offset may be more than one binding reaches.)
 */
export function anchor(operand: Operand): { operand: Operand; offset: number } {
  const offset = operand.offset % alignment(operand.dtype);
  return { operand: { ...operand, offset: operand.offset - offset }, offset };
}

/**
 * Copies `from` into `to`, element by element of their common shape; both may have any strides. Bits are kept. Of
 * float16 `to` must be a fresh tensor without gaps: elsewhere a word of two elements would be shared with others.
 */
export function copyLaunch(backend: BackendName, from: Operand, to: Operand): Launch[] {
  const total = sizeOf(to.shape);
  if (total === 0) return [];
  if (from.dtype === 'float16') return [copyHalfLaunch(backend, from, to)];
  const { sizes, strides } = walk(to.shape, from.strides, to.strides);
  if (backend === 'wasm') {
    const layout = layoutOf({ sizes, strides });
    return [{ kernel: 'copy', args: [from, to], layout, range: total, grain: 32768, scratch: WALK_BYTES }];
  }
  const [x, output] = [anchor(from), anchor(to)];
  return [
    dispatch({
      shader: copyShader,
      bindings: { x: x.operand, output: output.operand },
      uniforms: {
        total,
        xOffset: x.offset,
        outputOffset: output.offset,
        sizes: uniformDims(sizes),
        xStrides: uniformDims(strides[0]!),
        outputStrides: uniformDims(strides[1]!),
      },
      workgroups: grid(total, 256),
    }),
  ];
}

function copyHalfLaunch(backend: BackendName, from: Operand, to: Operand): Launch {
  if (to.offset !== 0 || !isContiguous(to)) {
    throw new DTypeError(
      `copy: float16 ${show(to.shape)} into part of a tensor. Convert it to float32 with to() first.`,
    );
  }
  const total = sizeOf(to.shape);
  if (backend === 'wasm') return halvesLaunch('copyHalf', from, to);
  const { sizes, strides } = walk(to.shape, from.strides);
  const x = anchor(from);
  return dispatch({
    shader: copyHalfShader,
    bindings: { x: x.operand, output: to },
    uniforms: { total, xOffset: x.offset, sizes: uniformDims(sizes), xStrides: uniformDims(strides[0]!) },
    workgroups: grid(Math.ceil(total / 2), 256),
  });
}

/** float16 with any strides → float32 in the row-major order of the shape, on wasm. */
export const widenLaunch = (from: Operand, to: Operand): WasmLaunch => halvesLaunch('convertFromHalf', from, to);

function halvesLaunch(kernel: string, from: Operand, to: Operand): WasmLaunch {
  const layout = layoutOf(walk(to.shape, from.strides));
  return { kernel, args: [from, to], layout, range: sizeOf(to.shape), grain: 32768, scratch: WALK_BYTES };
}

/** MAX_DIMS numbers as the `array<vec4<u32>, 2>` of a uniform block. */
export const uniformDims = (values: readonly number[]): number[] => [...values, 0, 0];
