/**
 * Verbs of giving, and how Chinese frames each: 给我一本书, 给我看一本书.
 */

import { animals, food, goods, type Noun, portable, things as t } from './nouns.ts';
import { type Forms, forms } from './verbs.ts';

/** A kind of ditransitive: who gets what, and how Chinese frames it. */
export interface Transfer {
  readonly id: string;
  readonly forms: Forms;
  readonly objects: readonly Noun[];
  /** Chinese before and after the recipient; the aspect 了 follows `verb`. */
  readonly before: string;
  readonly verb: string;
}

/** Giving, showing, sending, buying for, telling. */
export const transfers: readonly Transfer[] = [
  {
    id: 'give',
    forms: forms('give gives gave giving'),
    objects: [
      ...portable,
      food.apple,
      food.banana,
      food.cake,
      food.egg,
      t.car,
      t.bicycle,
      t.key,
      animals.cat,
      animals.dog,
      food.tea,
      food.water,
      food.milk,
      food.coffee,
    ],
    before: '',
    verb: '给',
  },
  {
    id: 'show',
    forms: forms('show shows showed showing'),
    objects: [t.photo, t.book, t.letter, t.newspaper, t.phone, t.computer, t.car, t.bicycle, t.house, t.skirt, t.hat],
    before: '给',
    verb: '看',
  },
  {
    id: 'send',
    forms: forms('send sends sent sending'),
    objects: [t.letter, t.photo, t.book, t.newspaper, t.hat, t.skirt, t.coat],
    before: '给',
    verb: '寄',
  },
  {
    id: 'buy',
    forms: forms('buy buys bought buying'),
    objects: [...goods, food.apple, food.cake],
    before: '给',
    verb: '买',
  },
  { id: 'tell', forms: forms('tell tells told telling'), objects: [t.story], before: '给', verb: '讲' },
];
