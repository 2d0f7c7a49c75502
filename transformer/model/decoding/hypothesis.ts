/** One way to translate a sentence. */
export interface Hypothesis {
  /** Tokens, with the end mark where one was set. */
  readonly ids: readonly number[];
  /** False where maxLength cut it off. */
  readonly ended: boolean;
  /** log p of each token given those before it, as the model has it. */
  readonly logProbabilities: readonly number[];
  /** Their sum: log p of the whole. */
  readonly logProbability: number;
  /** What hypotheses are ranked by: the sum under the repetition limits, divided by the length penalty. */
  readonly score: number;
}

/** ((5 + length) / 6)^α (Wu et al. 2016, "Google's neural machine translation system", eq. 14). */
export const lengthPenalty = (length: number, alpha: number): number => ((5 + length) / 6) ** alpha;

/** A sentence while it is written. */
export class Draft {
  readonly ids: readonly number[];
  readonly logProbabilities: readonly number[];
  /** Sum of log p under the limits. */
  readonly value: number;

  constructor(ids: readonly number[] = [], logProbabilities: readonly number[] = [], value = 0) {
    this.ids = ids;
    this.logProbabilities = logProbabilities;
    this.value = value;
  }

  with(next: { readonly id: number; readonly logProbability: number; readonly value: number }): Draft {
    return new Draft([...this.ids, next.id], [...this.logProbabilities, next.logProbability], this.value + next.value);
  }

  finish(ended: boolean, alpha: number): Hypothesis {
    const { ids, logProbabilities, value } = this;
    const logProbability = logProbabilities.reduce((a, b) => a + b, 0);
    return { ids, ended, logProbabilities, logProbability, score: value / lengthPenalty(ids.length, alpha) };
  }
}

/** The better one first: those that ended, then by score, then the shorter one, then the lower ids. */
export function compare(a: Hypothesis, b: Hypothesis): number {
  if (a.ended !== b.ended) return a.ended ? -1 : 1;
  if (a.score !== b.score) return b.score - a.score;
  if (a.ids.length !== b.ids.length) return a.ids.length - b.ids.length;
  const at = a.ids.findIndex((id, i) => id !== b.ids[i]);
  return at < 0 ? 0 : a.ids[at]! - b.ids[at]!;
}
