import { escaped } from './characters.ts';
import type { Fields } from './format.ts';
import { compileRegex } from './regex.ts';

/** What becomes of the matches of a pattern when text is cut at them. */
export const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
export type Behavior = (typeof BEHAVIORS)[number];

/** A piece of text, and whether the pattern matched it. */
interface Part {
  text: string;
  readonly match: boolean;
}

/**
 * Cuts text at the matches of a pattern: they go, stand alone, join the piece before or after them, or like is joined
 * with like. Pieces are never empty.
 */
export function split(text: string, pattern: RegExp, behavior: Behavior, invert = false): string[] {
  const parts: Part[] = [];
  let end = 0;
  eachMatch(text, pattern, (found, index) => {
    if (index > end) parts.push({ text: text.slice(end, index), match: invert });
    parts.push({ text: found, match: !invert });
    end = index + found.length;
  });
  if (end < text.length) parts.push({ text: text.slice(end), match: invert });
  return arrange(parts, behavior)
    .map((part) => part.text)
    .filter((piece) => piece !== '');
}

/**
 * Calls `visit` for each match of a pattern. V8 finds some empty ones between the halves of a character beyond U+FFFF:
 * not for those. By hand and not by `matchAll`, since every word of a corpus comes through here.
 */
function eachMatch(text: string, pattern: RegExp, visit: (found: string, index: number) => void): void {
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [found] = match;
    const { index } = match;
    if (found !== '') visit(found, index);
    else {
      const halved = index > 0 && text.codePointAt(index - 1)! > 0xffff;
      if (!halved) visit(found, index);
      pattern.lastIndex += text.codePointAt(index)! > 0xffff ? 2 : 1;
    }
  }
}

/** Text with something else, as it is written, for each match. */
export function replace(text: string, pattern: RegExp, content: string): string {
  let result = '';
  let end = 0;
  eachMatch(text, pattern, (found, index) => {
    result += text.slice(end, index) + content;
    end = index + found.length;
  });
  return result + text.slice(end);
}

function arrange(parts: readonly Part[], behavior: Behavior): readonly Part[] {
  switch (behavior) {
    case 'Removed':
      return parts.filter(({ match }) => !match);
    case 'Isolated':
      return parts;
    case 'Contiguous':
      return joined(parts, (before, part) => before === part.match);
    case 'MergedWithPrevious':
      return joined(parts, (before, part) => part.match && !before);
    case 'MergedWithNext':
      return joined(parts, (next, part) => part.match && !next, true);
  }
}

/** Joins a part with its neighbour where `joins` says so, from the start or from the end; `near`: whether that is a match. */
function joined(
  parts: readonly Part[],
  joins: (near: boolean, part: Part) => boolean,
  fromEnd = false,
): readonly Part[] {
  const result: Part[] = [];
  let near = false;
  for (const part of fromEnd ? [...parts].reverse() : parts) {
    const last = result.at(-1);
    if (last !== undefined && joins(near, part)) last.text = fromEnd ? part.text + last.text : last.text + part.text;
    else result.push({ ...part });
    near = part.match;
  }
  return fromEnd ? result.reverse() : result;
}

/** The pattern of a step: `{ "String": "…" }` as it is, or `{ "Regex": "…" }`. */
export function readPattern(step: Fields): RegExp {
  const pattern = step.object('pattern');
  if (pattern.has('Regex')) return compileRegex(pattern.string('Regex'), `${step.path}.pattern`);
  const text = pattern.string('String');
  // an empty string is between any two characters
  return new RegExp(escaped(text), 'gu');
}

/** A behaviour as files write it: `MergedWithNext` or `merged_with_next`. */
export function readBehavior(step: Fields, missing: Behavior): Behavior {
  const written = step.raw('behavior') ?? missing;
  const plain = typeof written === 'string' ? written.replaceAll('_', '').toLowerCase() : '';
  const behavior = BEHAVIORS.find((b) => b.toLowerCase() === plain);
  if (behavior === undefined) throw step.wrong('behavior', written, `one of ${BEHAVIORS.join(', ')}`);
  return behavior;
}
