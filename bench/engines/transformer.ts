import type { ModelSize } from '../suite/case.ts';
import { positions, type TokenBatch } from '../suite/models.ts';

/**
 * What a Transformer needs of a tensor library. The model below is written once over it: in TensorFlow.js, in jax-js, and
 * in the float64 arithmetic that all models are checked with. heddle and PyTorch run models of their own.
 */
export interface Arithmetic<T, Ids> {
  constant(shape: readonly number[], data: ArrayLike<number>): T;
  ids(shape: readonly number[], data: Int32Array): Ids;
  /** b may lack leading dimensions. */
  add(a: T, b: T): T;
  scale(a: T, factor: number): T;
  /** a [..., m, k] · b [k, n] or [..., k, n]; b lies as [..., n, k] when transposed. */
  matmul(a: T, b: T, transposeB: boolean): T;
  reshape(a: T, shape: readonly number[]): T;
  /** [a, b, c, d] → [a, c, b, d] */
  swapMiddle(a: T): T;
  /** Places from to to − 1 of the first dimension. */
  rows(a: T, from: number, to: number): T;
  relu(a: T): T;
  /** Over the last dimension, as the two below. */
  softmax(a: T): T;
  layerNorm(a: T, weight: T, bias: T): T;
  embedding(table: T, ids: Ids): T;
  dropout(a: T, p: number): T;
  /** Mean of −log softmax at the ids; logits [n, classes]. */
  crossEntropy(logits: T, ids: Ids): T;
}

/** Hides what comes later; finite, so that nothing becomes NaN. */
const HIDDEN = -1e9;

const causalMask = (length: number): Float64Array =>
  Float64Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? HIDDEN : 0));

/** A batch, and the tables that go with it, as an engine holds them. */
export interface Given<T, Ids> {
  readonly source: Ids;
  readonly input: Ids;
  readonly expected: Ids;
  readonly sourcePositions: T;
  readonly targetPositions: T;
  readonly mask: T;
}

export const give = <T, Ids>(m: Arithmetic<T, Ids>, { dModel: d }: ModelSize, batch: TokenBatch): Given<T, Ids> => {
  const { rows, sourceLength: s, targetLength: l, source, input, expected } = batch;
  return {
    source: m.ids([rows, s], source),
    input: m.ids([rows, l], input),
    expected: m.ids([rows * l], expected),
    sourcePositions: m.constant([s, d], positions(s, d)),
    targetPositions: m.constant([l, d], positions(l, d)),
    mask: m.constant([l, l], causalMask(l)),
  };
};

/** Scores of the next token at each place: [rows · L, vocab]. Post-norm, each stack ended by a norm. */
export function scores<T, Ids>(
  m: Arithmetic<T, Ids>,
  parameters: Readonly<Record<string, T>>,
  size: ModelSize,
  { rows, sourceLength, targetLength }: Pick<TokenBatch, 'rows' | 'sourceLength' | 'targetLength'>,
  given: Given<T, Ids>,
  p: number,
): T {
  const { dModel: d, heads, layers } = size;
  const of = (name: string): T => parameters[name]!;
  const drop = (x: T): T => (p === 0 ? x : m.dropout(x, p));
  const linear = (x: T, at: string): T => m.add(m.matmul(x, of(`${at}.weight`), true), of(`${at}.bias`));
  const norm = (x: T, at: string): T => m.layerNorm(x, of(`${at}.weight`), of(`${at}.bias`));
  const split = (x: T, length: number): T => m.swapMiddle(m.reshape(x, [rows, length, heads, d / heads]));

  /** x: [rows · L, d], memory: [rows · S, d] */
  const attention = (x: T, length: number, memory: T, seen: number, at: string, mask: T | null): T => {
    const [weight, bias] = [of(`${at}.in_proj_weight`), of(`${at}.in_proj_bias`)];
    const part = (y: T, k: number): T =>
      m.add(m.matmul(y, m.rows(weight, k * d, (k + 1) * d), true), m.rows(bias, k * d, (k + 1) * d));
    const [q, k, v] = [split(part(x, 0), length), split(part(memory, 1), seen), split(part(memory, 2), seen)];
    const raw = m.scale(m.matmul(q, k, true), (d / heads) ** -0.5);
    const weights = drop(m.softmax(mask === null ? raw : m.add(raw, mask)));
    return linear(m.reshape(m.swapMiddle(m.matmul(weights, v, false)), [rows * length, d]), `${at}.out_proj`);
  };
  const feedForward = (x: T, at: string): T => linear(drop(m.relu(linear(x, `${at}.linear1`))), `${at}.linear2`);
  const embed = (table: string, ids: Ids, places: T, length: number): T => {
    const x = m.scale(m.embedding(of(table), ids), Math.sqrt(d));
    return m.reshape(drop(m.add(x, places)), [rows * length, d]);
  };

  let memory = embed('src_embed.weight', given.source, given.sourcePositions, sourceLength);
  for (let n = 0; n < layers; n++) {
    const at = `transformer.encoder.layers.${n}`;
    const own = attention(memory, sourceLength, memory, sourceLength, `${at}.self_attn`, null);
    memory = norm(m.add(memory, drop(own)), `${at}.norm1`);
    memory = norm(m.add(memory, drop(feedForward(memory, at))), `${at}.norm2`);
  }
  memory = norm(memory, 'transformer.encoder.norm');
  let x = embed('tgt_embed.weight', given.input, given.targetPositions, targetLength);
  for (let n = 0; n < layers; n++) {
    const at = `transformer.decoder.layers.${n}`;
    const own = attention(x, targetLength, x, targetLength, `${at}.self_attn`, given.mask);
    x = norm(m.add(x, drop(own)), `${at}.norm1`);
    const cross = attention(x, targetLength, memory, sourceLength, `${at}.multihead_attn`, null);
    x = norm(m.add(x, drop(cross)), `${at}.norm2`);
    x = norm(m.add(x, drop(feedForward(x, at))), `${at}.norm3`);
  }
  return linear(norm(x, 'transformer.decoder.norm'), 'generator');
}
