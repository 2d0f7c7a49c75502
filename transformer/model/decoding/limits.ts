import { ArgumentError } from '../../../engine/index.ts';
import { BOS, EOS } from '../../text/tokenizer/index.ts';

/** What every way of decoding takes. */
export interface DecodeOptions {
  /**
   * Most tokens to write, the end mark included. Default, for each sentence: 2·source + 10, or as many as learned
   * positions leave room for.
   */
  readonly maxLength?: number;
  /** Keep keys and values of earlier steps (default). Without, every step runs the decoder over all tokens so far. */
  readonly cache?: boolean;
  /** θ ≥ 1: log p of every token that was written before counts θ-fold (Keskar et al. 2019, section 4.1). Default 1: none. */
  readonly repetitionPenalty?: number;
  /** No run of this many tokens is written twice. Default 0: any may be. */
  readonly noRepeatNgram?: number;
  /** The ids of start and end mark. Default: 1 and 2, as a tokenizer made here has them; `translate` asks the tokenizer. */
  readonly bos?: number;
  readonly eos?: number;
  /** Tokens never written. Default: padding and the start mark, unless it ends sentences, too. */
  readonly suppress?: readonly number[];
  /** α of the length penalty that scores are divided by. Default 0.6; 0: none. */
  readonly lengthPenalty?: number;
}

/** The same with every default filled in. */
export interface Limits {
  readonly bos: number;
  readonly eos: number;
  readonly maxLength: number | null;
  readonly cache: boolean;
  readonly penalty: number;
  readonly ngram: number;
  readonly suppress: ReadonlySet<number>;
  readonly alpha: number;
}

/**
 * The options with defaults, for a model whose padding is `padId`.
 *
 * @throws {ArgumentError} for a number out of its range; `caller` is named in the message
 */
export function limitsOf(caller: string, options: DecodeOptions, padId: number): Limits {
  const { maxLength, cache = true, repetitionPenalty = 1, noRepeatNgram = 0, lengthPenalty = 0.6 } = options;
  const { bos = BOS, eos = EOS, suppress = [padId, bos].filter((id) => id !== eos) } = options;
  const say = (what: string): never => {
    throw new ArgumentError(`${caller}: ${what}`);
  };
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength >= 1)) {
    say(`maxLength ${maxLength}, expected a whole number of at least 1.`);
  }
  if (!(repetitionPenalty >= 1 && Number.isFinite(repetitionPenalty))) {
    say(`repetitionPenalty ${repetitionPenalty}, expected a number of at least 1 (1 is none, 1.2 is usual).`);
  }
  if (!(Number.isInteger(noRepeatNgram) && noRepeatNgram >= 0)) {
    say(`noRepeatNgram ${noRepeatNgram}, expected a whole number: 3 forbids a run of three tokens twice, 0 nothing.`);
  }
  if (!Number.isFinite(lengthPenalty)) say(`lengthPenalty ${lengthPenalty}, expected a number (0 is none).`);
  return {
    bos,
    eos,
    maxLength: maxLength ?? null,
    cache,
    penalty: repetitionPenalty,
    ngram: noRepeatNgram,
    suppress: new Set(suppress),
    alpha: lengthPenalty,
  };
}

/**
 * Most tokens to write for a source of `length` tokens by a model that has room for `room`.
 *
 * @throws {ArgumentError} where more are asked for than there is room for
 */
export function longest(caller: string, { maxLength }: Limits, length: number, room: number): number {
  if (maxLength !== null && maxLength > room) {
    throw new ArgumentError(
      `${caller}: maxLength ${maxLength}, but the learned positions of the model leave room for ${room} tokens.`,
    );
  }
  if (room < 1) {
    throw new ArgumentError(
      `${caller}: a prompt of ${length} tokens leaves the learned positions of the model no room.`,
    );
  }
  return Math.min(room, maxLength ?? 2 * length + 10);
}

/** Tokens that would complete a run of `n` tokens that `written` has already. */
export function bannedByNgram(written: readonly number[], n: number): Set<number> {
  const banned = new Set<number>();
  if (n < 1) return banned;
  const end = written.length - (n - 1);
  for (let i = 0; i < end; i++) {
    let alike = true;
    for (let k = 0; alike && k < n - 1; k++) alike = written[i + k] === written[end + k];
    if (alike) banned.add(written[i + n - 1]!);
  }
  return banned;
}

/**
 * How many tokens the limits may move down or out after `written`. The best k under the limits are among the best
 * k + this many of the model: all others are at least as good for the model and untouched.
 */
export function affected({ penalty, ngram, suppress }: Limits, written: readonly number[]): number {
  const moved = penalty > 1 || ngram === 1 ? new Set(written).size : bannedByNgram(written, ngram).size;
  return suppress.size + moved;
}

/** A token that may come next. */
export interface Candidate {
  readonly id: number;
  /** log p, as the model has it. */
  readonly logProbability: number;
  /** log p under the limits: what is compared and added up. */
  readonly value: number;
}

/** The most probable tokens of each row for the model: [rows, k], the best first, of equal ones the lower id. */
export interface MostProbable {
  readonly k: number;
  readonly ids: ArrayLike<number>;
  readonly logs: ArrayLike<number>;
}

/**
 * At most `count` tokens that may follow `written`, the best first, of equal ones the lower id, from a row of the
 * model's most probable ones.
 */
export function allowed(
  { penalty, ngram, suppress }: Limits,
  written: readonly number[],
  { k, ids, logs }: MostProbable,
  row: number,
  count: number,
): Candidate[] {
  const banned = bannedByNgram(written, ngram);
  const penalised = penalty > 1 ? new Set(written) : null;
  const candidates: Candidate[] = [];
  for (let i = row * k; i < (row + 1) * k && (penalised !== null || candidates.length < count); i++) {
    const id = ids[i]!;
    if (suppress.has(id) || banned.has(id)) continue;
    const logProbability = logs[i]!;
    candidates.push({ id, logProbability, value: penalised?.has(id) ? penalty * logProbability : logProbability });
  }
  if (penalised === null) return candidates;
  return candidates.sort((a, b) => b.value - a.value || a.id - b.id).slice(0, count);
}
