/**
 * Phrases that name somebody without a determiner: pronouns, names and kin; and the possessors made from them.
 */

import type { Draw } from './draw.ts';
import type { Noun } from './nouns.ts';
import { allPronouns, type Kin, kin, names, type Pronoun, people, pronouns, type Text } from './people.ts';

/** A noun phrase. */
export interface Phrase extends Text {
  /** The head word, as it appears in relations; pronouns and coordinations have none. */
  readonly id?: string;
  readonly agreement: Pronoun['agreement'];
  /** The pronoun that can take the phrase up again, where its gender is known. */
  readonly echo?: Pronoun;
}

/** Where the phrase stands, which decides how "the" is rendered. */
export type Position = 'subject' | 'object';

/** "my", "Tom's", "the girl's", "my father's": at most one step deep. */
export function possessor(d: Draw): Text {
  return d.weighted<() => Text>([
    [60, () => ownerPronoun(d)],
    [22, () => owner(d.pick(names))],
    [
      6,
      () => {
        const noun = d.pick(owners);
        return owner({ en: `the ${noun.en}`, zh: noun.zh });
      },
    ],
    [4, () => owner(relative(d, parents))],
  ])();
}

/** A possessor for the heads of comparisons and subjects that should stay short: pronouns only. */
export function ownerPronoun(d: Draw): Text {
  const pronoun = d.pick(allPronouns);
  return { en: pronoun.possessive, zh: `${pronoun.zh}的` };
}

function owner(text: Text): Text {
  return { en: `${text.en}'s`, zh: `${text.zh}的` };
}

/** Whose "the ...'s" is used: each such form is a word of its own to the tokenizer, so they are few. */
const owners: readonly Noun[] = [people.teacher, people.girl];
const parents: readonly Kin[] = kin.filter((one) => one.id === 'mother');

/** "my mother" 我妈妈, "Tom's mother" 汤姆的妈妈, "my friend" 我的朋友. */
export function relative(d: Draw, among: readonly Kin[] = kin): Phrase {
  const one = d.pick(among);
  const named = among === kin && d.chance(0.15);
  const pronoun = d.pick(allPronouns);
  const base = { id: one.id, agreement: 'singular' } as const;
  const echo = one.gender === undefined ? {} : { echo: pronouns[one.gender] };
  if (named) {
    const whose = d.pick(names);
    return { ...base, ...echo, en: `${whose.en}'s ${one.en}`, zh: `${whose.zh}的${one.zh}` };
  }
  return { ...base, ...echo, en: `${pronoun.possessive} ${one.en}`, zh: `${pronoun.zh}${one.bond}${one.zh}` };
}

/** A pronoun as a subject, or as an object. */
export function personal(d: Draw, position: Position): Phrase {
  const pronoun = d.pick(allPronouns);
  const en = position === 'subject' ? pronoun.subject : pronoun.object;
  return { en, zh: pronoun.zh, agreement: pronoun.agreement, echo: pronoun };
}

/** A named person. */
export function named(d: Draw): Phrase {
  const name = d.pick(names);
  return { en: name.en, zh: name.zh, id: name.id, agreement: 'singular', echo: pronouns[name.gender] };
}

/** "mine", 我的. */
export function pronounOwner(d: Draw): Text {
  const pronoun = d.pick(allPronouns);
  return { en: pronoun.predicate, zh: `${pronoun.zh}的` };
}

/** "Tom's", 汤姆的. */
export function namedOwner(d: Draw): Text {
  const name = d.pick(names);
  return { en: `${name.en}'s`, zh: `${name.zh}的` };
}
