import { type References, segments } from './segments.ts';
import { strip } from './text.ts';

/**
 * Percent of hypotheses that are one of their references, white space at the ends aside: to the letter, or as `same` has it.
 *
 * @throws ArgumentError for lists that do not fit, or a hypothesis without a reference
 */
export function exactMatch(
  hypotheses: readonly string[],
  references: readonly References[],
  same: (hypothesis: string, reference: string) => boolean = (a, b) => a === b,
): number {
  const all = segments('exactMatch', hypotheses, references);
  const right = all.filter(({ hypothesis, references: list }) => list.some((r) => same(strip(hypothesis), strip(r))));
  return (100 * right.length) / all.length;
}
