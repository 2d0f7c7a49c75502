/**
 * Noun phrases: determiners, numbers, possessors and adjectives, in both languages at once.
 *
 * The one decision that is not a word-for-word matter is English "the". Chinese has no article: a definite subject,
 * place or compared thing is bare (猫坐在垫子上), while a definite object would read as generic if it were bare, and
 * takes 那 with the measure word (猫吃了那条鱼). The position in the sentence alone decides, so nothing is ambiguous.
 */

import { attributesOf } from './adjectives.ts';
import type { Draw } from './draw.ts';
import type { Noun } from './nouns.ts';
import { unowned } from './nouns.ts';
import { type Phrase, type Position, possessor } from './owners.ts';
import { pronouns } from './people.ts';

/** A determiner, named by its English. "the+" and "own+" are the plurals of "the" and "my". */
export type Determiner =
  | 'the'
  | 'a'
  | 'this'
  | 'that'
  | 'own'
  | 'the+'
  | 'own+'
  | 'these'
  | 'those'
  | 'two'
  | 'three'
  | 'many'
  | 'some'
  | 'any'
  | 'bare';

type Menu = readonly (readonly [weight: number, value: Determiner])[];

/** Determiners of objects by what the sentence does: assert, deny or ask, or speak in general. */
export const menus = {
  assert: [
    [18, 'the'],
    [19, 'a'],
    [7, 'this'],
    [7, 'that'],
    [13, 'own'],
    [5, 'the+'],
    [5, 'these'],
    [4, 'those'],
    [6, 'two'],
    [5, 'three'],
    [6, 'many'],
    [6, 'some'],
  ],
  deny: [
    [28, 'the'],
    [12, 'this'],
    [12, 'that'],
    [20, 'own'],
    [6, 'the+'],
    [6, 'these'],
    [5, 'those'],
    [12, 'any'],
  ],
  general: [[1, 'bare']],
  skill: [[1, 'a']],
  habit: [
    [3, 'bare'],
    [1, 'a'],
    [1, 'two'],
    [1, 'three'],
    [1, 'many'],
  ],
  experience: [
    [4, 'bare'],
    [2, 'this'],
    [2, 'that'],
    [1, 'these'],
  ],
  definite: [
    [28, 'the'],
    [12, 'this'],
    [12, 'that'],
    [20, 'own'],
    [6, 'the+'],
    [6, 'these'],
    [5, 'those'],
  ],
  new: [
    [30, 'a'],
    [9, 'two'],
    [7, 'three'],
    [8, 'many'],
    [8, 'some'],
  ],
  ground: [
    [70, 'the'],
    [14, 'own'],
    [8, 'that'],
    [8, 'this'],
  ],
} as const satisfies Record<string, Menu>;

/** The name of a set of determiners. */
export type Manner = keyof typeof menus;

const asMass: Readonly<Record<Determiner, Determiner>> = {
  the: 'bare',
  a: 'a',
  this: 'bare',
  that: 'bare',
  own: 'own',
  'the+': 'bare',
  'own+': 'own',
  these: 'bare',
  those: 'bare',
  two: 'two',
  three: 'three',
  many: 'bare',
  some: 'some',
  any: 'any',
  bare: 'bare',
};

const numbers = { two: '两', three: '三' } as const;

/** A determiner for the noun, from the menu; substances and "fish" cannot take all of them. */
export function determine(d: Draw, manner: Manner, noun: Noun): Determiner {
  const drawn = d.weighted<Determiner>(menus[manner]);
  const determiner = drawn === 'own' && unowned.has(noun) ? 'the' : drawn;
  if (noun.kind === 'mass') {
    const fitted = asMass[determiner];
    return (noun.portions?.length ?? 0) > 0 || fitted === 'own' || fitted === 'any' ? fitted : 'bare';
  }
  if (noun.plural !== undefined) return determiner;
  if (determiner === 'the+' || determiner === 'these') return 'the';
  if (determiner === 'those') return 'that';
  return determiner === 'many' || determiner === 'two' || determiner === 'three' ? 'bare' : determiner;
}

const singulars: Partial<Record<Determiner, Determiner>> = {
  'the+': 'the',
  'own+': 'own',
  these: 'this',
  those: 'that',
  two: 'a',
  three: 'a',
  many: 'a',
  some: 'a',
  any: 'that',
};

/** The determiner for one: nobody drives three buses or wears two hats. */
export function singular(determiner: Determiner): Determiner {
  return singulars[determiner] ?? determiner;
}

/** "a" or "an", by the letter that follows; no word of the lexicon needs more than its letter. */
export function article(next: string): string {
  return /^[aeiou]/.test(next) ? `an ${next}` : `a ${next}`;
}

/** Options of a noun phrase. */
export interface Dress {
  /** Probability of an adjective, where the noun has any. */
  readonly adjective?: number;
  /** Keep a definite object bare in Chinese. */
  readonly bare?: boolean;
  /** "A" counts nothing, so Chinese leaves the number out: "can ride a bicycle", 会骑自行车. */
  readonly uncounted?: boolean;
}

/** The noun with a determiner and perhaps an adjective. */
export function dressed(d: Draw, noun: Noun, determiner: Determiner, position: Position, dress: Dress = {}): Phrase {
  let en = '';
  let zh = '';
  // After a possessor a second 的 would be clumsy (我的红色的杯子): only adjectives that do without it follow one.
  const short = determiner === 'own' || determiner === 'own+';
  const attributes =
    determiner === 'any' ? [] : attributesOf(noun).filter((a) => !short || !a.attribute?.endsWith('的'));
  if (attributes.length > 0 && d.chance(dress.adjective ?? 0.2)) {
    const adjective = d.pick(attributes);
    d.relate('quality', adjective.en, noun.id);
    en = `${adjective.en} `;
    zh = adjective.attribute ?? '';
  }
  if (noun.kind === 'mass') return substance(d, noun, determiner, en, zh);
  const one = `${en}${noun.en}`;
  const many = `${en}${noun.plural ?? noun.en}`;
  zh += noun.zh;
  const m = noun.measure;
  const human = noun.kind === 'person';
  const bare = position === 'subject' || dress.bare === true;
  const single = (english: string, chinese: string): Phrase => ({
    en: english,
    zh: chinese,
    id: noun.id,
    agreement: 'singular',
    ...(noun.gender === undefined ? {} : { echo: pronouns[noun.gender] }),
  });
  const plural = (english: string, chinese: string): Phrase => ({
    en: english,
    zh: chinese,
    id: noun.id,
    agreement: 'plural',
    // English "they" hides what Chinese writes: 他们, 她们 of women, 它们 of animals. Only 他们 is taken up again.
    ...(human && noun.gender !== 'she' ? { echo: pronouns.they } : {}),
  });
  switch (determiner) {
    case 'the':
      return single(`the ${one}`, bare ? zh : `那${m}${zh}`);
    case 'a':
      return single(article(one), dress.uncounted === true ? zh : `一${m}${zh}`);
    case 'this':
      return single(`this ${one}`, `这${m}${zh}`);
    case 'that':
      return single(`that ${one}`, `那${m}${zh}`);
    case 'own': {
      const its = possessor(d);
      return single(`${its.en} ${one}`, `${its.zh}${zh}`);
    }
    case 'own+': {
      const its = possessor(d);
      return plural(`${its.en} ${many}`, `${its.zh}${zh}${human ? '们' : ''}`);
    }
    case 'the+':
      return plural(`the ${many}`, human ? `${zh}们` : `那些${zh}`);
    case 'these':
      return plural(`these ${many}`, `这些${zh}`);
    case 'those':
      return plural(`those ${many}`, `那些${zh}`);
    case 'two':
    case 'three':
      return plural(`${determiner} ${many}`, `${numbers[determiner]}${m}${zh}`);
    case 'many':
      return plural(`many ${many}`, `很多${zh}`);
    case 'some':
      return plural(`some ${many}`, `一些${zh}`);
    case 'any':
      return plural(`any ${many}`, zh);
    case 'bare':
      return plural(many, zh);
  }
}

/** A substance: bare, in portions, some, any, or somebody's. Adjectives stand before the substance (一杯热茶). */
function substance(d: Draw, noun: Noun, determiner: Determiner, adjectiveEn: string, adjectiveZh: string): Phrase {
  const en = `${adjectiveEn}${noun.en}`;
  const zh = `${adjectiveZh}${noun.zh}`;
  const phrase = (english: string, chinese: string): Phrase => ({
    en: english,
    zh: chinese,
    id: noun.id,
    agreement: noun.takesPlural === true ? 'plural' : 'singular',
  });
  const portions = noun.portions ?? [];
  switch (determiner) {
    case 'a': {
      const portion = d.pick(portions);
      return phrase(`a ${portion.en} of ${en}`, `一${portion.measure}${zh}`);
    }
    case 'two':
    case 'three': {
      const portion = d.pick(portions);
      return phrase(`${determiner} ${portion.plural} of ${en}`, `${numbers[determiner]}${portion.measure}${zh}`);
    }
    case 'own': {
      const its = possessor(d);
      return phrase(`${its.en} ${en}`, `${its.zh}${zh}`);
    }
    case 'some':
      return phrase(`some ${en}`, `一些${zh}`);
    case 'any':
      return phrase(`any ${en}`, zh);
    case 'the':
      return phrase(`the ${en}`, zh);
    default:
      return phrase(en, zh);
  }
}
