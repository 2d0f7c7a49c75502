import {
  ArgumentError,
  cat,
  Linear,
  Module,
  type ModuleOptions,
  narrow,
  noGrad,
  reshape,
  scope,
  type Tensor,
} from '../../engine/index.ts';
import { longest, padded } from '../text/data/batches.ts';
import { DecodingState, GrowingKeyValueCache } from './cache.ts';
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
 * A language model: one stack of layers under a causal mask, and a linear map to scores for the next token (Liu et al. 2018;
 * Radford et al. 2018). Its layers are the encoder's, since there is no source to attend to. Checkpoints name the parts
 * `embed`, `decoder` (as nn.TransformerEncoder) and `generator`.
 *
 * `generate`, `beamSearch` and `decodeTokens` continue prompts with it.
 *
 * @throws {ArgumentError} for a configuration that no model can have
 */
export class DecoderOnly extends Module implements GenerativeModel {
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

  /** tokens: int32 [batch, L] → scores of the next token at each position [batch, L, vocab] */
  forward(tokens: Tensor): Tensor {
    const mask = { causal: true, keyPadding: tokens.eq(this.config.padId) };
    return this.generator.forward(this.decoder.forward(this.embed.forward(tokens), mask));
  }

  /** As for a Transformer: keep only the input of each layer for the gradient. */
  recompute(on = true): this {
    this.decoder.recompute = on;
    return this;
  }

  get generationDefaults(): GenerativeModel['generationDefaults'] {
    return { padId: this.config.padId };
  }

  /**
   * Begins to continue `prompts`, ids of any lengths, each with its start token.
   *
   * @throws {ArgumentError} for a prompt without tokens, and for one that learned positions end with
   */
  startGeneration(prompts: readonly (readonly number[])[], { cache }: StartOptions): GenerationState {
    checkInputs(prompts, 'prompt', 'a start token');
    const { vocab, positions, maxLength } = this.config;
    const most = positions === 'learned' ? maxLength : Number.POSITIVE_INFINITY;
    const long = prompts.find(({ length }) => length > most);
    if (long !== undefined) {
      throw new ArgumentError(
        `generate: a prompt of ${long.length} tokens leaves no room: there are learned positions for ${most}.`,
      );
    }
    const decoding = cache
      ? cachedDecoding(this.startDecoding(prompts), (next, state) => this.decodeStep(next, state))
      : uncachedDecoding(
          prompts.map((prompt) => prompt.slice(0, -1)),
          [],
          (rows) => this.#lastScores(rows),
        );
    return {
      ...decoding,
      vocab,
      firstTokens: prompts.map((prompt) => prompt.at(-1)!),
      room: prompts.map(({ length }) => most - length + 1),
      defaultLength: prompts.map(({ length }) => defaultLength(length)),
    };
  }

  /** The scores after the last token of each row, rows of any lengths: [rows, vocab]. */
  #lastScores(rows: readonly (readonly number[])[]): Tensor {
    const { padId, vocab } = this.config;
    const all = this.forward(padded(rows, longest(rows), this.device, padId));
    const last = rows.map((row, i) => narrow(narrow(all, 0, i, 1), 1, row.length - 1, 1));
    return reshape(cat(last, 0), [rows.length, vocab]);
  }

  /**
   * Begins decoding with a cache: reads all tokens of each prompt but the last, which is the first that `decodeStep` takes.
   * Prompts may differ in length: padding in front of the shorter ones aligns their ends. The caller disposes the state.
   *
   * @throws {ArgumentError} where there is no prompt, or an empty one
   */
  startDecoding(prompts: readonly (readonly number[])[]): DecodingState {
    if (prompts.length === 0) throw new ArgumentError('startDecoding: no prompts, expected at least one.');
    checkInputs(prompts, 'prompt', 'a start token');
    const length = longest(prompts);
    const leftPadding = prompts.map((prompt) => length - prompt.length);
    const caches = this.decoder.layers.map(() => new GrowingKeyValueCache());
    const state = new DecodingState(caches, prompts.length, this.device);
    state.padLeft(leftPadding);
    const read = prompts.map((prompt, i) => [
      ...new Array<number>(leftPadding[i]!).fill(this.config.padId),
      ...prompt.slice(0, -1),
    ]);
    if (length > 1) noGrad(() => scope(() => void this.#read(read, state)));
    return state;
  }

  /**
   * The next token of each row → scores of the one after it [rows, vocab]: the last position of forward() over all tokens
   * so far. No gradient; call it in evaluation mode.
   */
  decodeStep(tokens: readonly number[], state: DecodingState): Tensor {
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

  /** Appends n tokens to each row → their hidden states [rows, n, d]. */
  #read(rows: readonly (readonly number[])[], state: DecodingState): Tensor {
    const start = state.length;
    state.advance(rows.map((row) => row.map((id) => id === this.config.padId)));
    const tokens = padded(rows, rows[0]!.length, this.device, this.config.padId);
    const x = this.embed.forward(tokens, start, state.leftPadding);
    return this.decoder.forward(x, { causal: true, keyPadding: state.padding }, state.selfAttention);
  }

  override dispose(): void {
    super.dispose();
    this.#rotary?.dispose();
  }
}
