/**
 * The grammar as a whole: all patterns with their weights, and the finishing of a sentence (capital letter, end
 * marks, length).
 */

import { joined, relative } from './compounds.ts';
import { deeds } from './deeds.ts';
import type { Draw } from './draw.ts';
import { inquiries } from './inquiries.ts';
import { locations } from './locations.ts';
import type { Pattern } from './sentence.ts';
import { descriptions, relations } from './states.ts';

/** Every sentence pattern. */
export const patterns: readonly Pattern[] = [
  ...deeds,
  ...inquiries,
  ...locations,
  ...descriptions,
  ...relations,
  ...joined,
  ...relative,
];

/** A finished sentence. */
export interface Line {
  readonly pattern: string;
  readonly source: string;
  readonly target: string;
  readonly relations: readonly string[];
}

/** The longest sentences that are kept: beyond these, a small model would spend its time on rare lengths. */
export const limits = { words: 12, characters: 18 } as const;

const menu = patterns.map((pattern) => [pattern.weight, pattern] as const);
const ends = { '.': '。', '?': '？' } as const;

/** One sentence of the grammar, or undefined if the draw led nowhere or ran too long. */
export function utter(d: Draw): Line | undefined {
  d.begin();
  const pattern = d.weighted(menu);
  const made = pattern.make(d);
  if (made === undefined) return undefined;
  const target = `${made.zh}${ends[made.mark]}`;
  if (made.en.split(' ').length > limits.words || target.length > limits.characters) return undefined;
  const source = `${made.en.slice(0, 1).toUpperCase()}${made.en.slice(1)}${made.mark}`;
  return { pattern: pattern.name, source, target, relations: d.relations };
}
