/**
 * Animals as agents: what they eat, drink, chase and do.
 */

import { type Intransitive, intransitive } from './activities.ts';
import { animals, food, type Noun } from './nouns.ts';
import { venues as v } from './places.ts';
import { transitive } from './verbs.ts';

/** What an animal eats, chases and does: [animal, food, prey, activities]. */
export interface Beast {
  readonly noun: Noun;
  readonly diet: readonly Noun[];
  readonly prey: readonly Noun[];
  /** What it drinks, if not water. */
  readonly drinks?: readonly Noun[];
  readonly acts: readonly Intransitive[];
}

const { cat, dog, bird, rabbit, mouse, horse, cow, monkey, panda } = animals;
const acts = {
  sleep: intransitive('sleep sleeps slept sleeping', '睡觉', [v.garden, v.park, v.room, v.kitchen], {
    uses: 'progressive want',
  }),
  fly: intransitive('fly flies flew flying', '飞', [v.park, v.garden, v.zoo], { uses: 'ability want' }),
  swim: intransitive('swim swims swam swimming', '游泳', [], { uses: 'progressive ability want', can: '会' }),
  play: intransitive('play plays played playing', '玩', [v.garden, v.park, v.room, v.street, v.kitchen], {
    uses: 'progressive want',
  }),
};

/** The animals as agents. */
export const beasts: readonly Beast[] = [
  {
    noun: cat,
    diet: [animals.fish, food.meat],
    prey: [mouse, bird, rabbit],
    drinks: [food.milk, food.water],
    acts: [acts.sleep, acts.play],
  },
  {
    noun: dog,
    diet: [food.meat, food.bread, animals.fish],
    prey: [cat, rabbit, bird, cow],
    acts: [acts.sleep, acts.play, acts.swim],
  },
  { noun: bird, diet: [food.apple, food.bread, food.rice, animals.fish], prey: [], acts: [acts.fly, acts.sleep] },
  { noun: rabbit, diet: [food.carrot, food.grass, food.apple], prey: [], acts: [acts.sleep, acts.play] },
  { noun: mouse, diet: [food.rice, food.bread, food.cake, food.apple], prey: [], acts: [acts.sleep] },
  { noun: horse, diet: [food.grass, food.carrot, food.apple], prey: [], acts: [acts.sleep] },
  { noun: cow, diet: [food.grass, food.carrot], prey: [], acts: [acts.sleep] },
  { noun: monkey, diet: [food.banana, food.apple, food.egg], prey: [bird, cat], acts: [acts.play, acts.sleep] },
  { noun: panda, diet: [food.apple, food.carrot, food.banana], prey: [], acts: [acts.play, acts.sleep] },
];
/** Eating, drinking and chasing, as animals do them. */
export const beastly = {
  eat: transitive('eat eats ate eating', '吃', [], { uses: 'past progressive habit want' }),
  drink: transitive('drink drinks drank drinking', '喝', [food.water], { uses: 'past progressive want habit' }),
  chase: transitive('chase chases chased chasing', '追', [], { uses: 'progressive', venues: [v.garden, v.park] }),
};
