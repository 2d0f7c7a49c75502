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
  rotary,
  scaledDotProductAttention,
  select,
  stack,
  type Tensor,
  unscoped,
} from '../../engine/index.ts';
import { GrowingKeyValueCache, KeyValueCache } from './cache.ts';
import type { PositionTable } from './positions.ts';

/** Which keys a query attends to. Masks are true where a key is hidden, as everywhere in heddle. */
export interface AttentionMask {
  /** bool [batch, keys]: true where a key is padding. */
  readonly keyPadding?: Tensor | null;
  /** Query i attends to keys 0 … i only. */
  readonly causal?: boolean;
}

export interface MultiHeadAttentionOptions extends ModuleOptions {
  readonly dropout?: number;
  /** The cos/sin table of rotary position embeddings, for self-attention; as wide as a head. Default: none. */
  readonly rotary?: PositionTable | null;
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
  readonly #rotary: PositionTable | null;

  constructor(dModel: number, heads: number, options: MultiHeadAttentionOptions = {}) {
    super();
    if (dModel % heads !== 0) {
      throw new ArgumentError(`MultiHeadAttention: dModel ${dModel} is not divisible by heads ${heads}.`);
    }
    this.dModel = dModel;
    this.heads = heads;
    this.dropout = options.dropout ?? 0;
    this.generator = options.generator;
    this.#rotary = options.rotary ?? null;
    this.inProjWeight = init.newParameter([3 * dModel, dModel], init.xavierUniform, options);
    this.inProjBias = init.newParameter([3 * dModel], init.constant(0), options);
    this.outProj = new Linear(dModel, dModel, options);
    this.outProj.bias?.copyFrom(init.constant(0)([dModel]));
  }

  /**
   * query: [batch, L, d]; keyValue: [batch, S, d], from which keys and values are projected → [batch, L, d].
   *
   * With a growing cache as keyValue, the keys and values of the query are appended to it, and the query attends to all
   * of them. A fixed cache holds the projected keys and values; where the query has several rows for each of the cache's,
   * those rows attend to the same keys.
   */
  forward(query: Tensor, keyValue: Tensor | KeyValueCache, mask: AttentionMask = {}): Tensor {
    const fixed = keyValue instanceof KeyValueCache && !(keyValue instanceof GrowingKeyValueCache);
    const rows = fixed ? keyValue.rows : query.shape[0]!;
    const x = rows === query.shape[0] ? query : reshape(query, [rows, -1, this.dModel]);
    const { q, k, v } = this.projectAll(x, keyValue);
    const attended = scaledDotProductAttention(q, k, v, {
      // [batch, S] → [batch, heads, L, S] without copying
      mask: mask.keyPadding ? reshape(mask.keyPadding, [rows, 1, 1, k.shape[2]!]) : null,
      isCausal: mask.causal ?? false,
      dropout: this.training ? this.dropout : 0,
      ...(this.generator && { generator: this.generator }),
    });
    return this.outProj.forward(reshape(permute(attended, [0, 2, 1, 3]), query.shape));
  }

  private projectAll(x: Tensor, keyValue: Tensor | KeyValueCache): { q: Tensor; k: Tensor; v: Tensor } {
    if (keyValue instanceof GrowingKeyValueCache) {
      const { q, keysAndValues } = this.projectStep(x, keyValue.length);
      keyValue.append(keysAndValues);
      return { q, k: keyValue.keys, v: keyValue.values };
    }
    const q = this.project(x, 0);
    if (keyValue instanceof KeyValueCache) return { q, k: keyValue.keys, v: keyValue.values };
    return { q, k: this.project(keyValue, 1), v: this.project(keyValue, 2) };
  }

  /** Query, keys and values of x [batch, L, d] in one product; keysAndValues: [2, batch, heads, L, d/heads]. */
  private projectStep(x: Tensor, start: number): { q: Tensor; keysAndValues: Tensor } {
    const all = this.projectParts(x, 0, 3);
    if (this.#rotary === null) {
      const parts = partsFirst(all);
      return { q: select(parts, 0, 0), keysAndValues: narrow(parts, 0, 1, 2) };
    }
    const rotated = partsFirst(this.applyRotary(narrow(all, 2, 0, 2), start));
    const values = select(partsFirst(narrow(all, 2, 2, 1)), 0, 0);
    return { q: select(rotated, 0, 0), keysAndValues: stack([select(rotated, 0, 1), values]) };
  }

  /** The query (0), key (1) or value (2) projection, by heads: [batch, L, d] → [batch, heads, L, d/heads], a view. */
  private project(x: Tensor, part: 0 | 1 | 2): Tensor {
    const y = this.projectParts(x, part, 1);
    return select(partsFirst(part < 2 ? this.applyRotary(y, 0) : y), 0, 0);
  }

  /** Projects the keys and values of keyValue [batch, S, d] once, for attending to them at many steps. Dispose the cache. */
  cacheKeyValues(keyValue: Tensor): KeyValueCache {
    const parts = partsFirst(this.projectParts(keyValue, 1, 2));
    return KeyValueCache.of(unscoped(() => clone(parts)));
  }

  /** `count` projections from `first` on in one product: [batch, L, d] → [batch, L, count, heads, d/heads] */
  private projectParts(x: Tensor, first: number, count: number): Tensor {
    const { dModel, heads } = this;
    const weight = narrow(this.inProjWeight, 0, first * dModel, count * dModel);
    const bias = narrow(this.inProjBias, 0, first * dModel, count * dModel);
    const [batch = 0, length = 0] = x.shape;
    return reshape(linear(x, weight, bias), [batch, length, count, heads, dModel / heads]);
  }

  /** Queries or keys [batch, L, count, heads, d/heads], rotated by their positions from `start` on, where positions are rotary. */
  private applyRotary(x: Tensor, start: number): Tensor {
    if (this.#rotary === null) return x;
    return rotary(x, this.#rotary.upTo(start + (x.shape[1] ?? 0), x.device), { dim: 1, start });
  }
}

/** [batch, L, count, heads, d/heads] → [count, batch, heads, L, d/heads], a view. */
const partsFirst = (x: Tensor): Tensor => permute(x, [2, 0, 3, 1, 4]);
