/**
 * What people do without an object: swimming, working, playing football.
 */

import { type Venue, venues as v } from './places.ts';
import { type Forms, forms, most, type Options, type Use, uses } from './verbs.ts';

/** A verb without an object; `zh` is often a verb with a built-in object (跳舞), which takes 了 at its end. */
export interface Intransitive {
  readonly id: string;
  readonly forms: Forms;
  /** What follows the English verb in every form: "play football". */
  readonly tail: string;
  readonly zh: string;
  readonly uses: ReadonlySet<Use>;
  readonly can: '会' | '能';
  readonly venues: readonly Venue[];
}

/** An intransitive verb from its forms, its Chinese and the places where it is done. */
export function intransitive(
  list: string,
  zh: string,
  places: readonly Venue[],
  options: Options & { tail?: string } = {},
): Intransitive {
  const its = forms(list);
  const tail = options.tail ?? '';
  return {
    id: `${its.base}${tail}`,
    forms: its,
    tail,
    zh,
    uses: uses(options.uses ?? most),
    can: options.can ?? '能',
    venues: places,
  };
}

/** What people do. */
export const activities: readonly Intransitive[] = [
  intransitive('swim swims swam swimming', '游泳', [], {
    uses: 'past progressive future plan want ability',
    can: '会',
  }),
  intransitive('sing sings sang singing', '唱歌', [v.park, v.classroom, v.room, v.home, v.garden, v.kitchen], {
    uses: 'past progressive future plan want duty ability',
    can: '会',
  }),
  intransitive('dance dances danced dancing', '跳舞', [v.park, v.classroom, v.room, v.garden, v.street, v.restaurant], {
    uses: `${most} ability`,
    can: '会',
  }),
  intransitive('run runs ran running', '跑步', [v.park, v.street, v.school, v.garden]),
  intransitive(
    'work works worked working',
    '工作',
    [
      v.hospital,
      v.shop,
      v.restaurant,
      v.library,
      v.school,
      v.garden,
      v.zoo,
      v.station,
      v.home,
      ...[v.beijing, v.london],
    ],
    { uses: 'past progressive habit future plan want duty' },
  ),
  intransitive('cook cooks cooked cooking', '做饭', [v.kitchen, v.restaurant, v.home, v.garden], {
    uses: `${most} ability`,
    can: '会',
  }),
  intransitive('sleep sleeps slept sleeping', '睡觉', [v.room, v.home, v.classroom, v.hospital, v.garden], {
    uses: 'progressive want duty',
  }),
  intransitive('cry cries cried crying', '哭', [v.room, v.street, v.hospital, v.park, v.classroom], {
    uses: 'progressive',
  }),
  intransitive('play plays played playing', '踢足球', [v.park, v.school, v.street], {
    tail: ' football',
    uses: `${most} ability`,
    can: '会',
  }),
  intransitive('play plays played playing', '打篮球', [v.park, v.school, v.street], {
    tail: ' basketball',
    uses: 'past progressive future plan want duty order ability',
    can: '会',
  }),
  intransitive('play plays played playing', '弹钢琴', [v.home, v.room, v.classroom, v.school, v.restaurant], {
    tail: ' the piano',
    uses: `${most} ability`,
    can: '会',
  }),
  intransitive('learn learns learned learning', '学中文', [v.school, v.beijing, v.home, v.library], {
    tail: ' Chinese',
    uses: 'progressive future plan want duty',
  }),
  intransitive('learn learns learned learning', '学英文', [v.school, v.london, v.home, v.library, v.classroom], {
    tail: ' English',
    uses: 'progressive future plan want duty',
  }),
  intransitive('speak speaks spoke speaking', '说中文', [], { tail: ' Chinese', uses: 'ability', can: '会' }),
  intransitive('speak speaks spoke speaking', '说英文', [], { tail: ' English', uses: 'ability', can: '会' }),
];
