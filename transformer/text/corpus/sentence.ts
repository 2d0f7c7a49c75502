/**
 * Sentences, patterns, and the agreement of English auxiliaries that all patterns share.
 */

import type { Adjective } from './adjectives.ts';
import type { Draw } from './draw.ts';
import type { Phrase } from './owners.ts';
import type { Text } from './people.ts';
import type { Forms } from './verbs.ts';

/** A sentence before capitals and punctuation. */
export interface Sentence extends Text {
  readonly mark: '.' | '?';
}

/** A sentence pattern: how often it is drawn, and how it is made. It returns undefined to be drawn again. */
export interface Pattern {
  readonly name: string;
  readonly weight: number;
  make(d: Draw): Sentence | undefined;
}

/** No time given. */
export const noTime: Text = { en: '', zh: '' };

/** A statement. */
export function state(en: string, zh: string): Sentence {
  return { en, zh, mark: '.' };
}

/** A question. */
export function ask(en: string, zh: string): Sentence {
  return { en, zh, mark: '?' };
}

/** am, is, are. */
export function be(subject: Phrase): string {
  return subject.agreement === 'first' ? 'am' : subject.agreement === 'singular' ? 'is' : 'are';
}

/** was, were. */
export function was(subject: Phrase): string {
  return subject.agreement === 'plural' ? 'were' : 'was';
}

/** do, does. */
export function does(subject: Phrase): string {
  return subject.agreement === 'singular' ? 'does' : 'do';
}

/** have, has. */
export function has(subject: Phrase): string {
  return subject.agreement === 'singular' ? 'has' : 'have';
}

/** The present tense. */
export function present(subject: Phrase, forms: Forms): string {
  return subject.agreement === 'singular' ? forms.singular : forms.base;
}

/** One of the times, or none. */
export function maybe(d: Draw, its: readonly Text[], probability: number): Text {
  return d.chance(probability) ? d.pick(its) : noTime;
}

/** 很大, 是新的: an adjective as an affirmed predicate. */
export function positive(a: Adjective): string {
  return a.predicate === '很' ? `很${a.zh}` : `是${a.zh}的`;
}
