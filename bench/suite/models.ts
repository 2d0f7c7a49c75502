import type { Shape } from '../../engine/index.ts';
import type { ModelSize } from './case.ts';
import { draw, type NamedArray } from './inputs.ts';

/** Every parameter by its name in PyTorch, and its shape. */
export function parameterShapes({ dModel: d, layers, feedForward: f, vocab }: ModelSize): Record<string, Shape> {
  const shapes: Record<string, Shape> = { 'src_embed.weight': [vocab, d], 'tgt_embed.weight': [vocab, d] };
  const attention = (at: string): void => {
    shapes[`${at}.in_proj_weight`] = [3 * d, d];
    shapes[`${at}.in_proj_bias`] = [3 * d];
    shapes[`${at}.out_proj.weight`] = [d, d];
    shapes[`${at}.out_proj.bias`] = [d];
  };
  const norm = (at: string): void => {
    shapes[`${at}.weight`] = [d];
    shapes[`${at}.bias`] = [d];
  };
  for (const stack of ['encoder', 'decoder']) {
    for (let n = 0; n < layers; n++) {
      const at = `transformer.${stack}.layers.${n}`;
      attention(`${at}.self_attn`);
      if (stack === 'decoder') attention(`${at}.multihead_attn`);
      shapes[`${at}.linear1.weight`] = [f, d];
      shapes[`${at}.linear1.bias`] = [f];
      shapes[`${at}.linear2.weight`] = [d, f];
      shapes[`${at}.linear2.bias`] = [d];
      for (let k = 1; k <= (stack === 'decoder' ? 3 : 2); k++) norm(`${at}.norm${k}`);
    }
    norm(`transformer.${stack}.norm`);
  }
  shapes['generator.weight'] = [vocab, d];
  shapes['generator.bias'] = [vocab];
  return shapes;
}

/** The same weights in every engine: about as large as a model begins with, biases and norms a little off 0 and 1. */
export function parameterValues(size: ModelSize): Record<string, NamedArray> {
  return Object.fromEntries(
    Object.entries(parameterShapes(size)).map(([name, shape], i) => {
      const values = draw({ shape, scale: shape.length === 2 ? size.dModel ** -0.5 : 0.05 }, 100 + i) as Float32Array;
      if (/norm\d?\.weight$/.test(name)) for (let k = 0; k < values.length; k++) values[k]! += 1;
      return [name, { shape, values }];
    }),
  );
}

/** Token ids below this are marks: padding, unknown, start, end. */
export const FIRST_TOKEN = 4;

/** `rows` sentences of `length` tokens, none of them a mark. */
export const tokens = (rows: number, length: number, vocab: number, seed: number): Int32Array =>
  draw({ shape: [rows, length], dtype: 'int32', high: vocab - FIRST_TOKEN }, seed).map(
    (id) => id + FIRST_TOKEN,
  ) as Int32Array;

/** A batch to train on: what the encoder reads, what the decoder reads, what it should say. */
export interface TokenBatch {
  readonly rows: number;
  readonly sourceLength: number;
  readonly targetLength: number;
  readonly source: Int32Array;
  readonly input: Int32Array;
  readonly expected: Int32Array;
}

export const tokenBatch = (rows: number, sourceLength: number, targetLength: number, vocab: number): TokenBatch => ({
  ...{ rows, sourceLength, targetLength },
  source: tokens(rows, sourceLength, vocab, 11),
  input: tokens(rows, targetLength, vocab, 12),
  expected: tokens(rows, targetLength, vocab, 13),
});

/** Sinusoidal positions [length, d]: PE(p, 2i) = sin(p / 10000^(2i/d)), PE(p, 2i+1) = cos(p / 10000^(2i/d)). */
export function positions(length: number, d: number): Float64Array {
  const table = new Float64Array(length * d);
  for (let p = 0; p < length; p++) {
    for (let c = 0; c < d; c++) {
      const angle = p / 10000 ** ((c - (c % 2)) / d);
      table[p * d + c] = c % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return table;
}
