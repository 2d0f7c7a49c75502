import shader from '../../shaders/dropout.wgsl';
import { dispatch, grid } from '../backend.ts';
import { ArgumentError } from '../errors.ts';
import { defineOp } from '../op.ts';
import { defaultGenerator, type Generator, Stream, seedWords } from '../random.ts';
import { ndarray } from '../reference.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** 1 / (1 − p), and 0 where nothing is kept. */
const scaleOf = (p: number): number => (p === 1 ? 0 : 1 / (1 - p));

/** A uniform number k · 2^-24 is at least p exactly when k is at least this. */
const thresholdOf = (p: number): number => Math.ceil(p * 2 ** 24);

const dropoutOp = defineOp({
  name: 'dropout',
  formula: 'x / (1 − p) with probability 1 − p, else 0',
  inputs: ['x'],
  attrs: { p: 0.5, seed: 0, stream: 0 },
  shape: ({ x }) => x.shape,
  webgpu: ({ x, output }, { p, seed, stream }) => {
    const total = sizeOf(x.shape);
    return dispatch({
      shader,
      bindings: { x, output },
      uniforms: { total, threshold: thresholdOf(p), scale: scaleOf(p), stream, seed: seedWords(seed) },
      workgroups: grid(Math.ceil(total / 4), 256),
    });
  },
  wasm: ({ x, output }, { p, seed, stream }) => {
    const total = sizeOf(x.shape);
    const args = [x, output, total, thresholdOf(p), scaleOf(p), stream, ...seedWords(seed)];
    return { kernel: 'dropout', args, range: Math.ceil(total / 4), grain: 2048, scratch: 64 };
  },
  // The same seed and stream give the same mask.
  grad: (dy, _saved, { attrs }): { x: Tensor } => ({ x: dropoutOp({ x: dy }, attrs) }),
  reference: ({ x }, { p, seed, stream }) => {
    const random = new Stream(seed, stream);
    return ndarray(
      x.shape,
      Array.from(x.data, (v) => (random.uniform() >= p ? v * scaleOf(p) : 0)),
    );
  },
  cases: [
    { inputs: { x: [5, 7] }, attrs: { p: 0.5, seed: 3, stream: 1 } },
    { inputs: { x: [1] }, attrs: { p: 0.1, seed: 2 ** 40 + 5 } },
    { inputs: { x: [2, 3, 67] }, attrs: { p: 0.1, seed: 2 ** 33 + 1, stream: 2 ** 32 - 1 } },
    { inputs: { x: [9] }, attrs: { p: 1 } },
    { inputs: { x: [9] }, attrs: { p: 0 } },
    { inputs: { x: [0, 4] } },
    { inputs: { x: [1024, 1024] }, attrs: { p: 0.1 }, bench: true, gradient: false },
  ],
});

export interface DropoutOptions {
  /** False in evaluation: nothing is dropped. */
  readonly training?: boolean;
  /** Where the mask comes from; default: the one `manualSeed` sets. Its state says which masks come next. */
  readonly generator?: Generator;
}

/**
 * Each element set to 0 with probability `p`, the others divided by 1 − p, so that the mean stays. Every call takes a
 * fresh stream of the generator: the same seed gives the same masks on every device. `x` itself (another handle) when p
 * is 0 or not training; zeros when p is 1. Source: Srivastava et al. 2014.
 *
 * Throws ArgumentError for a p outside [0, 1].
 */
export function dropout(
  x: Tensor,
  p = 0.5,
  { training = true, generator = defaultGenerator }: DropoutOptions = {},
): Tensor {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`dropout: p = ${p}. Expected a probability from 0 to 1.`);
  if (!training || p === 0) return x.alias();
  const { seed, stream } = generator.next();
  return dropoutOp({ x }, { p, seed, stream });
}
