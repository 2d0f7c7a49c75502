import {
  Dropout,
  gelu,
  LayerNorm,
  Linear,
  Module,
  type ModuleOptions,
  RMSNorm,
  recompute,
  relu,
  scope,
  silu,
  Tensor,
} from '../../engine/index.ts';
import { type AttentionMask, MultiHeadAttention } from './attention.ts';
import { GrowingKeyValueCache, type LayerCache } from './cache.ts';
import type { Activation, NormKind } from './config.ts';
import type { PositionTable } from './positions.ts';

/** What encoder and decoder layers are made of; names and defaults of nn.TransformerEncoderLayer. */
export interface LayerOptions extends ModuleOptions {
  readonly dModel: number;
  readonly heads: number;
  readonly feedForward?: number;
  readonly dropout?: number;
  readonly activation?: Activation;
  readonly norm?: NormKind;
  /** Normalise the input of each sublayer (pre-norm) instead of the sum after it (post-norm, the paper's). Default: false. */
  readonly normFirst?: boolean;
  /** Of either norm. */
  readonly layerNormEps?: number;
  /** Rotary positions: self-attention rotates its queries and keys. One table serves all layers. */
  readonly rotary?: PositionTable | null;
}

/** The parts that encoder and decoder layers share: the feed-forward network and the residual connection. */
abstract class Layer extends Module {
  readonly linear1: Linear;
  /** The gate of SwiGLU, which silu(W_g·x + b_g) multiplies the hidden values by; `linear_gate` in checkpoints. */
  readonly linearGate: Linear | null;
  readonly linear2: Linear;
  readonly dropout: Dropout;
  readonly activation: Activation;
  readonly normFirst: boolean;

  constructor(options: LayerOptions) {
    super();
    const { dModel, feedForward = 2048, dropout = 0.1, activation = 'relu' } = options;
    this.linear1 = new Linear(dModel, feedForward, options);
    this.linearGate = activation === 'swiglu' ? new Linear(dModel, feedForward, options) : null;
    this.linear2 = new Linear(feedForward, dModel, options);
    this.dropout = new Dropout(dropout, options);
    this.activation = activation;
    this.normFirst = options.normFirst ?? false;
  }

  /**
   * FFN(x) = act(x·W₁ + b₁)·W₂ + b₂ (Vaswani et al. 2017, eq. 2), with SwiGLU (silu(x·W_g + b_g) ⊙ (x·W₁ + b₁))·W₂ + b₂:
   * Shazeer 2020, eq. 6, where W_g is called W and W₁ is V, with the biases of the other layers.
   */
  feedForward(x: Tensor): Tensor {
    return this.linear2.forward(this.dropout.forward(this.hidden(x)));
  }

  private hidden(x: Tensor): Tensor {
    const y = this.linear1.forward(x);
    if (this.linearGate !== null) return silu(this.linearGate.forward(x)).mul(y);
    return this.activation === 'relu' ? relu(y) : gelu(y);
  }

  /**
   * post-norm: norm(x + sublayer(x)); pre-norm: x + sublayer(norm(x)). Intermediate tensors are freed, but for those that
   * the gradient needs.
   */
  residual(x: Tensor, norm: LayerNorm | RMSNorm, sublayer: (x: Tensor) => Tensor): Tensor {
    return scope(() => {
      if (this.normFirst) return x.add(this.dropout.forward(sublayer(norm.forward(x))));
      return norm.forward(x.add(this.dropout.forward(sublayer(x))));
    });
  }
}

const newNorm = ({ dModel, layerNormEps = 1e-5, norm, ...options }: LayerOptions): LayerNorm | RMSNorm =>
  new (norm === 'rms' ? RMSNorm : LayerNorm)(dModel, { ...options, eps: layerNormEps });

/** Self-attention, then the feed-forward network, each with a residual connection and a norm. */
export class EncoderLayer extends Layer {
  static override readonly torchNames = { selfAttention: 'self_attn' };
  readonly selfAttention: MultiHeadAttention;
  readonly norm1: LayerNorm | RMSNorm;
  readonly norm2: LayerNorm | RMSNorm;

  constructor(options: LayerOptions) {
    super(options);
    this.selfAttention = new MultiHeadAttention(options.dModel, options.heads, {
      ...options,
      dropout: options.dropout ?? 0.1,
    });
    this.norm1 = newNorm(options);
    this.norm2 = newNorm(options);
  }

  /** x: [batch, S, d] → [batch, S, d]; with a cache, x continues the tokens in it and attends to all of them. */
  forward(x: Tensor, mask: AttentionMask = {}, cache: GrowingKeyValueCache | null = null): Tensor {
    using attended = this.residual(x, this.norm1, (y) => this.selfAttention.forward(y, cache ?? y, mask));
    return this.residual(attended, this.norm2, (y) => this.feedForward(y));
  }
}

/** Masks of a decoder layer: of the target sequence, and of the encoder's output. */
export interface DecoderMask {
  readonly target?: AttentionMask;
  readonly memory?: AttentionMask;
}

/** Masked self-attention, attention over the encoder's output, the feed-forward network. */
export class DecoderLayer extends Layer {
  static override readonly torchNames = { selfAttention: 'self_attn', crossAttention: 'multihead_attn' };
  readonly selfAttention: MultiHeadAttention;
  readonly crossAttention: MultiHeadAttention;
  readonly norm1: LayerNorm | RMSNorm;
  readonly norm2: LayerNorm | RMSNorm;
  readonly norm3: LayerNorm | RMSNorm;

  constructor(options: LayerOptions) {
    super(options);
    const { dModel, heads, dropout = 0.1 } = options;
    this.selfAttention = new MultiHeadAttention(dModel, heads, { ...options, dropout });
    // source and target count their positions separately: there is nothing to rotate by
    this.crossAttention = new MultiHeadAttention(dModel, heads, { ...options, dropout, rotary: null });
    this.norm1 = newNorm(options);
    this.norm2 = newNorm(options);
    this.norm3 = newNorm(options);
  }

  /** x: [batch, L, d]; memory: [batch, S, d], or the cache of this layer → [batch, L, d] */
  forward(x: Tensor, memory: Tensor | LayerCache, mask: DecoderMask = {}): Tensor {
    const [self, cross] = memory instanceof Tensor ? [null, memory] : [memory.self, memory.cross];
    using own = this.residual(x, this.norm1, (y) => this.selfAttention.forward(y, self ?? y, mask.target));
    using attended = this.residual(own, this.norm2, (y) => this.crossAttention.forward(y, cross, mask.memory));
    return this.residual(attended, this.norm3, (y) => this.feedForward(y));
  }

  /** The cache of this layer at the beginning of decoding from `memory` [batch, S, d]. */
  newCache(memory: Tensor): LayerCache {
    return { self: new GrowingKeyValueCache(), cross: this.crossAttention.cacheKeyValues(memory) };
  }
}

/** A stack of layers that may be computed twice to save memory. */
abstract class Stack extends Module {
  /** In training, keep only the input of each layer for the gradient, and run the layer again for it. */
  recompute = false;

  protected run<In extends readonly (Tensor | null)[]>(body: (...inputs: In) => Tensor, ...inputs: In): Tensor {
    return this.recompute && this.training ? recompute(body, ...inputs) : body(...inputs);
  }

  /** Applies all layers to `x` in turn, and disposes the output of each when the next has read it. */
  protected through<L>(layers: readonly L[], x: Tensor, step: (state: Tensor, layer: L, i: number) => Tensor): Tensor {
    return layers.reduce((state, layer, i) => {
      const next = step(state, layer, i);
      if (state !== x) state.dispose();
      return next;
    }, x);
  }
}

/** A stack of `count` encoder layers; with `finalNorm` a norm at the end, as nn.Transformer has. */
export class Encoder extends Stack {
  readonly layers: readonly EncoderLayer[];
  readonly norm: LayerNorm | RMSNorm | null;

  constructor(count: number, options: LayerOptions & { readonly finalNorm?: boolean }) {
    super();
    this.layers = Array.from({ length: count }, () => new EncoderLayer(options));
    this.norm = options.finalNorm === true ? newNorm(options) : null;
  }

  /** x: [batch, S, d] → [batch, S, d]; with a cache per layer, x continues the tokens in it. */
  forward(x: Tensor, mask?: AttentionMask, caches?: readonly GrowingKeyValueCache[]): Tensor {
    const padding = mask?.keyPadding ?? null;
    const y = this.through(this.layers, x, (state, layer, i) => {
      if (caches !== undefined) return layer.forward(state, mask, caches[i]!);
      return this.run((z, keyPadding) => layer.forward(z, { ...mask, keyPadding }), state, padding);
    });
    return this.norm?.forward(y) ?? y;
  }
}

/** A stack of `count` decoder layers; with `finalNorm` a norm at the end. */
export class Decoder extends Stack {
  readonly layers: readonly DecoderLayer[];
  readonly norm: LayerNorm | RMSNorm | null;

  constructor(count: number, options: LayerOptions & { readonly finalNorm?: boolean }) {
    super();
    this.layers = Array.from({ length: count }, () => new DecoderLayer(options));
    this.norm = options.finalNorm === true ? newNorm(options) : null;
  }

  /** x: [batch, L, d]; memory: [batch, S, d], or a cache per layer → [batch, L, d] */
  forward(x: Tensor, memory: Tensor | readonly LayerCache[], mask?: DecoderMask): Tensor {
    const { target, memory: source } = mask ?? {};
    const paddings = [target?.keyPadding ?? null, source?.keyPadding ?? null] as const;
    const y = this.through(this.layers, x, (state, layer, i) => {
      if (!(memory instanceof Tensor)) return layer.forward(state, memory[i]!, mask);
      const body = (z: Tensor, read: Tensor, own: Tensor | null, cross: Tensor | null): Tensor =>
        layer.forward(z, read, { target: { ...target, keyPadding: own }, memory: { ...source, keyPadding: cross } });
      return this.run(body, state, memory, ...paddings);
    });
    return this.norm?.forward(y) ?? y;
  }
}
