/**
 * Who does it: a person or an animal as a phrase.
 */

import type { Draw } from './draw.ts';
import { type Noun, unowned } from './nouns.ts';
import { named, type Phrase, type Position, personal, relative } from './owners.ts';
import { allPeople, names, pronouns } from './people.ts';
import { type Determiner, dressed } from './phrases.ts';

/** A person in the given position; `indefinite` admits "a boy", which only some sentences bear. */
export function someone(d: Draw, position: Position, indefinite = false): Phrase {
  const noun = (determiner: Determiner) => dressed(d, d.pick(allPeople), determiner, position, { adjective: 0.06 });
  return d.weighted<() => Phrase>([
    [27, () => personal(d, position)],
    [23, () => named(d)],
    [19, () => noun('the')],
    [12, () => relative(d)],
    [4, () => noun(d.chance(0.5) ? 'this' : 'that')],
    [8, () => noun('the+')],
    [2, () => noun(d.chance(0.5) ? 'these' : 'those')],
    [indefinite ? 6 : 0, () => noun('a')],
    [position === 'subject' ? 3 : 0, () => couple(d)],
  ])();
}

/** The subject of a question. People seldom ask what they do themselves; a few such questions keep "am I" known. */
export function questioned(d: Draw): Phrase {
  const subject = someone(d, 'subject');
  return speaker(subject) && d.chance(0.75) ? someone(d, 'subject') : subject;
}

/** Whether the phrase is "I" or "we". */
export function speaker(phrase: Phrase): boolean {
  return phrase.en === 'I' || phrase.en === 'we';
}

/** "Tom and Anna". */
function couple(d: Draw): Phrase {
  const first = d.pick(names);
  const others = names.filter((name) => name !== first);
  const second = d.pick(others);
  return {
    en: `${first.en} and ${second.en}`,
    zh: `${first.zh}和${second.zh}`,
    agreement: 'plural',
    ...(first.gender === 'she' && second.gender === 'she' ? {} : { echo: pronouns.they }),
  };
}

/** An animal as a subject. */
export function beastPhrase(d: Draw, noun: Noun, indefinite = false): Phrase {
  const determiner = d.weighted<Determiner>([
    [40, 'the'],
    [indefinite ? 12 : 0, 'a'],
    [8, 'this'],
    [8, 'that'],
    [14, 'own'],
    [12, 'the+'],
    [4, 'these'],
    [2, 'those'],
  ]);
  return dressed(d, noun, unowned.has(noun) && determiner === 'own' ? 'the' : determiner, 'subject', {
    adjective: 0.12,
  });
}
