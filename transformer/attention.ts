import {
  ArgumentError,
  clone,
  type Generator,
  init,
  Linear,
  linear,
  Module,
  type ModuleOptions,
  narrow,
  permute,
  reshape,
  scaledDotProductAttention,
  select,
  type Tensor,
  unscoped,
} from '../engine/index.ts';
import { GrowingKeyValues, KeyValues } from './cache.ts';

/** What a query may look at. Masks mark what is hidden, as everywhere in heddle. */
export interface AttentionMask {
  /** bool [batch, keys]: true where a key is padding. */
  readonly keyPadding?: Tensor | null;
  /** Query i sees keys up to i only. */
  readonly causal?: boolean;
}

/**
 * Multi-head attention (Vaswani et al. 2017, section 3.2.2):
 * concat(head₁ … head_h)·W_O with head_i = Attention(Q·W_Qⁱ, K·W_Kⁱ, V·W_Vⁱ).
 * Parameters as nn.MultiheadAttention has them: `in_proj_weight` [3·d, d] stacks query, key and value.
 */
export class MultiHeadAttention extends Module {
  readonly inProjWeight: Tensor;
  readonly inProjBias: Tensor;
  readonly outProj: Linear;
  readonly dModel: number;
  readonly heads: number;
  readonly dropout: number;
  readonly generator: Generator | undefined;

  constructor(dModel: number, heads: number, options: ModuleOptions & { readonly dropout?: number } = {}) {
    super();
    if (dModel % heads !== 0) {
      throw new ArgumentError(`MultiHeadAttention: dModel ${dModel} is not divisible by heads ${heads}.`);
    }
    this.dModel = dModel;
    this.heads = heads;
    this.dropout = options.dropout ?? 0;
    this.generator = options.generator;
    this.inProjWeight = init.newParameter([3 * dModel, dModel], init.xavierUniform, options);
    this.inProjBias = init.newParameter([3 * dModel], init.constant(0), options);
    this.outProj = new Linear(dModel, dModel, options);
    this.outProj.bias?.copyFrom(init.constant(0)([dModel]));
  }

  /**
   * query: [batch, L, d]; memory: [batch, S, d] gives keys and values → [batch, L, d].
   *
   * With a growing cache in the place of memory, keys and values of the query are written behind those of earlier
   * steps, and it looks at all of them. With a fixed one the keys and values are there already; where the query has
   * several rows for each of the cache, those rows look at the same keys.
   */
  forward(query: Tensor, memory: Tensor | KeyValues, mask: AttentionMask = {}): Tensor {
    const rows = memory instanceof KeyValues && !(memory instanceof GrowingKeyValues) ? memory.rows : query.shape[0]!;
    const x = rows === query.shape[0] ? query : reshape(query, [rows, -1, this.dModel]);
    const { q, k, v } = this.projections(x, memory);
    const attended = scaledDotProductAttention(q, k, v, {
      // [batch, S] → [batch, heads, L, S] without copying
      mask: mask.keyPadding ? reshape(mask.keyPadding, [rows, 1, 1, k.shape[2]!]) : null,
      isCausal: mask.causal ?? false,
      dropout: this.training ? this.dropout : 0,
      ...(this.generator && { generator: this.generator }),
    });
    return this.outProj.forward(reshape(permute(attended, [0, 2, 1, 3]), query.shape));
  }

  private projections(x: Tensor, memory: Tensor | KeyValues): { q: Tensor; k: Tensor; v: Tensor } {
    if (memory instanceof GrowingKeyValues) {
      const all = this.partsByHeads(x, 0, 3);
      memory.append(narrow(all, 0, 1, 2));
      return { q: select(all, 0, 0), k: memory.keys, v: memory.values };
    }
    const q = this.project(x, 0);
    if (memory instanceof KeyValues) return { q, k: memory.keys, v: memory.values };
    return { q, k: this.project(memory, 1), v: this.project(memory, 2) };
  }

  /** The query (0), key (1) or value (2) projection, by heads: [batch, L, d] → [batch, heads, L, d/heads], a view. */
  project(x: Tensor, part: 0 | 1 | 2): Tensor {
    const [batch = 0, length = 0] = x.shape;
    const y = this.projectParts(x, part, 1);
    return permute(reshape(y, [batch, length, this.heads, this.dModel / this.heads]), [0, 2, 1, 3]);
  }

  /** The keys and values of `memory` [batch, S, d], to be looked at again and again; a cache to dispose. */
  remember(memory: Tensor): KeyValues {
    const parts = this.partsByHeads(memory, 1, 2);
    return KeyValues.of(unscoped(() => clone(parts)));
  }

  /** `count` projections from `first` on in one product: [batch, L, d] → [batch, L, count·d] */
  private projectParts(x: Tensor, first: number, count: number): Tensor {
    const { dModel } = this;
    const weight = narrow(this.inProjWeight, 0, first * dModel, count * dModel);
    const bias = narrow(this.inProjBias, 0, first * dModel, count * dModel);
    return linear(x, weight, bias);
  }

  /** The same, taken apart: [batch, L, d] → [count, batch, heads, L, d/heads], a view. */
  private partsByHeads(x: Tensor, first: number, count: number): Tensor {
    const [batch = 0, length = 0] = x.shape;
    const y = this.projectParts(x, first, count);
    return permute(reshape(y, [batch, length, count, this.heads, this.dModel / this.heads]), [2, 0, 3, 1, 4]);
  }
}
