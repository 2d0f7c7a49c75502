/**
 * Patterns about how things are: of what quality, compared with what, what and whose; and what people wear, want,
 * like, know and own.
 */

import type { Adjective } from './adjectives.ts';
import { colours, qualities, states, traits } from './adjectives.ts';
import { questioned, someone, speaker } from './agents.ts';
import type { Draw } from './draw.ts';
import type { Noun } from './nouns.ts';
import { allAnimals, clothes, companions, drinkable, edible, goods, showable, things, unowned } from './nouns.ts';
import { namedOwner, type Phrase, pronounOwner } from './owners.ts';
import { allPeople, professions, pronouns } from './people.ts';
import { type Determiner, determine, dressed, singular } from './phrases.ts';
import { times } from './places.ts';
import type { Pattern } from './sentence.ts';
import { ask, be, does, has, positive, present, state, was } from './sentence.ts';
import { owned, stative } from './verbs.ts';

/** A subject that an adjective can describe. */
function described(d: Draw): { subject: Phrase; adjective: Adjective } {
  const adjective = d.pick(qualities, 'quality');
  const noun = d.pick(adjective.nouns);
  d.relate('quality', adjective.en, noun.id);
  const determiner = noun.kind === 'mass' ? (d.chance(0.6) ? 'the' : 'own') : determine(d, 'definite', noun);
  return { subject: dressed(d, noun, determiner, 'subject', { adjective: 0 }), adjective };
}

/** A person and a passing state or lasting trait. */
function disposed(d: Draw, among: readonly Adjective[]): { subject: Phrase; adjective: Adjective } {
  const adjective = d.pick(among);
  const fits = (phrase: Phrase) =>
    adjective.nouns.length === 0 ||
    phrase.id === undefined ||
    adjective.nouns.some((noun) => noun.id === phrase.id) ||
    !allPeople.some((noun) => noun.id === phrase.id);
  let subject = someone(d, 'subject');
  while (!fits(subject)) subject = someone(d, 'subject');
  d.relate('quality', adjective.en, subject.id);
  return { subject, adjective };
}

const negative = (a: Adjective) => (a.predicate === '很' ? `不${a.zh}` : `不是${a.zh}的`);
const queried = (a: Adjective) => (a.predicate === '很' ? `${a.zh}吗` : `是${a.zh}的吗`);

function quality(d: Draw, found: { subject: Phrase; adjective: Adjective }) {
  const { subject: s, adjective: a } = found;
  const form = d.weighted([
    [10, 'plain'],
    [3, 'very'],
    [3, 'too'],
    [5, 'not'],
    [6, 'asked'],
  ] as const);
  if (form === 'asked') return ask(`${be(s)} ${s.en} ${a.en}`, `${s.zh}${queried(a)}`);
  if (form === 'not') return state(`${s.en} ${be(s)} not ${a.en}`, `${s.zh}${negative(a)}`);
  if (a.predicate === '很' && form === 'very') return state(`${s.en} ${be(s)} very ${a.en}`, `${s.zh}非常${a.zh}`);
  if (a.predicate === '很' && form === 'too') return state(`${s.en} ${be(s)} too ${a.en}`, `${s.zh}太${a.zh}了`);
  return state(`${s.en} ${be(s)} ${a.en}`, `${s.zh}${positive(a)}`);
}

const comparable = [...qualities, ...traits].filter((a) => a.comparative !== undefined);

/** The two sides of a comparison: two people, the same thing twice, or two things of one kind. */
function compared(d: Draw): { left: Phrase; right: Phrase; adjective: Adjective } | undefined {
  const adjective = d.pick(comparable, 'comparison');
  if (traits.includes(adjective)) {
    const left = someone(d, 'subject');
    const right = someone(d, 'object');
    if (left.zh === right.zh || (left.id !== undefined && left.id === right.id)) return undefined;
    d.relate('quality', adjective.en, left.id);
    return { left, right, adjective };
  }
  const noun = d.pick(adjective.nouns);
  d.relate('quality', adjective.en, noun.id);
  if (noun.kind === 'mass') return undefined;
  if (noun.kind === 'animal' && d.chance(0.7)) {
    const other = d.pick(allAnimals);
    if (other === noun) return undefined;
    const left = dressed(d, noun, determine(d, 'ground', noun), 'subject', { adjective: 0 });
    return { left, right: dressed(d, other, determine(d, 'ground', other), 'subject', { adjective: 0 }), adjective };
  }
  const [one, two] = d.weighted<readonly [Determiner, Determiner]>([
    [3, ['this', 'that']],
    [2, ['that', 'this']],
    [2, ['these', 'those']],
    [2, ['this', 'own']],
    [2, ['own', 'that']],
  ]);
  const left = dressed(d, noun, one, 'subject', { adjective: 0 });
  return { left, right: dressed(d, noun, two, 'subject', { adjective: 0 }), adjective };
}

/** What things and people are like. */
export const descriptions: readonly Pattern[] = [
  { name: 'quality', weight: 10, make: (d) => quality(d, described(d)) },
  {
    name: 'state',
    weight: 7,
    make(d) {
      const found = disposed(d, [...states, ...traits]);
      if (traits.includes(found.adjective) || d.chance(0.6)) return quality(d, found);
      const { subject: s, adjective: a } = found;
      const time = d.pick(times.past);
      return d.chance(0.7)
        ? state(`${s.en} ${was(s)} ${a.en}${time.en}`, `${s.zh}${time.zh}${positive(a)}`)
        : ask(`why ${be(s)} ${s.en} so ${a.en}`, `${s.zh}为什么这么${a.zh}`);
    },
  },
  {
    name: 'comparison',
    weight: 12,
    make(d) {
      const found = compared(d);
      if (found === undefined) return undefined;
      const { left, right, adjective } = found;
      const form = d.weighted([
        [6, 'more'],
        [3, 'less'],
        [2, 'asked'],
      ] as const);
      if (form === 'less') {
        return state(
          `${left.en} ${be(left)} not as ${adjective.en} as ${right.en}`,
          `${left.zh}没有${right.zh}${adjective.zh}`,
        );
      }
      const than = `${adjective.comparative ?? ''} than ${right.en}`;
      const zh = `${left.zh}比${right.zh}${adjective.zh}`;
      return form === 'more'
        ? state(`${left.en} ${be(left)} ${than}`, zh)
        : ask(`${be(left)} ${left.en} ${than}`, `${zh}吗`);
    },
  },
  {
    name: 'or?',
    weight: 4,
    make(d) {
      if (d.chance(0.35)) {
        const first = d.pick(colours);
        const noun = d.pick(first.nouns);
        const others = colours.filter((one) => one !== first && one.nouns.includes(noun));
        if (others.length === 0) return undefined;
        const second = d.pick(others);
        d.relate('quality', first.en, noun.id);
        d.relate('quality', second.en, noun.id);
        const s = dressed(d, noun, determine(d, 'definite', noun), 'subject', { adjective: 0 });
        return ask(`${be(s)} ${s.en} ${first.en} or ${second.en}`, `${s.zh}是${first.zh}的还是${second.zh}的`);
      }
      const s = questioned(d);
      const [id, verb, zh, list] = d.weighted([
        [3, ['drink', 'want to drink', '想喝', drinkable]],
        [3, ['eat', 'want to eat', '想吃', edible]],
        [2, ['like', 'like', '喜欢', allAnimals]],
        [2, ['buy', 'want to buy', '想买', goods]],
      ] as const);
      const first = d.pick<Noun>(list);
      const second = d.pick<Noun>(list.filter((one) => one !== first));
      d.relate('object', id, first.id);
      d.relate('object', id, second.id);
      return ask(
        `${does(s)} ${s.en} ${verb} ${first.plural ?? first.en} or ${second.plural ?? second.en}`,
        `${s.zh}${zh}${first.zh}还是${second.zh}`,
      );
    },
  },
];

/** What and whose things are; what people do for a living, wear, want, like and own. */
export const relations: readonly Pattern[] = [
  {
    name: 'this is',
    weight: 4,
    make(d) {
      const noun = d.pick(showable);
      const near = d.chance(0.5) ? { en: 'this', zh: '这' } : { en: 'that', zh: '那' };
      const thing = dressed(d, noun, unowned.has(noun) || d.chance(0.5) ? 'a' : 'own', 'object');
      const form = d.weighted([
        [4, 'plain'],
        [2, 'not'],
        [3, 'asked'],
      ] as const);
      if (form === 'asked') return ask(`is ${near.en} ${thing.en}`, `${near.zh}是${thing.zh}吗`);
      return form === 'not'
        ? state(`${near.en} is not ${thing.en}`, `${near.zh}不是${thing.zh}`)
        : state(`${near.en} is ${thing.en}`, `${near.zh}是${thing.zh}`);
    },
  },
  {
    name: 'these are',
    weight: 2,
    make(d) {
      const noun = d.pick(showable.filter((one) => !unowned.has(one)));
      const near = d.chance(0.5) ? { en: 'these', zh: '这些' } : { en: 'those', zh: '那些' };
      const thing = dressed(d, noun, 'own+', 'object', { adjective: 0.1 });
      return d.chance(0.6)
        ? state(`${near.en} are ${thing.en}`, `${near.zh}是${thing.zh}`)
        : ask(`are ${near.en} ${thing.en}`, `${near.zh}是${thing.zh}吗`);
    },
  },
  {
    name: 'whose',
    weight: 7,
    make(d) {
      const noun = d.pick([...goods, ...companions]);
      if (d.chance(0.4)) {
        return d.chance(0.6)
          ? ask(`whose ${noun.en} is this`, `这是谁的${noun.zh}`)
          : ask(`whose ${noun.plural ?? noun.en} are these`, `这些是谁的${noun.zh}`);
      }
      const s = dressed(d, noun, d.pick<Determiner>(['this', 'that', 'these', 'those']), 'subject');
      const owner = d.chance(0.7) ? pronounOwner(d) : namedOwner(d);
      return d.chance(0.6)
        ? state(`${s.en} ${be(s)} ${owner.en}`, `${s.zh}是${owner.zh}`)
        : ask(`${be(s)} ${s.en} ${owner.en}`, `${s.zh}是${owner.zh}吗`);
    },
  },
  {
    name: 'profession',
    weight: 3,
    make(d) {
      const s = someone(d, 'subject');
      if (allPeople.some((one) => one.id === s.id && !['man', 'woman', 'boy', 'girl'].includes(one.id)))
        return undefined;
      const noun = d.pick(professions);
      const plural = s.agreement === 'plural' && s.zh !== '你';
      const what = plural ? (noun.plural ?? '') : `a ${noun.en}`;
      const form = d.weighted([
        [4, 'plain'],
        [2, 'not'],
        [3, 'asked'],
      ] as const);
      if (form === 'asked') return ask(`${be(s)} ${s.en} ${what}`, `${s.zh}是${noun.zh}吗`);
      return form === 'not'
        ? state(`${s.en} ${be(s)} not ${what}`, `${s.zh}不是${noun.zh}`)
        : state(`${s.en} ${be(s)} ${what}`, `${s.zh}是${noun.zh}`);
    },
  },
  {
    name: 'wears',
    weight: 4,
    make(d) {
      const s = someone(d, 'subject');
      const noun = d.pick(clothes);
      const form = d.weighted([
        [5, 'plain'],
        [2, 'asked'],
        [2, 'wants'],
        [2, 'who'],
      ] as const);
      if (noun === things.skirt && s.echo !== pronouns.she && form !== 'who') return undefined;
      d.relate('agent', s.id, 'wear');
      // Clothes are put on the body (穿) or on the head (戴).
      const verb = noun === things.hat ? '戴' : '穿';
      const several = s.agreement === 'plural' && s.zh !== '你';
      const drawn = several ? 'bare' : singular(determine(d, 'assert', noun));
      const what = dressed(d, noun, drawn === 'a' && form !== 'plain' ? 'the' : drawn, 'object', { adjective: 0.35 });
      if (form === 'plain') return state(`${s.en} ${be(s)} wearing ${what.en}`, `${s.zh}${verb}着${what.zh}`);
      if (form === 'asked') return ask(`${be(s)} ${s.en} wearing ${what.en}`, `${s.zh}${verb}着${what.zh}吗`);
      if (form === 'who') return ask(`who is wearing ${what.en}`, `谁${verb}着${what.zh}`);
      const wants = s.agreement === 'singular' ? 'wants' : 'want';
      return state(`${s.en} ${wants} to wear ${what.en}`, `${s.zh}想${verb}${what.zh}`);
    },
  },
  {
    name: 'stative',
    weight: 8,
    make(d) {
      const verb = d.pick(stative, 'stative');
      const s = someone(d, 'subject');
      const noun = d.pick(verb.objects);
      d.relate('object', verb.id, noun.id);
      d.relate('agent', s.id, verb.id);
      const form = d.weighted([
        [5, 'plain'],
        [3, 'not'],
        [3, 'asked'],
      ] as const);
      if (form === 'asked' && speaker(s) && d.chance(0.75)) return undefined;
      const manner = verb.id === 'like' && d.chance(0.6) ? 'general' : form === 'plain' ? 'assert' : 'definite';
      const what = dressed(
        d,
        noun,
        determine(d, manner === 'assert' && verb.id === 'like' ? 'definite' : manner, noun),
        'object',
      );
      if (form === 'plain') return state(`${s.en} ${present(s, verb.forms)} ${what.en}`, `${s.zh}${verb.zh}${what.zh}`);
      const en = `${s.en} ${does(s)} not ${verb.forms.base} ${what.en}`;
      return form === 'not'
        ? state(en, `${s.zh}不${verb.zh}${what.zh}`)
        : ask(`${does(s)} ${s.en} ${verb.forms.base} ${what.en}`, `${s.zh}${verb.zh}${what.zh}吗`);
    },
  },
  {
    name: 'knows',
    weight: 3,
    make(d) {
      const s = someone(d, 'subject');
      const other = someone(d, 'object');
      if (other.zh === s.zh || (other.id !== undefined && other.id === s.id) || (s.zh + other.zh).includes('我我'))
        return undefined;
      const [verb, zh] = d.chance(0.7) ? (['know', '认识'] as const) : (['like', '喜欢'] as const);
      d.relate('object', verb, other.id);
      d.relate('agent', s.id, verb);
      const form = d.weighted([
        [5, 'plain'],
        [3, 'not'],
        [3, 'asked'],
      ] as const);
      if (form === 'asked' && speaker(s) && d.chance(0.75)) return undefined;
      const singular = s.agreement === 'singular' ? `${verb}s` : verb;
      if (form === 'plain') return state(`${s.en} ${singular} ${other.en}`, `${s.zh}${zh}${other.zh}`);
      return form === 'not'
        ? state(`${s.en} ${does(s)} not ${verb} ${other.en}`, `${s.zh}不${zh}${other.zh}`)
        : ask(`${does(s)} ${s.en} ${verb} ${other.en}`, `${s.zh}${zh}${other.zh}吗`);
    },
  },
  {
    name: 'has',
    weight: 6,
    make(d) {
      const s = someone(d, 'subject');
      const noun = d.pick(owned);
      d.relate('object', 'have', noun.id);
      const form = d.weighted([
        [6, 'plain'],
        [2, 'not a'],
        [1, 'not any'],
        [2, 'asked a'],
        [1, 'asked any'],
        [2, 'who'],
      ] as const);
      if (form.startsWith('asked') && speaker(s) && d.chance(0.75)) return undefined;
      if (form === 'plain' || form === 'who') {
        const what = dressed(d, noun, determine(d, 'new', noun), 'object', { adjective: 0.25 });
        return form === 'who'
          ? ask(`who has ${what.en}`, `谁有${what.zh}`)
          : state(`${s.en} ${has(s)} ${what.en}`, `${s.zh}有${what.zh}`);
      }
      // A denied or questioned "a" counts nothing, and Chinese drops it.
      const one = dressed(d, noun, 'a', 'object', { adjective: 0.15 });
      const some = form.endsWith('any')
        ? { en: `any ${noun.plural ?? noun.en}`, zh: noun.zh }
        : { en: one.en, zh: one.zh.slice(1 + noun.measure.length) };
      return form.startsWith('not')
        ? state(`${s.en} ${does(s)} not have ${some.en}`, `${s.zh}没有${some.zh}`)
        : ask(`${does(s)} ${s.en} have ${some.en}`, `${s.zh}有${some.zh}吗`);
    },
  },
];
