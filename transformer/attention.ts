import {
  ArgumentError,
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
  type Tensor,
} from '../engine/index.ts';

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

  /** query: [batch, L, d]; memory: [batch, S, d] gives keys and values → [batch, L, d] */
  forward(query: Tensor, memory: Tensor, mask: AttentionMask = {}): Tensor {
    const [batch = 0, length = 0] = query.shape;
    const keys = memory.shape[1] ?? 0;
    const q = this.project(query, 0);
    const k = this.project(memory, 1);
    const v = this.project(memory, 2);
    const attended = scaledDotProductAttention(q, k, v, {
      // [batch, S] → [batch, heads, L, S] without copying
      mask: mask.keyPadding ? reshape(mask.keyPadding, [batch, 1, 1, keys]) : null,
      isCausal: mask.causal ?? false,
      dropout: this.training ? this.dropout : 0,
      ...(this.generator && { generator: this.generator }),
    });
    return this.outProj.forward(reshape(permute(attended, [0, 2, 1, 3]), [batch, length, this.dModel]));
  }

  /** The query (0), key (1) or value (2) projection, by heads: [batch, L, d] → [batch, heads, L, d/heads], a view. */
  project(x: Tensor, part: 0 | 1 | 2): Tensor {
    const { dModel, heads } = this;
    const weight = narrow(this.inProjWeight, 0, part * dModel, dModel);
    const bias = narrow(this.inProjBias, 0, part * dModel, dModel);
    const y = linear(x, weight, bias);
    const [batch = 0, length = 0] = x.shape;
    return permute(reshape(y, [batch, length, heads, dModel / heads]), [0, 2, 1, 3]);
  }
}
