/**
 * Sentences of two clauses: because, if, when, and, but; and nouns described by a clause, which Chinese puts in
 * front of the noun.
 */

import { intransitiveAction } from './action.ts';
import { activities } from './activities.ts';
import { states } from './adjectives.ts';
import { someone } from './agents.ts';
import type { Draw } from './draw.ts';
import { event } from './events.ts';
import type { Noun } from './nouns.ts';
import { allAnimals, drinkable, edible, vehicles } from './nouns.ts';
import type { Phrase } from './owners.ts';
import { allPeople, type Kin, kin, people, pronouns } from './people.ts';
import type { Pattern } from './sentence.ts';
import { ask, be, does, present, state, was } from './sentence.ts';
import { stative } from './verbs.ts';

const hungry = states.find((one) => one.en === 'hungry');
const thirsty = states.find((one) => one.en === 'thirsty');
/** States that keep people from doing things. */
const reasons = states.filter((one) => ['sad', 'tired', 'busy', 'angry'].includes(one.en));

/** The pronoun for a phrase that was just mentioned. */
function again(phrase: Phrase): Phrase | undefined {
  const pronoun = phrase.echo;
  if (pronoun === undefined) return undefined;
  return { en: pronoun.subject, zh: pronoun.zh, agreement: pronoun.agreement };
}

function pastime(d: Draw) {
  const verb = d.pick(activities.filter((one) => one.uses.has('progressive')));
  return intransitiveAction(verb);
}

/** Two clauses joined. */
export const joined: readonly Pattern[] = [
  {
    name: 'because',
    weight: 4,
    make(d) {
      const past = d.chance(0.6);
      const found = event(d, past ? { use: 'past', manner: 'definite' } : { use: 'want', manner: 'definite' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const pronoun = again(s);
      if (pronoun === undefined || a.tail.length > 20) return undefined;
      const feeling = d.pick(reasons);
      const because = (aux: string) => `because ${pronoun.en} ${aux} ${feeling.en}`;
      const reason = `因为${pronoun.zh}很${feeling.zh}`;
      if (past)
        return state(
          `${s.en} did not ${a.forms.base}${a.tail} ${because(was(pronoun))}`,
          `${s.zh}没${a.zh}，${reason}`,
        );
      const wants = `${s.en} ${does(s)} not want to`;
      return state(`${wants} ${a.forms.base}${a.tail} ${because(be(pronoun))}`, `${s.zh}不想${a.zh}，${reason}`);
    },
  },
  {
    name: 'if it rains',
    weight: 3,
    make(d) {
      const found = event(d, { use: 'future', manner: 'definite' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      if (a.tail.length > 22) return undefined;
      const not = d.chance(0.5);
      return state(
        `if it rains tomorrow, ${s.en} will ${not ? 'not ' : ''}${a.forms.base}${a.tail}`,
        `如果明天下雨，${s.zh}${not ? '不' : ''}会${a.zh}`,
      );
    },
  },
  {
    name: 'if tired',
    weight: 2,
    make(d) {
      const found = event(d, { use: 'duty', manner: 'definite' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const pronoun = again(s);
      if (pronoun === undefined || a.tail.length > 20) return undefined;
      const need = a.id === 'eat' ? hungry : a.id === 'drink' ? thirsty : undefined;
      const feeling = need ?? d.pick(reasons);
      const [en, zh] = need !== undefined || d.chance(0.6) ? ['should', '应该'] : ['should not', '不应该'];
      return state(
        `if ${s.en} ${be(s)} ${feeling.en}, ${pronoun.en} ${en} ${a.forms.base}${a.tail}`,
        `如果${s.zh}很${feeling.zh}，${pronoun.zh}${zh}${a.zh}`,
      );
    },
  },
  {
    name: 'when',
    weight: 4,
    make(d) {
      const first = someone(d, 'subject');
      const second = someone(d, 'subject');
      if (first.zh === second.zh || (first.id !== undefined && first.id === second.id)) return undefined;
      const [en, zh] = d.weighted([
        [3, ['came home', '回家']],
        [2, ['opened the door', '打开门']],
      ] as const);
      const a = pastime(d);
      if (zh === '打开门') d.relate('agent', first.id, 'open');
      d.relate('agent', second.id, a.id);
      return state(
        `when ${first.en} ${en}, ${second.en} ${was(second)} ${a.forms.progressive}${a.tail}`,
        `${first.zh}${zh}的时候，${second.zh}${a.zhProgressive}`,
      );
    },
  },
  {
    name: 'and',
    weight: 3,
    make(d) {
      const first = someone(d, 'subject');
      const second = someone(d, 'subject');
      if (first.zh === second.zh || (first.id !== undefined && first.id === second.id)) return undefined;
      const a = pastime(d);
      const b = pastime(d);
      if (a.id === b.id) return undefined;
      d.relate('agent', first.id, a.id);
      d.relate('agent', second.id, b.id);
      return state(
        `${first.en} ${be(first)} ${a.forms.progressive}${a.tail} and ${second.en} ${be(second)} ` +
          `${b.forms.progressive}${b.tail}`,
        `${first.zh}${a.zhProgressive}，${second.zh}${b.zhProgressive}`,
      );
    },
  },
  {
    name: 'but',
    weight: 4,
    make(d) {
      const first = someone(d, 'subject');
      const second = someone(d, 'subject');
      if (first.zh === second.zh || (first.id !== undefined && first.id === second.id)) return undefined;
      if (d.chance(0.4)) {
        const verb = d.pick(activities.filter((one) => one.uses.has('ability')));
        d.relate('agent', first.id, verb.id);
        d.relate('agent', second.id, verb.id);
        const { base } = verb.forms;
        return state(
          `${first.en} can ${base}${verb.tail}, but ${second.en} cannot`,
          `${first.zh}${verb.can}${verb.zh}，但是${second.zh}不${verb.can}`,
        );
      }
      const list = d.pick<readonly Noun[]>([edible, drinkable, allAnimals, vehicles]);
      const noun = d.pick(list);
      const other = d.pick(list.filter((one) => one !== noun));
      const like = stative.find((verb) => verb.id === 'like');
      if (like === undefined) return undefined;
      d.relate('object', 'like', noun.id);
      d.relate('object', 'like', other.id);
      return state(
        `${first.en} ${present(first, like.forms)} ${noun.plural ?? noun.en}, but ${second.en} ` +
          `${present(second, like.forms)} ${other.plural ?? other.en}`,
        `${first.zh}喜欢${noun.zh}，但是${second.zh}喜欢${other.zh}`,
      );
    },
  },
];

/** Whether a relative can be called so: a girl is nobody's grandfather. */
function fits(noun: Noun, one: Kin): boolean {
  const young = noun === people.boy || noun === people.girl || noun === people.child || noun === people.student;
  const sameGender = one.gender === undefined || noun.gender === undefined || one.gender === noun.gender;
  return sameGender && (!young || ['older sister', 'younger brother', 'friend'].includes(one.id));
}

/** A person told apart by what they are doing. */
export const relative: readonly Pattern[] = [
  {
    name: 'who is ...ing',
    weight: 3,
    make(d) {
      const noun = d.pick(allPeople);
      const head: Phrase = { en: `the ${noun.en}`, zh: noun.zh, id: noun.id, agreement: 'singular' };
      const found = event(d, { use: 'progressive', manner: 'definite', subject: head, place: 0.1 });
      if (found === undefined || found.action.tail.length > 22) return undefined;
      const { action: a } = found;
      const en = `the ${noun.en} who is ${a.forms.progressive}${a.tail}`;
      const zh = `${a.zhProgressive}的${noun.zh}`;
      const one = d.pick(kin.filter((each) => fits(noun, each)));
      const pronoun = d.pick(Object.values(pronouns));
      const whom = { en: `${pronoun.possessive} ${one.en}`, zh: `${pronoun.zh}${one.bond}${one.zh}` };
      return d.chance(0.65)
        ? state(`${en} is ${whom.en}`, `${zh}是${whom.zh}`)
        : ask(`is ${en} ${whom.en}`, `${zh}是${whom.zh}吗`);
    },
  },
];
