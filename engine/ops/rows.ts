import shader from '../../shaders/embedding.wgsl';
import backwardShader from '../../shaders/embedding_backward.wgsl';
import linksShader from '../../shaders/embedding_links.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import type { LaunchTools } from '../launch.ts';
import { sizeOf } from '../shape.ts';
import type { Lines } from './lines.ts';

/**
 * Kernel calls for rows picked by a list of indices, which embedding and indexSelect share: x [outer, rows, inner] and
 * indices [n] → [outer, n, inner]. An index that names no row, and the index `blank` (−1 for none), give zeros and get no
 * gradient.
 */
export interface Rows {
  readonly indices: Operand;
  /** The rows: forward of x, backward of the gradient of x. */
  readonly lines: Lines;
  readonly blank: number;
}

export function rowsWebGPU({ indices, lines, blank }: Rows, x: Operand, output: Operand): WebGPULaunch {
  const { n: rows, inner } = lines;
  const total = sizeOf(output.shape);
  return dispatch({
    shader,
    bindings: { indices, x, output },
    uniforms: { total, n: sizeOf(indices.shape), rows, inner, blank },
    workgroups: grid(total, 256),
  });
}

export function rowsWasm({ indices, lines, blank }: Rows, x: Operand, output: Operand): WasmLaunch {
  const { outer, n: rows, inner } = lines;
  const n = sizeOf(indices.shape);
  const grain = Math.ceil(32768 / inner);
  return { kernel: 'embedding', args: [indices, x, output, n, rows, inner, blank], range: outer * n, grain };
}

/**
 * Two dispatches: places of equal indices are linked, then every element of the output walks the places of its row. No
 * float is added by two invocations, so the result is the same in every run.
 */
export function rowsBackwardWebGPU(
  { indices, lines, blank }: Rows,
  dy: Operand,
  output: Operand,
  tools: LaunchTools,
): WebGPULaunch[] {
  const { n: rows, inner } = lines;
  const n = sizeOf(indices.shape);
  const total = sizeOf(output.shape);
  const first = tools.scratch([Math.max(1, rows)]);
  const next = tools.scratch([Math.max(1, n)]);
  return [
    dispatch({
      shader: linksShader,
      bindings: { indices, first, next },
      uniforms: { n, rows, blank },
      workgroups: grid(n, 64),
    }),
    dispatch({
      shader: backwardShader,
      bindings: { indices, first, next, dy, output },
      uniforms: { total, n, rows, inner, blank },
      workgroups: grid(total, 256),
    }),
  ];
}

export function rowsBackwardWasm({ indices, lines, blank }: Rows, dy: Operand, output: Operand): WasmLaunch {
  const { outer, n: rows, inner } = lines;
  const n = sizeOf(indices.shape);
  // Every part reads the whole list of indices: a part must have enough rows to be worth that.
  const grain = Math.max(1, Math.ceil(rows / 16), Math.ceil(16384 / Math.max(1, outer * inner)));
  return { kernel: 'embeddingBackward', args: [indices, dy, output, outer, n, rows, inner, blank], range: rows, grain };
}
