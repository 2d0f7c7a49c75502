/**
 * Verbs: their English forms, the Chinese verb, what they take, and which constructions they may enter. A verb
 * that has no natural progressive or imperative simply does not list that use, so nothing has to be filtered later.
 */

import type { Noun } from './nouns.ts';
import {
  allAnimals,
  animals,
  companions,
  drinkable,
  edible,
  food,
  goods,
  pets,
  portable,
  things as t,
  vehicles,
} from './nouns.ts';
import type { Venue } from './places.ts';
import { venues as v } from './places.ts';

/** A construction that a verb may enter. */
export type Use =
  | 'past'
  | 'progressive'
  | 'habit'
  | 'future'
  | 'plan'
  | 'want'
  | 'duty'
  | 'ability'
  | 'perfect'
  | 'order';

/** The English forms of a verb; the participle is needed only where the perfect is used. */
export interface Forms {
  readonly base: string;
  readonly singular: string;
  readonly past: string;
  readonly progressive: string;
  readonly participle?: string;
}

/** A verb with an object. */
export interface Transitive {
  readonly id: string;
  readonly forms: Forms;
  readonly zh: string;
  readonly objects: readonly Noun[];
  readonly uses: ReadonlySet<Use>;
  /** Objects so few that holding out a combination would leave one of the words without examples. */
  readonly closed: boolean;
  /** "Can" is a learned skill (会) for some verbs and a possibility (能) for the others. */
  readonly can: '会' | '能';
  /** Verbs that open and close things take a bare definite object: 打开门, not 打开那扇门. */
  readonly bareObject: boolean;
  /** One object at a time: nobody drives three buses. */
  readonly single: boolean;
  /** The object is not yet anybody's: one does not buy "your coat". */
  readonly unowned: boolean;
  /** "Cannot see" is 看不见, not 不能看见, for verbs of success. */
  readonly potential?: string;
  readonly venues: readonly Venue[];
}

/** `forms('eat eats ate eating eaten')`: the table reads better without five labels a line. */
export function forms(list: string): Forms {
  const [base = '', singular = '', past = '', progressive = '', participle] = list.split(' ');
  return { base, singular, past, progressive, ...(participle === undefined ? {} : { participle }) };
}

/** Uses are written as words in one string, for the same reason. */
export function uses(list: string): ReadonlySet<Use> {
  return new Set(list.split(' ').filter((use) => use !== '') as Use[]);
}

/** The uses of an ordinary verb. */
export const most = 'past progressive habit future plan want duty order';

/** What a verb may differ in. */
export interface Options {
  readonly uses?: string;
  readonly can?: '会' | '能';
  readonly bareObject?: boolean;
  readonly venues?: readonly Venue[];
  readonly closed?: boolean;
  readonly potential?: string;
  readonly single?: boolean;
  readonly unowned?: boolean;
}

/** A transitive verb from its forms, its Chinese and its objects. */
export function transitive(list: string, zh: string, objects: readonly Noun[], options: Options = {}): Transitive {
  const its = forms(list);
  return {
    id: its.base,
    forms: its,
    zh,
    objects,
    uses: uses(options.uses ?? most),
    closed: options.closed ?? objects.length < 4,
    can: options.can ?? '能',
    bareObject: options.bareObject ?? false,
    single: options.single ?? false,
    unowned: options.unowned ?? false,
    venues: options.venues ?? [],
    ...(options.potential === undefined ? {} : { potential: options.potential }),
  };
}

const seen: readonly Noun[] = [...allAnimals, ...vehicles, t.house, t.tree, t.flower];
const findable: readonly Noun[] = [...portable, ...pets];

/** Verbs whose object is a thing or an animal. */
export const transitives: readonly Transitive[] = [
  transitive('eat eats ate eating eaten', '吃', edible, {
    uses: `${most} perfect ability`,
    venues: [v.kitchen, v.restaurant, v.home, v.park, v.school],
  }),
  transitive('drink drinks drank drinking drunk', '喝', drinkable, {
    uses: `${most} perfect ability`,
    venues: [v.kitchen, v.restaurant, v.home],
  }),
  transitive('read reads read reading read', '看', [t.book, t.newspaper, t.letter, t.story], {
    uses: `${most} perfect`,
    venues: [v.library, v.room, v.classroom, v.park, v.home, v.garden],
  }),
  transitive('write writes wrote writing', '写', [t.letter, t.story], {
    uses: `${most} ability`,
    can: '会',
    unowned: true,
    venues: [v.room, v.classroom, v.library, v.home],
  }),
  transitive('see sees saw seeing seen', '看见', seen, {
    uses: 'past ability',
    potential: '看不见',
    venues: [v.park, v.street, v.station, v.garden],
  }),
  transitive('find finds found finding found', '找到', findable, {
    uses: 'past ability',
    potential: '找不到',
    venues: [v.park, v.room, v.garden, v.classroom],
  }),
  transitive('look looks looked looking looked', '找', findable, { uses: 'past progressive future' }),
  transitive('buy buys bought buying bought', '买', [...goods, ...edible.slice(0, 9)], {
    uses: 'past future plan want duty order',
    unowned: true,
    venues: [v.shop, v.beijing],
  }),
  transitive(
    'wash washes washed washing washed',
    '洗',
    [
      t.cup,
      t.bowl,
      t.bottle,
      t.car,
      t.shirt,
      t.coat,
      t.skirt,
      t.hat,
      t.bicycle,
      t.bag,
      t.window,
      food.apple,
      food.carrot,
    ],
    { uses: 'past progressive future plan want duty order', venues: [v.kitchen, v.garden] },
  ),
  transitive('use uses used using used', '用', [t.computer, t.phone, t.pen, t.umbrella, t.cup, t.bowl, t.bag, t.box], {
    uses: 'past progressive future want ability order',
  }),
  transitive('open opens opened opening opened', '打开', [t.door, t.window, t.box, t.bag, t.umbrella, t.letter], {
    uses: 'past progressive future want duty ability order',
    bareObject: true,
  }),
  transitive('close closes closed closing closed', '关上', [t.door, t.window, t.box], {
    uses: 'past future want duty ability order',
    bareObject: true,
  }),
  transitive('ride rides rode riding', '骑', [t.bicycle, animals.horse], {
    uses: 'past progressive want ability',
    can: '会',
    single: true,
    venues: [v.park, v.street],
  }),
  transitive('drive drives drove driving', '开', [t.car, t.bus, t.train], {
    uses: 'past progressive future want ability duty order',
    can: '会',
    single: true,
  }),
  transitive('draw draws drew drawing drawn', '画', [...allAnimals, t.flower, t.tree, t.house, t.train, t.car], {
    uses: 'past progressive future plan want duty order ability',
    can: '会',
    venues: [v.park, v.classroom, v.home, v.room],
  }),
  transitive('break breaks broke breaking broken', '打破', [t.cup, t.bowl, t.bottle, t.window], { uses: 'past' }),
];

/** What English says between the verb and its object: "look for". */
export const particles: ReadonlyMap<string, string> = new Map([
  ['look', ' for'],
  ['wait', ' for'],
]);

/** Verbs whose object is a person. */
export const personal: readonly Transitive[] = [
  transitive('help helps helped helping helped', '帮助', [], { uses: `${most} ability` }),
  transitive('visit visits visited visiting visited', '看望', [], { uses: 'past future plan want duty' }),
  transitive('wait waits waited waiting waited', '等', [], {
    uses: 'progressive future duty',
    venues: [v.station, v.park, v.library, v.school, v.hospital],
  }),
  transitive('see sees saw seeing seen', '看见', [], {
    uses: 'past ability',
    potential: '看不见',
    venues: [v.park, v.street, v.station, v.library, v.shop, v.hospital],
  }),
];

/** Verbs of state: no progressive, no 了. */
export const stative: readonly Transitive[] = [
  transitive('want wants wanted wanting', '想要', [...goods, ...edible.slice(0, 9)]),
  transitive('need needs needed needing', '需要', goods),
  transitive('like likes liked liking', '喜欢', [
    ...edible,
    ...drinkable,
    ...allAnimals,
    ...vehicles,
    t.book,
    t.flower,
  ]),
];

/** Owning: 有, negated with 没. */
export const owned: readonly Noun[] = [...goods, ...companions, t.key, t.photo];
