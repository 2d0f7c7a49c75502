import { ArgumentError, indexSelect, type Tensor, tensor, unscoped } from '../../../engine/index.ts';
import type { DecodingState } from '../cache.ts';
import type { DecodeOptions } from './generationConfig.ts';

/**
 * A model that generates tokens one after another: from sources (an encoder-decoder) or from prompts (a language model).
 * All of `generate`, `beamSearch`, `greedyDecode` and `decodeTokens` take any of these.
 *
 * @typeParam Input what it generates from, one for each sequence: token ids, or an image or a sound
 */
export interface GenerativeModel<Input = readonly number[]> {
  readonly training: boolean;
  train(on?: boolean): unknown;
  /** Defaults of its own for the options of decoding; `padId` is the id of padding, which is not generated. */
  readonly generationDefaults: DecodeOptions & { readonly padId: number };
  /**
   * Begins to generate from `inputs`, and computes what does not depend on the tokens to come, such as the encoder's
   * output. Called in evaluation mode and without a tape. The caller disposes the state.
   *
   * @throws {ArgumentError} for an input that it cannot generate from
   */
  startGeneration(inputs: readonly Input[], options: StartOptions): GenerationState;
}

export interface StartOptions {
  /** Keep the keys and values of earlier steps. */
  readonly cache: boolean;
  /** The start token, where a sequence begins with one. */
  readonly bos: number;
}

/** Decoding, one token per row at a time. Rows are sequences: at first one for each input. */
export interface Decoding {
  /** The next token of each row → the scores (logits) of the one after it: [rows, vocab]. */
  step(tokens: readonly number[]): Tensor;
  /** Row i continues what is now row `from[i]`; every input that is left has equally many rows, in the order of inputs. */
  reorder(from: readonly number[]): void;
  dispose(): void;
}

/** What a model generates from its inputs. */
export interface GenerationState extends Decoding {
  /** How many tokens there are to choose from. */
  readonly vocab: number;
  /** What the first step reads, for each input: the start token, or the last token of a prompt. */
  readonly firstTokens: readonly number[];
  /** The most tokens that can be generated for each input: Infinity unless positions are learned. */
  readonly room: readonly number[];
  /** The most tokens to generate for each input unless `maxLength` says otherwise. */
  readonly defaultLength: readonly number[];
}

/** The default of `maxLength` for an input of `length` tokens. */
export const defaultLength = (length: number): number => 2 * length + 10;

/** Decoding with a cache, which it takes over. */
export const cachedDecoding = <State extends DecodingState>(
  state: State,
  step: (tokens: readonly number[], state: State) => Tensor,
): Decoding => ({
  step: (tokens) => step(tokens, state),
  reorder: (from) => state.reorder(from),
  dispose: () => state.dispose(),
});

/**
 * Decoding without a cache: keeps the tokens of each row, and every step computes all positions anew.
 *
 * @param rows the tokens before those that the first step reads
 * @param context tensors with one entry per row, such as the encoder's output; they follow their rows
 * @param lastScores the scores of the token after each of the rows: [rows, vocab]
 */
export function uncachedDecoding<Context extends readonly Tensor[]>(
  rows: readonly (readonly number[])[],
  context: Context,
  lastScores: (rows: readonly (readonly number[])[], ...context: Context) => Tensor,
): Decoding {
  let kept = context.map((t) => unscoped(() => t.detach()));
  let sequences = rows;
  return {
    step(tokens) {
      sequences = sequences.map((row, i) => [...row, tokens[i]!]);
      return lastScores(sequences, ...(kept as unknown as Context));
    },
    reorder(from) {
      if (from.length === sequences.length && from.every((row, i) => row === i)) return;
      sequences = from.map((row) => sequences[row]!);
      kept = kept.map((before) => {
        const index = tensor(Int32Array.from(from), { device: before.device });
        const after = unscoped(() => indexSelect(before, 0, index));
        for (const t of [before, index]) t.dispose();
        return after;
      });
    },
    dispose() {
      for (const t of kept) t.dispose();
    },
  };
}

/**
 * @throws {ArgumentError} for an input without tokens; `expected` says what it has at least
 */
export function checkInputs(inputs: readonly (readonly number[])[], what: string, expected: string): void {
  const empty = inputs.findIndex((ids) => ids.length === 0);
  if (empty < 0) return;
  throw new ArgumentError(`generate: ${what} ${empty} has no tokens, expected at least ${expected}.`);
}

/**
 * The most tokens to generate for each input.
 *
 * @throws {ArgumentError} where more are asked for than there is room for
 */
export function generationLengths(
  caller: string,
  maxLength: number | null,
  { room, defaultLength }: Pick<GenerationState, 'room' | 'defaultLength'>,
): number[] {
  return room.map((most, i) => {
    if (maxLength !== null && maxLength > most) {
      throw new ArgumentError(
        `${caller}: maxLength ${maxLength}, but the learned positions of the model leave room for ${most} tokens.`,
      );
    }
    return Math.min(most, maxLength ?? defaultLength[i]!);
  });
}
