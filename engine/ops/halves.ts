import type { Operand, WasmLaunch } from '../backend.ts';
import { widenLaunch } from '../copy.ts';
import type { DType } from '../dtype.ts';
import type { LaunchTools } from '../launch.ts';

/** What products of float16 have in common: WebGPU reads halves as they lie, wasm converts an operand first. */

/** Dtypes of the factors. The product of two float16 is exact in float32, in which the sum is taken and the result is. */
export const FACTORS: readonly DType[] = ['float32', 'float16'];

/**
 * A float16 operand as float32, and the launch that makes it so. The order of its elements in memory stays, so that a
 * transposed one is still read along memory.
 */
export function widened(x: Operand, tools: LaunchTools): { operand: Operand; launches: WasmLaunch[] } {
  if (x.dtype !== 'float16') return { operand: x, launches: [] };
  // what is broadcast is converted once
  const shape = x.shape.map((size, d) => (x.strides[d] === 0 ? 1 : size));
  const order = shape.map((_, d) => d).sort((c, d) => x.strides[d]! - x.strides[c]!);
  const source = { ...x, shape: order.map((d) => shape[d]!), strides: order.map((d) => x.strides[d]!) };
  const wide = tools.scratch(source.shape);
  const strides = x.strides.map((step, d) => (step === 0 ? 0 : wide.strides[order.indexOf(d)]!));
  return { operand: { ...wide, shape: x.shape, strides }, launches: [widenLaunch(source, wide)] };
}
