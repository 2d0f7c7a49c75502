/**
 * Actions: a predicate with its English forms and its Chinese in every aspect, and the spots where things happen.
 */

import type { Intransitive } from './activities.ts';
import type { Draw } from './draw.ts';
import type { Noun } from './nouns.ts';
import type { Text } from './people.ts';
import { determine, dressed, type Manner } from './phrases.ts';
import type { Ground, Side, Venue } from './places.ts';
import { type Forms, particles, type Transitive, type Use } from './verbs.ts';

/** What is done, ready for every tense. */
export interface Action {
  readonly id: string;
  readonly forms: Forms;
  /** The rest of the English clause, with its leading space. */
  readonly tail: string;
  readonly zh: string;
  readonly zhPast: string;
  readonly zhPerfect: string;
  readonly zhProgressive: string;
  readonly zhNotProgressive: string;
  readonly can: '会' | '能';
  /** After "cannot". */
  readonly zhCannot: string;
  readonly uses: ReadonlySet<Use>;
  /** A past activity in some place sounds unfinished in Chinese unless a time anchors it. */
  readonly wantsTime: boolean;
}

/** A place beside, on or in something: "on the mat", 垫子上. */
export interface Spot extends Text {
  readonly ground: Noun;
  readonly side: Side;
}

/** An action with Chinese 了 and 过 directly after the verb and the object behind. */
export function transitiveAction(verb: Transitive, object: Text, place?: Venue): Action {
  const at = place === undefined ? '' : `在${place.inside}`;
  const plain = `${at}${verb.zh}${object.zh}`;
  return {
    id: verb.id,
    forms: verb.forms,
    tail: `${particles.get(verb.id) ?? ''} ${object.en}${place === undefined ? '' : ` ${place.at}`}`,
    zh: plain,
    zhPast: `${at}${verb.zh}了${object.zh}`,
    zhPerfect: `${at}${verb.zh}过${object.zh}`,
    zhProgressive: place === undefined ? `正在${plain}` : `正${plain}`,
    zhNotProgressive: place === undefined ? `没在${plain}` : `没${plain}`,
    can: verb.can,
    zhCannot: verb.potential === undefined ? `不${verb.can}${plain}` : `${verb.potential}${object.zh}`,
    uses: verb.uses,
    wantsTime: false,
  };
}

/** An action without an object: 了 ends the clause. */
export function intransitiveAction(verb: Intransitive, place?: Venue): Action {
  const at = place === undefined ? '' : `在${place.inside}`;
  const plain = `${at}${verb.zh}`;
  return {
    id: verb.id,
    forms: verb.forms,
    tail: `${verb.tail}${place === undefined ? '' : ` ${place.at}`}`,
    zh: plain,
    zhPast: `${plain}了`,
    zhPerfect: `${plain}过`,
    zhProgressive: place === undefined ? `正在${plain}` : `正${plain}`,
    zhNotProgressive: place === undefined ? `没在${plain}` : `没${plain}`,
    can: verb.can,
    zhCannot: `不${verb.can}${plain}`,
    uses: verb.uses,
    wantsTime: place !== undefined,
  };
}

/** An action of the shape verb + rest in both languages, such as going somewhere or giving somebody something. */
export function simpleAction(id: string, its: Forms, uses: string, tail: string, zh: string, zhPast: string): Action {
  return {
    id,
    forms: its,
    tail,
    zh,
    zhPast,
    zhPerfect: zh,
    zhProgressive: `正在${zh}`,
    zhNotProgressive: `没在${zh}`,
    can: '能',
    zhCannot: `不能${zh}`,
    uses: new Set(uses.split(' ') as Use[]),
    wantsTime: false,
  };
}

/** A spot drawn from grounds. */
export function spot(d: Draw, grounds: readonly Ground[], manner: Manner = 'ground'): Spot {
  const chosen = d.pick(grounds);
  const side = d.pick(chosen.sides);
  const phrase = dressed(d, chosen.noun, determine(d, manner, chosen.noun), 'subject', { adjective: 0.08 });
  return { en: `${side.en} ${phrase.en}`, zh: `${phrase.zh}${side.zh}`, ground: chosen.noun, side };
}
