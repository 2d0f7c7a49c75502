/**
 * Rules on which tokens may come next, as Hugging Face's logits processors. Only the most probable tokens of each row are
 * read from the device, so a processor does not see all scores: it says which tokens it changes, and how.
 */

/** How a processor changes the scores of some tokens. */
export interface ScoreChange {
  readonly tokens: ReadonlySet<number>;
  /** The new score of each of them, from its log-probability or from what an earlier processor made of it. Null: forbidden. */
  readonly score: ((score: number) => number) | null;
}

/** The change after the tokens `ids` were generated; null for none. */
export type LogitsProcessor = (ids: readonly number[]) => ScoreChange | null;

/** The tokens are never generated. */
export function suppressTokens(tokens: Iterable<number>): LogitsProcessor {
  const change: ScoreChange = { tokens: new Set(tokens), score: null };
  return () => change;
}

/** No n-gram is generated twice. */
export const noRepeatNgrams =
  (n: number): LogitsProcessor =>
  (ids) => {
    const tokens = bannedByNgram(ids, n);
    return tokens.size === 0 ? null : { tokens, score: null };
  };

/** The log-probability of every token that was generated before is multiplied by θ (Keskar et al. 2019, section 4.1). */
export const repetitionPenalty =
  (theta: number): LogitsProcessor =>
  (ids) => ({ tokens: new Set(ids), score: (score) => theta * score });

/** The tokens that would complete an n-gram which `ids` already has. */
export function bannedByNgram(ids: readonly number[], n: number): Set<number> {
  const banned = new Set<number>();
  if (n < 1) return banned;
  const end = ids.length - (n - 1);
  for (let i = 0; i < end; i++) {
    let same = true;
    for (let k = 0; same && k < n - 1; k++) same = ids[i + k] === ids[end + k];
    if (same) banned.add(ids[i + n - 1]!);
  }
  return banned;
}

/** The changes of all processors after `ids`, in order. */
export const changesAfter = (processors: readonly LogitsProcessor[], ids: readonly number[]): readonly ScoreChange[] =>
  processors.map((process) => process(ids)).filter((change) => change !== null);

/**
 * How many tokens are changed. The best k after the changes are among the best k + this many of the model: all others
 * keep their scores, and there are k of them that are as good.
 */
export function countChanged(changes: readonly ScoreChange[]): number {
  const [first, ...rest] = changes;
  if (rest.length === 0) return first?.tokens.size ?? 0;
  return new Set(changes.flatMap(({ tokens }) => [...tokens])).size;
}

/** A token that may come next. */
export interface Candidate {
  readonly id: number;
  /** log p of the model. */
  readonly logProbability: number;
  /** log p after the logits processors: what is compared and summed. */
  readonly score: number;
}

/** The most probable tokens of each row: [rows, k], the best first, of equal ones the lower id. */
export interface MostProbable {
  readonly k: number;
  readonly ids: ArrayLike<number>;
  readonly logs: ArrayLike<number>;
}

/** The best `count` tokens of a row after the changes, or fewer: the best first, of equal ones the lower id. */
export function candidates(
  changes: readonly ScoreChange[],
  { k, ids, logs }: MostProbable,
  row: number,
  count: number,
): Candidate[] {
  const rescored = changes.some(({ score }) => score !== null);
  const found: Candidate[] = [];
  for (let i = row * k; i < (row + 1) * k && (rescored || found.length < count); i++) {
    const id = ids[i]!;
    const logProbability = logs[i]!;
    let score: number | null = logProbability;
    for (const change of changes) {
      if (score !== null && change.tokens.has(id)) score = change.score?.(score) ?? null;
    }
    if (score !== null) found.push({ id, logProbability, score });
  }
  if (!rescored) return found;
  return found.sort((a, b) => b.score - a.score || a.id - b.id).slice(0, count);
}
