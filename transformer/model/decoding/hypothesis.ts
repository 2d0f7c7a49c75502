import type { Candidate } from './logitsProcessors.ts';

/** A sequence that was generated. */
export interface Hypothesis {
  /** Its tokens, with the end token where it was generated. */
  readonly ids: readonly number[];
  /** False where maxLength cut it off. */
  readonly ended: boolean;
  /** log p of each token given those before it, by the model. */
  readonly logProbabilities: readonly number[];
  /** Their sum: log p of the sequence. */
  readonly logProbability: number;
  /** What hypotheses are ranked by: the sum after the logits processors, divided by the length penalty. */
  readonly score: number;
}

/** ((5 + length) / 6)^α (Wu et al. 2016, "Google's neural machine translation system", eq. 14). */
export const lengthPenalty = (length: number, alpha: number): number => ((5 + length) / 6) ** alpha;

/** A hypothesis that is still being generated. */
export class PartialHypothesis {
  readonly ids: readonly number[];
  readonly logProbabilities: readonly number[];
  /** The sum of log p after the logits processors. */
  readonly score: number;

  constructor(ids: readonly number[] = [], logProbabilities: readonly number[] = [], score = 0) {
    this.ids = ids;
    this.logProbabilities = logProbabilities;
    this.score = score;
  }

  append({ id, logProbability, score }: Candidate): PartialHypothesis {
    return new PartialHypothesis([...this.ids, id], [...this.logProbabilities, logProbability], this.score + score);
  }

  finish(ended: boolean, alpha: number): Hypothesis {
    const { ids, logProbabilities, score } = this;
    const logProbability = logProbabilities.reduce((a, b) => a + b, 0);
    return { ids, ended, logProbabilities, logProbability, score: score / lengthPenalty(ids.length, alpha) };
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
