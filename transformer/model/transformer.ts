import {
  ArgumentError,
  Linear,
  Module,
  type ModuleOptions,
  narrow,
  noGrad,
  reshape,
  scope,
  type Tensor,
  tensor,
  unscoped,
} from '../../engine/index.ts';
import { longest, padded } from '../text/data/batches.ts';
import { EncoderDecoderState } from './cache.ts';
import { checkConfig, DEFAULTS, type ModelConfig } from './config.ts';
import {
  cachedDecoding,
  checkInputs,
  defaultLength,
  type GenerationState,
  type GenerativeModel,
  type StartOptions,
  uncachedDecoding,
} from './decoding/generativeModel.ts';
import { InputEmbedding, resetParameters } from './embedding.ts';
import { Decoder, Encoder, type LayerOptions } from './layers.ts';
import { type PositionTable, rotaryTable } from './positions.ts';

/** The shape of a translator; everything a checkpoint needs beside the values. */
export interface TransformerConfig extends ModelConfig {
  /** Number of source and target tokens. */
  readonly srcVocab: number;
  readonly tgtVocab: number;
  /** One embedding matrix for source and target (section 3.4 of the paper); needs one vocabulary. */
  readonly sharedEmbeddings?: boolean;
  /** The target's embedding matrix scores the next token, too (section 3.4; Press and Wolf 2017). */
  readonly tiedOutput?: boolean;
}

/** nn.Transformer: the two stacks without embeddings, each ended by a norm. */
export class Stacks extends Module {
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
 * positions, the two stacks, and a linear map to scores for each target token. Defaults are the paper's base model.
 * Checkpoints name the parts `src_embed`, `tgt_embed`, `transformer.encoder…` and `generator`.
 *
 * @throws {ArgumentError} for a configuration that no model can have
 */
export class Transformer extends Module implements GenerativeModel {
  readonly srcEmbed: InputEmbedding;
  readonly tgtEmbed: InputEmbedding;
  readonly transformer: Stacks;
  readonly generator: Linear;
  readonly config: Required<TransformerConfig>;
  readonly #rotary: PositionTable | null;

  constructor(config: TransformerConfig, options: ModuleOptions = {}) {
    super();
    const full = { ...DEFAULTS, sharedEmbeddings: false, tiedOutput: false, ...config };
    checkConfig('Transformer', full);
    const { srcVocab, tgtVocab, dModel, heads, sharedEmbeddings, tiedOutput } = full;
    if (sharedEmbeddings && srcVocab !== tgtVocab) {
      throw new ArgumentError(
        `Transformer: shared embeddings need one vocabulary, not ${srcVocab} and ${tgtVocab} tokens.`,
      );
    }
    this.config = full;
    this.srcEmbed = new InputEmbedding(srcVocab, full, options);
    const { weight } = this.srcEmbed;
    this.tgtEmbed = new InputEmbedding(tgtVocab, full, sharedEmbeddings ? { ...options, weight } : options);
    this.#rotary = full.positions === 'rotary' ? rotaryTable(dModel / heads) : null;
    this.transformer = new Stacks(full.layers, { ...options, ...full, rotary: this.#rotary });
    const output = tiedOutput ? { ...options, weight: this.tgtEmbed.weight } : options;
    this.generator = new Linear(dModel, tgtVocab, output);
    resetParameters(this, [this.srcEmbed, this.tgtEmbed], options);
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

  /** source: int32 [batch, S] → the encoder's output, called memory: [batch, S, d] */
  encode(source: Tensor, padding = this.padding(source)): Tensor {
    return this.transformer.encoder.forward(this.srcEmbed.forward(source), { keyPadding: padding });
  }

  /** target: int32 [batch, L]; memory: [batch, S, d] → scores [batch, L, tgtVocab] */
  decode(target: Tensor, memory: Tensor, memoryPadding: Tensor): Tensor {
    const mask = { target: { causal: true, keyPadding: this.padding(target) }, memory: { keyPadding: memoryPadding } };
    const state = this.transformer.decoder.forward(this.tgtEmbed.forward(target), memory, mask);
    return this.generator.forward(state);
  }

  get generationDefaults(): GenerativeModel['generationDefaults'] {
    return { padId: this.config.padId };
  }

  /**
   * Begins to generate from `sources`, ids with their end token, of any lengths.
   *
   * @throws {ArgumentError} for a source without tokens
   */
  startGeneration(sources: readonly (readonly number[])[], { cache, bos }: StartOptions): GenerationState {
    checkInputs(sources, 'source', 'the end token');
    const { padId, tgtVocab: vocab, positions, maxLength } = this.config;
    const tokens = padded(sources, longest(sources), this.device, padId);
    const padding = this.padding(tokens);
    const memory = this.encode(tokens, padding);
    const decoding = cache
      ? cachedDecoding(this.startDecoding(memory, padding), (next, state) => this.decodeStep(next, state))
      : uncachedDecoding(new Array<number[]>(sources.length).fill([]), [memory, padding], (rows, m, hidden) => {
          const length = longest(rows);
          const scores = this.decode(padded(rows, length, this.device, padId), m, hidden);
          return reshape(narrow(scores, 1, length - 1, 1), [rows.length, vocab]);
        });
    return {
      ...decoding,
      vocab,
      firstTokens: sources.map(() => bos),
      room: sources.map(() => (positions === 'learned' ? maxLength : Number.POSITIVE_INFINITY)),
      defaultLength: sources.map(({ length }) => defaultLength(length)),
    };
  }

  /**
   * Begins decoding with a cache, one token after another: the cost of `decodeStep` then grows only with attention. memory
   * and memoryPadding as for decode(). The caller disposes the state.
   */
  startDecoding(memory: Tensor, memoryPadding: Tensor): EncoderDecoderState {
    return noGrad(() => {
      const { layers } = this.transformer.decoder;
      const caches = scope(() => layers.map((layer) => layer.newCache(memory)));
      return new EncoderDecoderState(
        caches,
        unscoped(() => memoryPadding.detach()),
      );
    });
  }

  /**
   * The next token of each row (the start token first) → scores of the one after it [rows, tgtVocab]: the last position of
   * decode() over all tokens so far. No gradient; call it in evaluation mode.
   */
  decodeStep(tokens: readonly number[], state: EncoderDecoderState): Tensor {
    if (tokens.length !== state.rows) {
      throw new ArgumentError(`decodeStep: ${tokens.length} tokens, expected one for each of the ${state.rows} rows.`);
    }
    return noGrad(() =>
      scope(() => {
        const { padId, tgtVocab } = this.config;
        const position = state.length;
        state.advance(tokens.map((id) => [id === padId]));
        const input = tensor(Int32Array.from(tokens), { shape: [tokens.length, 1], device: this.device });
        const x = this.tgtEmbed.forward(input, position);
        const mask = { target: { keyPadding: state.padding }, memory: { keyPadding: state.memoryPadding } };
        const y = this.transformer.decoder.forward(x, state.layers, mask);
        return this.generator.forward(y).reshape([tokens.length, tgtVocab]);
      }),
    );
  }

  override dispose(): void {
    super.dispose();
    this.#rotary?.dispose();
  }
}
