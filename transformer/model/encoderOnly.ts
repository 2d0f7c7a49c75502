import { Linear, Module, type ModuleOptions, maskedFill, sum, type Tensor } from '../../engine/index.ts';
import { checkConfig, DEFAULTS, type ModelConfig } from './config.ts';
import { InputEmbedding, resetParameters } from './embedding.ts';
import { Encoder } from './layers.ts';
import { type PositionTable, rotaryTable } from './positions.ts';

/** The shape of a model that reads. */
export interface EncoderOnlyConfig extends ModelConfig {
  /** Number of tokens. */
  readonly vocab: number;
  /** Classes to tell sequences into; 0 (the default) for none: the states are the result. */
  readonly classes?: number;
}

/**
 * A model that reads: the encoder of the paper by itself, every place seeing all others. Its result are the states, or
 * with `classes` scores of each class, from a linear map of the mean of the states that are not padding. Checkpoints name
 * the parts `embed`, `encoder` (as nn.TransformerEncoder) and `classifier`.
 *
 * @throws {ArgumentError} for a configuration that no model can have
 */
export class EncoderOnly extends Module {
  readonly embed: InputEmbedding;
  readonly encoder: Encoder;
  readonly classifier: Linear | null;
  readonly config: Required<EncoderOnlyConfig>;
  readonly #rotary: PositionTable | null;

  constructor(config: EncoderOnlyConfig, options: ModuleOptions = {}) {
    super();
    const full = { ...DEFAULTS, classes: 0, ...config };
    checkConfig('EncoderOnly', full);
    const { vocab, dModel, heads, layers, classes } = full;
    this.config = full;
    this.embed = new InputEmbedding(vocab, full, options);
    this.#rotary = full.positions === 'rotary' ? rotaryTable(dModel / heads) : null;
    this.encoder = new Encoder(layers, { ...options, ...full, rotary: this.#rotary, finalNorm: true });
    this.classifier = classes > 0 ? new Linear(dModel, classes, options) : null;
    resetParameters(this, [this.embed], options);
  }

  /** tokens: int32 [batch, S] → states [batch, S, d], or scores of each class [batch, classes] */
  forward(tokens: Tensor): Tensor {
    const states = this.encode(tokens);
    return this.classifier?.forward(this.mean(states, tokens)) ?? states;
  }

  /** tokens: int32 [batch, S] → states [batch, S, d] */
  encode(tokens: Tensor): Tensor {
    return this.encoder.forward(this.embed.forward(tokens), { keyPadding: tokens.eq(this.config.padId) });
  }

  /** The mean of the states whose tokens are not padding: [batch, d]; zeros where all are. */
  private mean(states: Tensor, tokens: Tensor): Tensor {
    const padding = tokens.eq(this.config.padId);
    const total = sum(maskedFill(states, padding.unsqueeze(-1), 0), 1);
    const count = sum(padding.logicalNot().to('float32'), 1, { keepdim: true });
    return total.div(count.clamp(1));
  }

  /** As for a Transformer: keep only the input of each layer for the gradient. */
  recompute(on = true): this {
    this.encoder.recompute = on;
    return this;
  }

  override dispose(): void {
    super.dispose();
    this.#rotary?.dispose();
  }
}
