import {
  ArgumentError,
  Dropout,
  embedding,
  init,
  Module,
  type ModuleOptions,
  narrow,
  type Tensor,
  tensor,
} from '../../engine/index.ts';
import type { ModelConfig } from './config.ts';
import { type PositionTable, sinusoidTable } from './positions.ts';

export interface InputEmbeddingOptions extends ModuleOptions {
  /** The matrix of another embedding, to share. */
  readonly weight?: Tensor;
}

/** What an embedding needs to know of its model. */
export type EmbeddingConfig = Required<Pick<ModelConfig, 'dModel' | 'dropout' | 'positions' | 'maxLength'>>;

/**
 * What goes into the first layer of a stack: dropout(√d · E[token] + position) (Vaswani et al. 2017, sections 3.4, 3.5
 * and 5.4). Of the three kinds of positions
 *
 * - `sinusoidal` are the paper's: fixed, any length;
 * - `learned` are a parameter `positions` [maxLength, d] (Gehring et al. 2017): a longer sequence is an error;
 * - `rotary` add nothing here: self-attention rotates queries and keys instead (Su et al. 2021).
 */
export class InputEmbedding extends Module {
  /** [tokens, d] */
  readonly weight: Tensor;
  /** [maxLength, d], where positions are learned. */
  readonly positions: Tensor | null;
  readonly dropout: Dropout;
  readonly #sinusoids: PositionTable | null;

  constructor(vocab: number, config: EmbeddingConfig, options: InputEmbeddingOptions = {}) {
    super();
    const { dModel, dropout, positions, maxLength } = config;
    const normal = init.normal(dModel ** -0.5);
    this.weight = options.weight ?? init.newParameter([vocab, dModel], normal, options);
    this.positions = positions === 'learned' ? init.newParameter([maxLength, dModel], normal, options) : null;
    this.#sinusoids = positions === 'sinusoidal' ? sinusoidTable(dModel) : null;
    this.dropout = new Dropout(dropout, options);
  }

  /**
   * tokens: int32 [batch, L], at positions from `start` on → [batch, L, d]. leftPadding: the number of padding tokens in
   * front of each row, which positions are counted without.
   *
   * @throws {ArgumentError} for a position that learned ones do not have
   */
  forward(tokens: Tensor, start = 0, leftPadding: readonly number[] | null = null): Tensor {
    const dModel = this.weight.shape[1]!;
    const x = embedding(tokens, this.weight).mul(Math.sqrt(dModel));
    const at = this.#positionsAt(start, tokens.shape[1] ?? 0, leftPadding);
    return this.dropout.forward(at === null ? x : x.add(at));
  }

  /** The positions from `start` on: [L, d], or [batch, L, d] where rows differ; null where none are added. */
  #positionsAt(start: number, length: number, leftPadding: readonly number[] | null): Tensor | null {
    const table = this.#table(start + length);
    if (table === null) return null;
    if (leftPadding === null || leftPadding.every((n) => n === 0)) return narrow(table, 0, start, length);
    const rows = leftPadding.flatMap((n) => Array.from({ length }, (_, i) => Math.max(0, start + i - n)));
    const { device } = table;
    return embedding(tensor(Int32Array.from(rows), { shape: [leftPadding.length, length], device }), table);
  }

  #table(length: number): Tensor | null {
    if (this.positions === null) return this.#sinusoids?.upTo(length, this.weight.device) ?? null;
    const most = this.positions.shape[0]!;
    if (length > most) {
      throw new ArgumentError(
        `InputEmbedding: ${length} tokens, but there are learned positions for ${most} (maxLength). ` +
          'Give shorter sequences, or a model with a larger maxLength or other positions.',
      );
    }
    return this.positions;
  }

  override dispose(): void {
    super.dispose();
    this.#sinusoids?.dispose();
  }
}

/**
 * First values of a model as nn.Transformer has them: every matrix Glorot-uniform; embeddings, and learned positions
 * with them, normal with deviation 1/√d, since √d scales the embeddings.
 */
export function resetParameters(
  model: Module,
  embeddings: readonly InputEmbedding[],
  { generator }: ModuleOptions,
): void {
  const tables = new Set(embeddings.flatMap((e) => [e.weight, e.positions]));
  for (const p of model.parameters()) {
    if (tables.has(p)) p.copyFrom(init.normal((p.shape[1] ?? 1) ** -0.5)(p.shape, generator));
    else if (p.ndim === 2) p.copyFrom(init.xavierUniform(p.shape, generator));
  }
}
