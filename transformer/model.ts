import {
  ArgumentError,
  Dropout,
  Embedding,
  init,
  Linear,
  Module,
  type ModuleOptions,
  narrow,
  noGrad,
  scope,
  type Tensor,
  tensor,
  unscoped,
} from '../engine/index.ts';
import { DecoderState } from './cache.ts';
import { Decoder, Encoder, type LayerOptions } from './layers.ts';
import { positionTensor } from './positions.ts';

/** The shape of a translator; everything a checkpoint needs beside the values. */
export interface TransformerConfig {
  /** Number of source and target tokens. */
  readonly srcVocab: number;
  readonly tgtVocab: number;
  readonly dModel?: number;
  readonly heads?: number;
  /** Encoder layers, and decoder layers. */
  readonly layers?: number;
  readonly feedForward?: number;
  readonly dropout?: number;
  readonly activation?: 'relu' | 'gelu';
  readonly normFirst?: boolean;
  /** One matrix for both embeddings and the output (section 3.4 of the paper); needs equal vocabularies. */
  readonly tied?: boolean;
  /** Tokens of this id are padding: hidden from attention. */
  readonly padId?: number;
}

const DEFAULTS = {
  dModel: 512,
  heads: 8,
  layers: 6,
  feedForward: 2048,
  dropout: 0.1,
  activation: 'relu',
  normFirst: false,
  tied: false,
  padId: 0,
} as const;

/** nn.Transformer: the two stacks without embeddings, each ended by a LayerNorm. */
class Stacks extends Module {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  constructor(layers: number, options: LayerOptions) {
    super();
    this.encoder = new Encoder(layers, { ...options, finalNorm: true });
    this.decoder = new Decoder(layers, { ...options, finalNorm: true });
  }

  forward(): never {
    throw new ArgumentError('Transformer: call encode() and decode(), or forward() of the whole model.');
  }
}

/**
 * The encoder-decoder Transformer of "Attention Is All You Need" (Vaswani et al. 2017): scaled embeddings plus
 * sinusoidal positions, the two stacks, and a linear map to scores for each target token. Defaults are the paper's base
 * model. Checkpoints name the parts `src_embed`, `tgt_embed`, `transformer.encoder…` and `generator`.
 */
export class Transformer extends Module {
  readonly srcEmbed: Embedding;
  readonly tgtEmbed: Embedding;
  readonly transformer: Stacks;
  readonly generator: Linear;
  readonly dropout: Dropout;
  readonly config: Required<TransformerConfig>;
  #positions: Tensor | null = null;

  constructor(config: TransformerConfig, options: ModuleOptions = {}) {
    super();
    const full = { ...DEFAULTS, ...config };
    const { srcVocab, tgtVocab, dModel, tied } = full;
    if (tied && srcVocab !== tgtVocab) {
      throw new ArgumentError(
        `Transformer: tied embeddings need one vocabulary, not ${srcVocab} and ${tgtVocab} tokens.`,
      );
    }
    this.config = full;
    this.srcEmbed = new Embedding(srcVocab, dModel, options);
    this.tgtEmbed = tied ? this.srcEmbed : new Embedding(tgtVocab, dModel, options);
    this.transformer = new Stacks(full.layers, { ...options, ...full });
    this.generator = new Linear(dModel, tgtVocab, tied ? { ...options, weight: this.tgtEmbed.weight } : options);
    this.dropout = new Dropout(full.dropout, options);
    this.reset(options);
  }

  /** As nn.Transformer starts: every matrix Glorot-uniform; embeddings normal with deviation 1/√d, since √d scales them. */
  private reset({ generator }: ModuleOptions): void {
    const tables = new Set([this.srcEmbed.weight, this.tgtEmbed.weight]);
    for (const p of this.parameters()) {
      if (tables.has(p)) p.copyFrom(init.normal(this.config.dModel ** -0.5)(p.shape, generator));
      else if (p.ndim === 2) p.copyFrom(init.xavierUniform(p.shape, generator));
    }
  }

  /**
   * In training, keep only the input of each layer for the gradient and run the layer a second time for it: about a
   * third more computing for a fraction of the memory. See {@link recompute} of the engine.
   */
  recompute(on = true): this {
    this.transformer.encoder.recompute = on;
    this.transformer.decoder.recompute = on;
    return this;
  }

  /** source: int32 [batch, S], target: int32 [batch, L] (shifted right) → scores [batch, L, tgtVocab] */
  forward(source: Tensor, target: Tensor): Tensor {
    const padding = this.padding(source);
    return this.decode(target, this.encode(source, padding), padding);
  }

  /** bool, true where a token is padding. */
  padding(tokens: Tensor): Tensor {
    return tokens.eq(this.config.padId);
  }

  /** source: int32 [batch, S] → the encoder's reading of it [batch, S, d] */
  encode(source: Tensor, padding = this.padding(source)): Tensor {
    return this.transformer.encoder.forward(this.embed(source, this.srcEmbed), { keyPadding: padding });
  }

  /** target: int32 [batch, L]; memory: [batch, S, d] → scores [batch, L, tgtVocab] */
  decode(target: Tensor, memory: Tensor, memoryPadding: Tensor): Tensor {
    const mask = { target: { causal: true, keyPadding: this.padding(target) }, memory: { keyPadding: memoryPadding } };
    const state = this.transformer.decoder.forward(this.embed(target, this.tgtEmbed), memory, mask);
    return this.generator.forward(state);
  }

  /**
   * Begins decoding one token after another, with a cache: `decodeStep` then costs the same at every place. memory and
   * memoryPadding as for decode(). The state belongs to the caller, who disposes it.
   */
  startDecoding(memory: Tensor, memoryPadding: Tensor): DecoderState {
    return noGrad(() => {
      const { layers } = this.transformer.decoder;
      const caches = scope(() => layers.map((layer) => layer.remember(memory)));
      return new DecoderState(
        caches,
        unscoped(() => memoryPadding.detach()),
      );
    });
  }

  /**
   * The next token of each row (the start mark first) → scores of the one after it [rows, tgtVocab]: the last place of
   * decode() over all tokens so far. No gradient; call it in evaluation mode.
   */
  decodeStep(tokens: readonly number[], state: DecoderState): Tensor {
    if (tokens.length !== state.rows) {
      throw new ArgumentError(`decodeStep: ${tokens.length} tokens, expected one for each of the ${state.rows} rows.`);
    }
    return noGrad(() =>
      scope(() => {
        const { padId, tgtVocab } = this.config;
        const position = state.length;
        state.advance(tokens.map((id) => id === padId));
        const input = tensor(Int32Array.from(tokens), { shape: [tokens.length, 1], device: this.device });
        const x = this.embed(input, this.tgtEmbed, position);
        const mask = { target: { keyPadding: state.targetPadding }, memory: { keyPadding: state.memoryPadding } };
        const y = this.transformer.decoder.forward(x, state.layers, mask);
        return this.generator.forward(y).reshape([tokens.length, tgtVocab]);
      }),
    );
  }

  /** Embedding·√d + positions from `start` on: [batch, L] → [batch, L, d] */
  private embed(tokens: Tensor, table: Embedding, start = 0): Tensor {
    const { dModel } = this.config;
    const x = table.forward(tokens).mul(Math.sqrt(dModel));
    return this.dropout.forward(x.add(this.positions(start, tokens.shape[1] ?? 0)));
  }

  /** [length, d] from `start` on, cut from a table that grows in powers of two. */
  private positions(start: number, length: number): Tensor {
    const end = start + length;
    if (this.#positions === null || this.#positions.shape[0]! < end) {
      this.#positions?.dispose();
      const rows = Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, end))));
      this.#positions = unscoped(() => positionTensor(rows, this.config.dModel, this.device));
    }
    return narrow(this.#positions, 0, start, length);
  }

  override dispose(): void {
    super.dispose();
    this.#positions?.dispose();
    this.#positions = null;
  }
}
