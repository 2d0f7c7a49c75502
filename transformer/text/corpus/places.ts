/**
 * Where things are: venues (parks, rooms, towns), grounds (furniture, trees, vehicles) with the spatial relations
 * they admit, and the phrases of time.
 */

import type { Noun } from './nouns.ts';
import { animals, food, things as t } from './nouns.ts';
import type { Text } from './people.ts';

/** A place one can be at and, mostly, go to. English chooses the preposition by the noun, Chinese the suffix. */
export interface Venue {
  readonly id: string;
  /** "in the park". */
  readonly at: string;
  /** "to the park". */
  readonly to: string;
  /** 公园, the place one goes to. */
  readonly zh: string;
  /** 公园里, the place one is at (after 在). */
  readonly inside: string;
}

const inside = (en: string, zh: string): Venue => ({
  id: en,
  at: `in the ${en}`,
  to: `to the ${en}`,
  zh,
  inside: `${zh}里`,
});

/** Places. */
export const venues = {
  park: inside('park', '公园'),
  garden: inside('garden', '花园'),
  kitchen: inside('kitchen', '厨房'),
  room: inside('room', '房间'),
  classroom: inside('classroom', '教室'),
  library: inside('library', '图书馆'),
  hospital: inside('hospital', '医院'),
  shop: inside('shop', '商店'),
  restaurant: inside('restaurant', '餐厅'),
  zoo: { ...inside('zoo', '动物园'), at: 'at the zoo' },
  street: { id: 'street', at: 'on the street', to: 'to the street', zh: '街上', inside: '街上' },
  station: { id: 'station', at: 'at the station', to: 'to the station', zh: '车站', inside: '车站' },
  school: { id: 'school', at: 'at school', to: 'to school', zh: '学校', inside: '学校里' },
  home: { id: 'home', at: 'at home', to: 'home', zh: '家', inside: '家里' },
  beijing: { id: 'Beijing', at: 'in Beijing', to: 'to Beijing', zh: '北京', inside: '北京' },
  london: { id: 'London', at: 'in London', to: 'to London', zh: '伦敦', inside: '伦敦' },
} satisfies Record<string, Venue>;

const v = venues;

/** Where one goes for a while. */
export const destinations: readonly Venue[] = [
  v.park,
  v.library,
  v.hospital,
  v.shop,
  v.restaurant,
  v.zoo,
  v.station,
  v.school,
  v.beijing,
  v.london,
];

/** Towns. */
export const towns: readonly Venue[] = [v.beijing, v.london];

/** Where one can go every day. */
export const daily: readonly Venue[] = destinations.filter((one) => !towns.includes(one));

/** Where people are found. */
export const haunts: readonly Venue[] = [
  v.park,
  v.garden,
  v.kitchen,
  v.room,
  v.classroom,
  v.library,
  v.hospital,
  v.shop,
  v.restaurant,
  v.zoo,
  v.station,
  v.school,
  v.home,
];

/** Rooms and buildings one can walk or run into. */
export const interiors: readonly Venue[] = [
  v.park,
  v.garden,
  v.kitchen,
  v.room,
  v.classroom,
  v.library,
  v.hospital,
  v.shop,
  v.restaurant,
];

/** Rooms that are tidied. */
export const rooms: readonly Venue[] = [v.kitchen, v.room, v.classroom, v.library, v.restaurant];

/** What a place has in it, besides people. */
export const scenery: readonly (readonly [Venue, readonly Noun[]])[] = [
  [v.street, [t.bus, t.car]],
  [v.street, [t.bus, t.bicycle]],
  [v.station, [t.bus, t.train]],
  [v.park, [t.tree, t.flower, animals.bird, animals.dog]],
  [v.garden, [t.tree, t.flower, animals.rabbit, animals.cat]],
  [v.zoo, [animals.panda, animals.monkey, animals.bird, t.tree]],
];

/** A spatial relation: the English preposition and the Chinese suffix that follows the ground. */
export interface Side extends Text {
  readonly id: 'on' | 'in' | 'under' | 'beside' | 'behind' | 'front';
}

/** The spatial relations. */
export const sides = {
  on: { id: 'on', en: 'on', zh: '上' },
  in: { id: 'in', en: 'in', zh: '里' },
  under: { id: 'under', en: 'under', zh: '下面' },
  beside: { id: 'beside', en: 'beside', zh: '旁边' },
  behind: { id: 'behind', en: 'behind', zh: '后面' },
  front: { id: 'front', en: 'in front of', zh: '前面' },
} as const satisfies Record<string, Side>;

/** A noun that locates something, with the sides it has. */
export interface Ground {
  readonly noun: Noun;
  readonly sides: readonly Side[];
}

const { on, in: within, under, beside, behind, front } = sides;
const ground = (noun: Noun, ...its: Side[]): Ground => ({ noun, sides: its });

/** Furniture: small things and pets lie on, under or beside it. */
export const furniture: readonly Ground[] = [
  ground(t.table, on, under, beside),
  ground(t.chair, on, under, beside, behind),
  ground(t.bed, on, under, beside),
  ground(t.mat, on, beside),
];

/** Seats, for people and for pets. */
export const seats: readonly Ground[] = [
  ground(t.chair, on),
  ground(t.bed, on),
  ground(t.mat, on),
  ground(t.tree, under, beside),
  ground(t.table, beside),
  ground(t.window, beside),
  ground(t.car, within),
  ground(t.door, beside),
];

/** Where one sleeps. */
export const berths: readonly Ground[] = [
  ground(t.bed, on),
  ground(t.mat, on),
  ground(t.tree, under),
  ground(t.chair, on),
];

/** Containers of small things. */
export const containers: readonly Ground[] = [ground(t.box, within), ground(t.bag, within)];

/** Where food is put. */
export const servings: readonly Ground[] = [
  ground(t.table, on),
  ground(t.bowl, within),
  ground(t.box, within),
  ground(t.bag, within),
];

/** Vessels, and what they hold. */
export const vessels: readonly (readonly [Ground, readonly Noun[]])[] = [
  [ground(t.cup, within), [food.water, food.tea, food.coffee, food.milk, food.juice]],
  [ground(t.bottle, within), [food.water, food.milk, food.juice]],
  [ground(t.bowl, within), [food.soup, food.rice, food.noodles]],
];

/** Large grounds, for people, beasts and vehicles. */
export const landmarks: readonly Ground[] = [
  ground(t.tree, under, beside, behind),
  ground(t.house, beside, behind, front),
  ground(t.car, beside, behind, front),
  ground(t.door, beside, behind, front),
  ground(t.window, beside, front),
  ground(t.bus, beside, behind, front),
];

const time = (en: string, zh: string): Text => ({ en: ` ${en}`, zh });

/** Phrases of time, by the tense they go with; the English ones begin with a space because they end the clause. */
export const times = {
  past: [
    time('yesterday', '昨天'),
    time('last night', '昨天晚上'),
    time('this morning', '今天早上'),
    time('last week', '上个星期'),
  ],
  future: [
    time('tomorrow', '明天'),
    time('tonight', '今天晚上'),
    time('next week', '下个星期'),
    time('tomorrow morning', '明天早上'),
  ],
  habit: [time('every day', '每天'), time('every morning', '每天早上'), time('every evening', '每天晚上')],
  now: [time('now', '现在')],
} satisfies Record<string, readonly Text[]>;

/** Adverbs of frequency, which stand before the verb in both languages. */
export const frequencies: readonly Text[] = [
  { en: 'often', zh: '经常' },
  { en: 'always', zh: '总是' },
  { en: 'sometimes', zh: '有时' },
  { en: 'never', zh: '从不' },
];
