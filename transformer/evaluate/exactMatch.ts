import { type References, segments } from './segments.ts';
import { strip } from './text.ts';

/**
 * Percent of hypotheses that are one of their references to the letter, white space at the ends aside.
 *
 * @throws ArgumentError for lists that do not fit, or a hypothesis without a reference
 */
export function exactMatch(hypotheses: readonly string[], references: readonly References[]): number {
  const all = segments('exactMatch', hypotheses, references);
  const right = all.filter(({ hypothesis, references: list }) => list.some((r) => strip(r) === strip(hypothesis)));
  return (100 * right.length) / all.length;
}
