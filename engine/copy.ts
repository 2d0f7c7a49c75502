import copyShader from '../shaders/copy.wgsl';
import copyHalfShader from '../shaders/copy_half.wgsl';
import type { Launch, Operand, WasmLaunch, WebGPULaunch } from './backend.ts';
import { DTypeError, show } from './errors.ts';
import { isContiguous, sizeOf } from './shape.ts';
import { layoutOf, stridedDispatch, WALK_BYTES, walk } from './strided.ts';

/**
 * The launches that copy `from` into `to`, element by element of their common shape, on each device; both may have any
 * strides. Bits are kept. Of float16 `to` must be a fresh tensor without gaps: elsewhere a word of two elements would be
 * shared with others.
 */
export const copyLaunch = {
  webgpu: (from: Operand, to: Operand): WebGPULaunch[] => {
    const { shape } = to;
    if (sizeOf(shape) === 0) return [];
    const rest = { shape, uniforms: {}, perGroup: 256 };
    if (from.dtype === 'float16') {
      checkWhole(to);
      const launch = { ...rest, shader: copyHalfShader, walked: { x: from }, bindings: { output: to } };
      return [stridedDispatch({ ...launch, perGroup: 512 })];
    }
    return [stridedDispatch({ ...rest, shader: copyShader, walked: { x: from, output: to }, bindings: {} })];
  },
  wasm: (from: Operand, to: Operand): WasmLaunch[] => {
    const range = sizeOf(to.shape);
    if (range === 0) return [];
    if (from.dtype === 'float16') {
      checkWhole(to);
      return [halvesLaunch('copyHalf', from, to)];
    }
    const layout = layoutOf(walk(to.shape, from.strides, to.strides));
    return [{ kernel: 'copy', args: [from, to], layout, range, grain: 32768, scratch: WALK_BYTES }];
  },
} satisfies Record<string, (from: Operand, to: Operand) => Launch[]>;

function checkWhole(to: Operand): void {
  if (to.offset === 0 && isContiguous(to)) return;
  throw new DTypeError(`copy: float16 ${show(to.shape)} into part of a tensor. Convert it to float32 with to() first.`);
}

/** float16 with any strides → float32 in the row-major order of the shape, on wasm. */
export const widenLaunch = (from: Operand, to: Operand): WasmLaunch => halvesLaunch('convertFromHalf', from, to);

function halvesLaunch(kernel: string, from: Operand, to: Operand): WasmLaunch {
  const layout = layoutOf(walk(to.shape, from.strides));
  return { kernel, args: [from, to], layout, range: sizeOf(to.shape), grain: 32768, scratch: WALK_BYTES };
}
