import type { BenchCase, InputSpec, OpCase } from './case.ts';
import { sizeOf } from './case.ts';

export type Values = Float32Array | Int32Array;

/** A mixing of 32 bits (the finalizer of MurmurHash3): the same numbers in every engine, and millions of them at once. */
function mixed(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Four uniform halves of words, centred and scaled to variance 1: normal enough, and bounded by 3.5. */
function normal(i: number, seed: number): number {
  const a = mixed(i * 2 + seed);
  const b = mixed(a ^ (i * 2 + 1 + seed));
  return ((a >>> 16) + (a & 0xffff) + (b >>> 16) + (b & 0xffff) - 131070) * (Math.sqrt(3) / 65536);
}

/** Numbers of an input, a function of what is said of it and the seed. Those in float16 are exact in float16. */
export function draw(spec: InputSpec, seed: number): Values {
  const { shape, dtype = 'float32', values, high = 2, scale = 1 } = spec;
  const float = dtype === 'float32' || dtype === 'float16';
  const kind = values ?? (float ? 'normal' : 'integer');
  const n = sizeOf(shape);
  const out = float ? new Float32Array(n) : new Int32Array(n);
  const from = mixed(seed + 0x9e3779b9);
  if (typeof kind !== 'string') out.set(kind);
  else if (kind === 'integer') for (let i = 0; i < n; i++) out[i] = mixed(i ^ from) % high;
  else if (kind === 'positive') for (let i = 0; i < n; i++) out[i] = 0.1 + (mixed(i ^ from) / 2 ** 32) * 2;
  else if (kind === 'distinct') for (let i = 0; i < n; i++) out[i] = (((i * 7919) % n) - n / 2) * 0.37 * scale;
  else if (dtype === 'float16') for (let i = 0; i < n; i++) out[i] = Math.round(normal(i, from) * 128) / 128;
  else for (let i = 0; i < n; i++) out[i] = normal(i, from) * scale;
  return out;
}

/** The inputs of an operation, by name. */
export const drawInputs = (c: OpCase): Record<string, Values> =>
  Object.fromEntries(Object.entries(c.inputs).map(([name, spec], i) => [name, draw(spec, i + 1)]));

/** Everything that a process without JavaScript must be handed for a case. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly values: Values;
}

export const opInputs = (c: BenchCase): Record<string, NamedArray> => {
  if (c.kind === 'op') {
    const drawn = drawInputs(c);
    return Object.fromEntries(
      Object.entries(c.inputs).map(([name, { shape }]) => [name, { shape, values: drawn[name]! }]),
    );
  }
  return c.kind === 'adam' ? adamInputs(c.count) : {};
};

/** Parameters and their gradient. */
export const adamInputs = (count: number): Record<'parameters' | 'gradient', NamedArray> => ({
  parameters: { shape: [count], values: draw({ shape: [count] }, 1) },
  gradient: { shape: [count], values: draw({ shape: [count] }, 2) },
});

/** What Adam is timed and checked with, in every engine. */
export const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, steps: 3 } as const;
