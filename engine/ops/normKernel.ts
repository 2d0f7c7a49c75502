import forwardShader from '../../shaders/layer_norm.wgsl';
import backwardShader from '../../shaders/layer_norm_backward.wgsl';
import parametersShader from '../../shaders/layer_norm_parameters.wgsl';
import { dispatch, grid, type Operand, type WasmLaunch, type WebGPULaunch } from '../backend.ts';
import { ShapeError, show } from '../errors.ts';
import type { LaunchTools } from '../launch.ts';
import type { Meta } from '../op.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { type Shape, sameShape, sizeOf } from '../shape.ts';
import { threadsFor } from './lines.ts';
import { reduceOnWebGPU } from './reduction.ts';

/** The calls of the kernels that layerNorm and rmsNorm share: the latter has no mean and no bias. */

/** A tensor as rows of its last dimension. */
export const rowsOf = (shape: Shape): { rows: number; n: number } => ({
  rows: sizeOf(shape.slice(0, -1)),
  n: shape.at(-1) ?? 1,
});

/** For the references. */
export const average = (v: ArrayLike<number>): number => Array.from(v).reduce((a, b) => a + b, 0) / v.length;

/** f over the rows of the last dimension: (row number) → values. */
export function overRows(x: NDArray, f: (row: number, values: Float64Array) => ArrayLike<number>): NDArray {
  const { rows, n } = rowsOf(x.shape);
  const out = ndarray(x.shape);
  for (let r = 0; r < rows; r++) out.data.set(f(r, x.data.subarray(r * n, (r + 1) * n)), r * n);
  return out;
}

/** Holds weight and bias against the last dimension of x. */
export function checkNorm(op: string, x: Meta, parameters: Readonly<Record<string, Meta | undefined>>): Shape {
  if (x.shape.length === 0) throw new ShapeError(`${op}: x is a scalar. Expected at least one dimension, [..., n].`);
  const { n } = rowsOf(x.shape);
  for (const [name, p] of Object.entries(parameters)) {
    if (p === undefined || sameShape(p.shape, [n])) continue;
    throw new ShapeError(
      `${op}: ${name} ${show(p.shape)} for x ${show(x.shape)}. Expected ${show([n])}, the last dimension of x.`,
    );
  }
  return x.shape;
}

interface Forward {
  readonly x: Operand;
  readonly weight?: Operand | undefined;
  readonly bias?: Operand | undefined;
  /** Absent for rmsNorm. */
  readonly mean?: Operand;
  readonly rstd: Operand;
  readonly output: Operand;
}

interface Backward extends Omit<Forward, 'bias'> {
  readonly dy: Operand;
}

const flag = (x: unknown): number => (x === undefined ? 0 : 1);

export function normOnWebGPU(
  { x, weight, bias, mean, rstd, output }: Forward,
  eps: number,
  tools: LaunchTools,
): WebGPULaunch {
  const { rows, n } = rowsOf(x.shape);
  const threads = threadsFor({ outer: rows, n, inner: 1 });
  return dispatch({
    shader: forwardShader,
    bindings: { x, weight: weight ?? tools.none, bias: bias ?? tools.none, mean: mean ?? tools.none, rstd, output },
    uniforms: {
      rows,
      n,
      centered: flag(mean),
      hasWeight: flag(weight),
      hasBias: flag(bias),
      perElement: 1 / Math.max(1, n),
      eps,
    },
    params: { ...threads },
    workgroups: grid(rows, threads.COLS),
  });
}

const rowGrain = (n: number): number => Math.max(1, Math.ceil(8192 / Math.max(1, n)));

export function normOnWasm({ x, weight, bias, mean, rstd, output }: Forward, eps: number): WasmLaunch {
  const { rows, n } = rowsOf(x.shape);
  return {
    kernel: 'layerNorm',
    args: [
      ...[x, weight ?? x, bias ?? x, mean ?? rstd, rstd, output],
      ...[n, flag(mean), flag(weight), flag(bias), eps],
    ],
    range: rows,
    grain: rowGrain(n),
  };
}

export function normBackwardOnWebGPU(
  { x, weight, mean, rstd, dy, output }: Backward,
  tools: LaunchTools,
): WebGPULaunch {
  const { rows, n } = rowsOf(x.shape);
  const threads = threadsFor({ outer: rows, n, inner: 1 });
  return dispatch({
    shader: backwardShader,
    bindings: { x, weight: weight ?? tools.none, mean: mean ?? tools.none, rstd, dy, output },
    uniforms: { rows, n, centered: flag(mean), hasWeight: flag(weight), perElement: 1 / Math.max(1, n) },
    params: { ...threads },
    workgroups: grid(rows, threads.COLS),
  });
}

export function normBackwardOnWasm({ x, weight, mean, rstd, dy, output }: Backward): WasmLaunch {
  const { rows, n } = rowsOf(x.shape);
  return {
    kernel: 'layerNormBackward',
    args: [x, weight ?? x, mean ?? rstd, rstd, dy, output, n, flag(mean), flag(weight)],
    range: rows,
    grain: rowGrain(n),
  };
}

type Parameters = Omit<Backward, 'weight'>;

/** Sums over thousands of rows: in parts of at least 128 rows each, which a second dispatch adds up. */
export function normParametersOnWebGPU({ x, mean, rstd, dy, output }: Parameters, tools: LaunchTools): WebGPULaunch[] {
  const { rows, n } = rowsOf(x.shape);
  const kinds = mean === undefined ? 1 : 2;
  const wanted = Math.max(1, Math.min(Math.ceil(rows / 128), Math.ceil(512 / Math.ceil(n / 32))));
  const span = Math.ceil(rows / wanted);
  const parts = span === 0 ? 1 : Math.ceil(rows / span);
  const threads = threadsFor({ outer: parts, n: rows, inner: n });
  const target = parts === 1 ? output : tools.scratch([parts, kinds * n]);
  const first = dispatch({
    shader: parametersShader,
    bindings: { x, mean: mean ?? tools.none, rstd, dy, output: target },
    uniforms: { rows, n, centered: flag(mean), parts, span },
    params: { ...threads, ALONG: 0 },
    workgroups: grid(parts * n, threads.COLS),
  });
  return parts === 1 ? [first] : [first, ...reduceOnWebGPU('sum', { x: target, output }, [0], tools)];
}

export function normParametersOnWasm({ x, mean, rstd, dy, output }: Parameters): WasmLaunch {
  const { rows, n } = rowsOf(x.shape);
  return {
    kernel: 'layerNormParameters',
    args: [x, mean ?? rstd, rstd, dy, output, rows, n, flag(mean)],
    range: n,
    grain: Math.max(32, Math.ceil(16384 / Math.max(1, rows))),
    scratch: 8192,
  };
}
