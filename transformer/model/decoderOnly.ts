import { ArgumentError, Linear, Module, type ModuleOptions, noGrad, scope, type Tensor } from '../../engine/index.ts';
import { padded } from '../text/data/batches.ts';
import { GrowingKeyValues, WritingState } from './cache.ts';
import { checkConfig, DEFAULTS, type ModelConfig } from './config.ts';
import { InputEmbedding, resetParameters } from './embedding.ts';
import { Encoder } from './layers.ts';
import { type PositionTable, rotaryTable } from './positions.ts';

/** The shape of a language model. */
export interface DecoderOnlyConfig extends ModelConfig {
  /** Number of tokens. */
  readonly vocab: number;
  /** The embedding matrix scores the next token, too (Press and Wolf 2017). */
  readonly tiedOutput?: boolean;
}

/**
 * A language model: one stack of layers that see what came before, and a linear map to scores for each token that may
 * come next (Liu et al. 2018; Radford et al. 2018). Its layers are the encoder's under a causal mask, since there is no
 * source to look at. Checkpoints name the parts `embed`, `decoder` (as nn.TransformerEncoder) and `generator`.
 *
 * `generate`, `beamSearch` and `decodeTokens` take it with prompts in the place of sources.
 *
 * @throws {ArgumentError} for a configuration that no model can have
 */
export class DecoderOnly extends Module {
  readonly embed: InputEmbedding;
  readonly decoder: Encoder;
  readonly generator: Linear;
  readonly config: Required<DecoderOnlyConfig>;
  readonly #rotary: PositionTable | null;

  constructor(config: DecoderOnlyConfig, options: ModuleOptions = {}) {
    super();
    const full = { ...DEFAULTS, tiedOutput: false, ...config };
    checkConfig('DecoderOnly', full);
    const { vocab, dModel, heads, layers, tiedOutput } = full;
    this.config = full;
    this.embed = new InputEmbedding(vocab, full, options);
    this.#rotary = full.positions === 'rotary' ? rotaryTable(dModel / heads) : null;
    this.decoder = new Encoder(layers, { ...options, ...full, rotary: this.#rotary, finalNorm: true });
    this.generator = new Linear(dModel, vocab, tiedOutput ? { ...options, weight: this.embed.weight } : options);
    resetParameters(this, [this.embed], options);
  }

  /** tokens: int32 [batch, L] → scores of the next token at each place [batch, L, vocab] */
  forward(tokens: Tensor): Tensor {
    const mask = { causal: true, keyPadding: tokens.eq(this.config.padId) };
    return this.generator.forward(this.decoder.forward(this.embed.forward(tokens), mask));
  }

  /** As for a Transformer: keep only the input of each layer for the gradient. */
  recompute(on = true): this {
    this.decoder.recompute = on;
    return this;
  }

  /**
   * Begins writing behind prompts with a cache: reads all tokens of each but the last, which is the first that
   * `decodeStep` takes. Prompts may differ in length. The state belongs to the caller, who disposes it.
   *
   * @throws {ArgumentError} where there is no prompt, or an empty one
   */
  startDecoding(prompts: readonly (readonly number[])[]): WritingState {
    const empty = prompts.findIndex((p) => p.length === 0);
    if (prompts.length === 0 || empty >= 0) {
      throw new ArgumentError(
        `startDecoding: prompt ${Math.max(0, empty)} has no tokens, expected at least a start mark.`,
      );
    }
    const longest = prompts.reduce((n, p) => Math.max(n, p.length), 0);
    const behind = prompts.map((p) => longest - p.length);
    const caches = this.decoder.layers.map(() => new GrowingKeyValues());
    const state = new WritingState(caches, prompts.length, this.device);
    state.align(behind);
    // padding goes in front, so that all rows go on from the same place
    const read = prompts.map((p, i) => [...new Array<number>(behind[i]!).fill(this.config.padId), ...p.slice(0, -1)]);
    if (longest > 1) noGrad(() => scope(() => void this.#read(read, state)));
    return state;
  }

  /**
   * The next token of each row → scores of the one after it [rows, vocab]: the last place of forward() over all tokens
   * so far. No gradient; call it in evaluation mode.
   */
  decodeStep(tokens: readonly number[], state: WritingState): Tensor {
    if (tokens.length !== state.rows) {
      throw new ArgumentError(`decodeStep: ${tokens.length} tokens, expected one for each of the ${state.rows} rows.`);
    }
    return noGrad(() =>
      scope(() => {
        const y = this.#read(
          tokens.map((id) => [id]),
          state,
        );
        return this.generator.forward(y).reshape([tokens.length, this.config.vocab]);
      }),
    );
  }

  /** Reads as many tokens for each row behind what was read → their states [rows, n, d]. */
  #read(rows: readonly (readonly number[])[], state: WritingState): Tensor {
    const start = state.length;
    state.advance(rows.map((row) => row.map((id) => id === this.config.padId)));
    const tokens = padded(rows, rows[0]!.length, this.device, this.config.padId);
    const x = this.embed.forward(tokens, start, state.behind);
    return this.decoder.forward(x, { causal: true, keyPadding: state.padding }, state.written);
  }

  override dispose(): void {
    super.dispose();
    this.#rotary?.dispose();
  }
}
