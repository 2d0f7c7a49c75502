import { ArgumentError } from '../../../engine/index.ts';

/** What a translation may be: one reference, or several. */
export type References = string | readonly string[];

/** A translation and its references, at least one. */
export interface Segment {
  readonly hypothesis: string;
  readonly references: readonly string[];
}

/** Pairs every hypothesis with its references. Throws where the two do not fit. */
export function segments(
  operation: string,
  hypotheses: readonly string[],
  references: readonly References[],
): readonly Segment[] {
  if (!Array.isArray(hypotheses) || !Array.isArray(references)) {
    throw new ArgumentError(`${operation}: expected a list of hypotheses and a list with the references of each.`);
  }
  const [count, referenced] = [hypotheses.length, references.length];
  if (count !== referenced) {
    const turned = references.every((list) => Array.isArray(list) && list.length === count);
    const advice =
      turned && referenced > 0
        ? 'These are sets of references: turn them around, one list of references for every hypothesis.'
        : 'Give for every hypothesis its reference, or a list of them.';
    throw new ArgumentError(`${operation}: ${count} hypotheses, but ${referenced} entries of references. ${advice}`);
  }
  if (count === 0) throw new ArgumentError(`${operation}: no hypotheses. Give at least one, and its reference.`);
  return hypotheses.map((hypothesis, i) => segment(operation, hypothesis, references[i]!, ` ${i}`));
}

/** One hypothesis with its references. `at` names it in errors. */
export function segment(operation: string, hypothesis: string, references: References, at = ''): Segment {
  const list = typeof references === 'string' ? [references] : references;
  if (typeof hypothesis !== 'string') {
    throw new ArgumentError(`${operation}: hypothesis${at} is ${String(hypothesis)}, expected a string.`);
  }
  if (!Array.isArray(list) || list.some((reference) => typeof reference !== 'string')) {
    throw new ArgumentError(`${operation}: the references of hypothesis${at} are not a string or a list of strings.`);
  }
  if (list.length === 0) {
    throw new ArgumentError(`${operation}: hypothesis${at} has no reference. Give at least one, or leave it out.`);
  }
  return { hypothesis, references: list };
}
