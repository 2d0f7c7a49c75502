/**
 * Patterns about where things and people are, and what is there.
 */

import { type Spot, spot } from './action.ts';
import { qualities } from './adjectives.ts';
import { questioned, someone } from './agents.ts';
import type { Draw } from './draw.ts';
import type { Noun } from './nouns.ts';
import { largeAnimals, pets, pocketable, portable, things, vehicles, whole } from './nouns.ts';
import { namedOwner, type Phrase, pronounOwner } from './owners.ts';
import { allPeople } from './people.ts';
import { determine, dressed } from './phrases.ts';
import { containers, furniture, haunts, landmarks, scenery, servings, times, towns, vessels } from './places.ts';
import type { Pattern } from './sentence.ts';
import { ask, be, does, positive, state, was } from './sentence.ts';

/** A thing or animal that can be somewhere, and a spot where it can be. */
function figureAndSpot(d: Draw): { noun: Noun; where: Spot } | undefined {
  const [figures, grounds] = d.weighted([
    [5, [portable, furniture]],
    [2, [whole, servings]],
    [3, [pocketable, containers]],
    [3, [pets, furniture]],
    [2, [[...pets, ...largeAnimals, things.car, things.bicycle, things.bus], landmarks]],
  ] as const);
  const noun = d.pick<Noun>(figures);
  const where = spot(d, grounds);
  if (noun === where.ground) return undefined;
  if (noun === things.tree || (noun === things.box && where.side.id === 'in')) return undefined;
  d.relate('location', noun.id, where.ground.id);
  return { noun, where };
}

function placed(d: Draw): { figure: Phrase; where: { en: string; zh: string } } | undefined {
  if (d.chance(0.25)) {
    const figure = someone(d, 'subject');
    const venue = d.pick(haunts);
    d.relate('location', figure.id, venue.id);
    return { figure, where: { en: venue.at, zh: venue.inside } };
  }
  const found = figureAndSpot(d);
  if (found === undefined) return undefined;
  const figure = dressed(d, found.noun, determine(d, 'definite', found.noun), 'subject');
  return { figure, where: found.where };
}

/** Where things and people are, and what is there. */
export const locations: readonly Pattern[] = [
  {
    name: 'is at',
    weight: 7,
    make(d) {
      const found = placed(d);
      if (found === undefined) return undefined;
      const { figure: s, where } = found;
      const form = d.weighted([
        [5, 'plain'],
        [2, 'not'],
        [3, 'asked'],
      ] as const);
      if (form === 'asked') return ask(`${be(s)} ${s.en} ${where.en}`, `${s.zh}在${where.zh}吗`);
      return form === 'not'
        ? state(`${s.en} ${be(s)} not ${where.en}`, `${s.zh}不在${where.zh}`)
        : state(`${s.en} ${be(s)} ${where.en}`, `${s.zh}在${where.zh}`);
    },
  },
  {
    name: 'was at',
    weight: 3,
    make(d) {
      const s = someone(d, 'subject');
      const venue = d.pick(haunts);
      d.relate('location', s.id, venue.id);
      const time = d.pick(times.past);
      const form = d.weighted([
        [5, 'plain'],
        [2, 'not'],
        [2, 'asked'],
      ] as const);
      if (form === 'asked')
        return ask(`${was(s)} ${s.en} ${venue.at}${time.en}`, `${s.zh}${time.zh}在${venue.inside}吗`);
      return form === 'not'
        ? state(`${s.en} ${was(s)} not ${venue.at}${time.en}`, `${s.zh}${time.zh}不在${venue.inside}`)
        : state(`${s.en} ${was(s)} ${venue.at}${time.en}`, `${s.zh}${time.zh}在${venue.inside}`);
    },
  },
  {
    name: 'where is',
    weight: 3,
    make(d) {
      const noun = d.pick([...portable, ...whole, ...pets, ...vehicles, things.bus]);
      const s = d.chance(0.3) ? someone(d, 'subject') : dressed(d, noun, determine(d, 'definite', noun), 'subject');
      return ask(`where ${be(s)} ${s.en}`, `${s.zh}在哪儿`);
    },
  },
  {
    name: 'there is',
    weight: 12,
    make(d) {
      if (d.chance(0.22)) {
        const noun = d.pick(allPeople);
        const venue = d.pick(haunts);
        d.relate('location', noun.id, venue.id);
        const some = dressed(d, noun, determine(d, 'new', noun), 'object');
        return state(`there ${be(some)} ${some.en} ${venue.at}`, `${venue.inside}有${some.zh}`);
      }
      if (d.chance(0.35)) {
        const [venue, its] = d.pick(scenery);
        const noun = d.pick(its);
        d.relate('location', noun.id, venue.id);
        const some = dressed(d, noun, determine(d, 'new', noun), 'object');
        return d.weighted([
          [4, state(`there ${be(some)} ${some.en} ${venue.at}`, `${venue.inside}有${some.zh}`)],
          [1, state(`there are no ${noun.plural ?? noun.en} ${venue.at}`, `${venue.inside}没有${noun.zh}`)],
          [1, ask(`are there any ${noun.plural ?? noun.en} ${venue.at}`, `${venue.inside}有${noun.zh}吗`)],
          [
            1,
            ask(
              `how many ${noun.plural ?? noun.en} are there ${venue.at}`,
              `${venue.inside}有几${noun.measure}${noun.zh}`,
            ),
          ],
        ]);
      }
      if (d.chance(0.2)) {
        const [vessel, contents] = d.pick(vessels);
        const noun = d.pick(contents);
        const where = spot(d, [vessel]);
        const verb = noun.takesPlural === true ? 'are' : 'is';
        d.relate('location', noun.id, vessel.noun.id);
        return d.weighted([
          [2, state(`there ${verb} some ${noun.en} ${where.en}`, `${where.zh}有一些${noun.zh}`)],
          [2, state(`there ${verb} no ${noun.en} ${where.en}`, `${where.zh}没有${noun.zh}`)],
          [2, ask(`${verb} there any ${noun.en} ${where.en}`, `${where.zh}有${noun.zh}吗`)],
        ]);
      }
      const found = figureAndSpot(d);
      if (found === undefined) return undefined;
      const { noun, where } = found;
      const form = d.weighted([
        [6, 'plain'],
        [2, 'no'],
        [2, 'asked'],
        [2, 'counted'],
      ] as const);
      if (form === 'plain') {
        const some = dressed(d, noun, determine(d, 'new', noun), 'object');
        return state(`there ${be(some)} ${some.en} ${where.en}`, `${where.zh}有${some.zh}`);
      }
      if (noun.plural === undefined) return undefined;
      if (form === 'no') return state(`there are no ${noun.plural} ${where.en}`, `${where.zh}没有${noun.zh}`);
      if (form === 'asked') return ask(`are there any ${noun.plural} ${where.en}`, `${where.zh}有${noun.zh}吗`);
      return ask(`how many ${noun.plural} are there ${where.en}`, `${where.zh}有几${noun.measure}${noun.zh}`);
    },
  },
  {
    name: 'lives in',
    weight: 3,
    make(d) {
      const s = questioned(d);
      if (d.chance(0.25)) return ask(`where ${does(s)} ${s.en} live`, `${s.zh}住在哪儿`);
      const town = d.pick(towns);
      const lives = s.agreement === 'singular' ? 'lives' : 'live';
      return d.weighted([
        [3, state(`${s.en} ${lives} ${town.at}`, `${s.zh}住在${town.inside}`)],
        [1, state(`${s.en} ${does(s)} not live ${town.at}`, `${s.zh}不住在${town.inside}`)],
        [1, ask(`${does(s)} ${s.en} live ${town.at}`, `${s.zh}住在${town.inside}吗`)],
      ]);
    },
  },
  {
    name: 'the ... on the ...',
    weight: 4,
    make(d) {
      const found = figureAndSpot(d);
      if (found === undefined) return undefined;
      const { noun, where } = found;
      const fitting = qualities.filter((q) => q.nouns.includes(noun));
      const s = d.chance(0.8) ? { en: noun.en, verb: 'is' } : { en: noun.plural ?? noun.en, verb: 'are' };
      if (s.verb === 'are' && noun.plural === undefined) return undefined;
      if (fitting.length === 0 || d.chance(0.4)) {
        const owner = d.chance(0.6) ? pronounOwner(d) : namedOwner(d);
        return state(`the ${s.en} ${where.en} ${s.verb} ${owner.en}`, `${where.zh}的${noun.zh}是${owner.zh}`);
      }
      const adjective = d.pick(fitting);
      d.relate('quality', adjective.en, noun.id);
      return state(
        `the ${s.en} ${where.en} ${s.verb} ${adjective.en}`,
        `${where.zh}的${noun.zh}${positive(adjective)}`,
      );
    },
  },
];
