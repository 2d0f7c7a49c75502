import softmaxShader from '../../shaders/softmax.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { anchor } from '../strided.ts';
import { type Lines, threadsFor } from './lines.ts';

/** What shaders/softmax.wgsl and assembly/softmax.ts write. */
export const MODE = { softmax: 0, logSoftmax: 1, logSumExp: 2 } as const;

/** Of a contiguous `x` with any offset. */
export function softmaxOnWebGPU(mode: number, x: Operand, output: Operand, lines: Lines): WebGPULaunch {
  const threads = threadsFor(lines);
  const count = lines.outer * lines.inner;
  const from = anchor(x);
  return dispatch({
    shader: softmaxShader,
    bindings: { x: from.operand, output },
    uniforms: { lines: count, n: lines.n, inner: lines.inner, xOffset: from.offset },
    params: { MODE: mode, ...threads },
    workgroups: grid(count, threads.COLS),
  });
}

/** The part of the lines worth a thread; lines beside one another share cache lines. */
export const lineGrain = ({ n, inner }: Lines): number =>
  Math.max(inner === 1 ? 1 : Math.min(16, inner), Math.ceil(4096 / Math.max(1, n)));

export const softmaxOnWasm = (mode: number, x: Operand, output: Operand, lines: Lines): WasmLaunch => ({
  kernel: 'softmax',
  args: [x, output, lines.n, lines.inner, mode],
  range: lines.outer * lines.inner,
  grain: lineGrain(lines),
});
