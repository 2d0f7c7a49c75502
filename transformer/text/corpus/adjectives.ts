/**
 * Adjectives, each with the nouns it can sensibly describe and the two ways Chinese predicates it: most take 很
 * (很大), while colours and the like are classified with 是…的 (是红色的).
 */

import type { Noun } from './nouns.ts';
import { allAnimals, animals, clothes, food, goods, pets, things as t, vehicles } from './nouns.ts';
import { people } from './people.ts';

/** An adjective. */
export interface Adjective {
  readonly en: string;
  readonly zh: string;
  /** "很": 很大, 不大; "是": 是新的, 不是新的. */
  readonly predicate: '很' | '是';
  /** The form before a noun, with or without 的; absent if the adjective only follows "is". */
  readonly attribute?: string;
  /** "bigger than", if things are compared by it. */
  readonly comparative?: string;
  /** The nouns it describes. */
  readonly nouns: readonly Noun[];
}

type Extra = Partial<Pick<Adjective, 'attribute' | 'comparative'>>;

const much = (en: string, zh: string, nouns: readonly Noun[], extra: Extra = {}): Adjective => ({
  en,
  zh,
  predicate: '很',
  nouns,
  ...extra,
});

const colour = (en: string, zh: string, nouns: readonly Noun[]): Adjective => ({
  en,
  zh,
  predicate: '是',
  attribute: `${zh}的`,
  nouns,
});

const coloured: readonly Noun[] = [
  ...clothes,
  t.umbrella,
  t.bag,
  t.box,
  t.cup,
  t.bowl,
  t.car,
  t.bicycle,
  t.chair,
  t.mat,
  t.door,
];
const furred: readonly Noun[] = [animals.cat, animals.dog, animals.rabbit, animals.horse];
// No "small panda": 小熊猫 is another animal.
const sized: readonly Noun[] = [
  ...allAnimals.filter((one) => one !== animals.panda),
  t.box,
  t.bag,
  t.tree,
  t.table,
  t.bed,
  t.house,
  t.car,
  t.window,
  t.cup,
  t.bowl,
  t.umbrella,
  t.bottle,
  food.apple,
  food.cake,
];
const aged: readonly Noun[] = [
  t.book,
  t.pen,
  t.umbrella,
  t.phone,
  t.computer,
  t.bag,
  ...clothes,
  t.table,
  t.chair,
  t.bed,
  t.mat,
  t.house,
  t.car,
  t.bicycle,
];
const warmed: readonly Noun[] = [food.water, food.tea, food.coffee, food.milk, food.soup];
const fruit: readonly Noun[] = [food.apple, food.banana];

/** Adjectives that describe things and animals. */
export const qualities: readonly Adjective[] = [
  much('big', '大', sized, { attribute: '大', comparative: 'bigger' }),
  much('small', '小', sized, { attribute: '小' }),
  { en: 'new', zh: '新', predicate: '是', attribute: '新', nouns: aged },
  much('old', '旧', aged, { attribute: '旧' }),
  much('long', '长', [t.skirt, t.coat, t.letter, t.story], { attribute: '长' }),
  much('heavy', '重', [t.box, t.bag, t.table, t.chair, t.bed, t.computer, t.umbrella], {
    comparative: 'heavier',
  }),
  much('expensive', '贵', goods, { comparative: 'more expensive' }),
  much('cheap', '便宜', goods, { attribute: '便宜的', comparative: 'cheaper' }),
  much('fast', '快', [...vehicles, animals.horse], { comparative: 'faster' }),
  much('dirty', '脏', [...clothes, t.cup, t.bowl, t.bag, t.car, t.mat, t.window, t.room], { attribute: '脏' }),
  much('beautiful', '漂亮', [...clothes, t.flower, t.bag, t.house, t.photo, t.umbrella, t.car, animals.bird], {
    attribute: '漂亮的',
  }),
  much('interesting', '有趣', [t.book, t.story, t.letter, t.newspaper], {
    attribute: '有趣的',
    comparative: 'more interesting',
  }),
  much('cute', '可爱', [...pets, animals.panda, animals.monkey, animals.horse], {
    attribute: '可爱的',
  }),
  much(
    'delicious',
    '好吃',
    [...fruit, food.egg, food.cake, food.dumpling, food.bread, food.meat, food.rice, food.noodles, animals.fish],
    { attribute: '好吃的' },
  ),
  much('hot', '热', warmed, { attribute: '热' }),
  much('cold', '冷', warmed, { attribute: '冷' }),
  { en: 'empty', zh: '空', predicate: '是', attribute: '空', nouns: [t.box, t.bottle, t.cup, t.bowl, t.bag, t.room] },
  colour('red', '红色', [...coloured, t.flower, food.apple]),
  colour('blue', '蓝色', [...coloured, t.pen]),
  colour('green', '绿色', [...coloured, t.bottle]),
  colour('yellow', '黄色', [...coloured, t.flower, animals.bird]),
  colour('white', '白色', [...coloured, ...furred, t.flower, animals.bird, t.house]),
  colour('black', '黑色', [...coloured, ...furred, t.pen, t.phone]),
];

/** The colours among them. */
export const colours: readonly Adjective[] = qualities.filter((q) => q.zh.endsWith('色'));

const adults: readonly Noun[] = [people.man, people.woman, people.teacher, people.doctor];

/** Lasting traits of people. */
export const traits: readonly Adjective[] = [
  much('tall', '高', Object.values(people), { comparative: 'taller' }),
  much('smart', '聪明', Object.values(people), { attribute: '聪明的' }),
  much('young', '年轻', adults, { attribute: '年轻的' }),
];

/** Passing states of people; a person can be in one yesterday, and because of one do something. */
export const states: readonly Adjective[] = [
  much('happy', '高兴', []),
  much('sad', '难过', []),
  much('tired', '累', []),
  much('hungry', '饿', []),
  much('thirsty', '渴', []),
  much('busy', '忙', []),
  much('angry', '生气', []),
];

const attributes = new Map<Noun, Adjective[]>();
for (const quality of [...qualities, ...traits]) {
  if (quality.attribute === undefined) continue;
  for (const noun of quality.nouns) {
    const known = attributes.get(noun);
    if (known === undefined) attributes.set(noun, [quality]);
    else known.push(quality);
  }
}

/** The adjectives that can stand before a noun; none for most. */
export function attributesOf(noun: Noun): readonly Adjective[] {
  return attributes.get(noun) ?? [];
}
