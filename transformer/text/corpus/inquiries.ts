/**
 * Patterns that ask what somebody does: yes or no, who, what, which, how many, where, when, why and how.
 */

import { intransitiveAction } from './action.ts';
import { activities } from './activities.ts';
import { questioned } from './agents.ts';
import { bareTransitive, event, who } from './events.ts';
import { modal } from './modals.ts';
import { daily, destinations, times } from './places.ts';
import { ask, be, does, has, maybe, type Pattern } from './sentence.ts';
import { particles, type Use } from './verbs.ts';

/** Yes/no questions, and questions with who, what, which, how many, where, when, why and how. */
export const inquiries: readonly Pattern[] = [
  {
    name: 'did?',
    weight: 6,
    make(d) {
      const found = event(d, { asked: true, use: 'past', manner: 'definite', place: 0.1 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.past, a.wantsTime ? 1 : 0.35);
      return ask(`did ${s.en} ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}${a.zhPast}吗`);
    },
  },
  {
    name: 'is ...ing?',
    weight: 5,
    make(d) {
      const found = event(d, { asked: true, use: 'progressive', manner: 'definite', place: 0.15 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      return ask(`${be(s)} ${s.en} ${a.forms.progressive}${a.tail}`, `${s.zh}${a.zhProgressive}吗`);
    },
  },
  {
    name: 'does?',
    weight: 4,
    make(d) {
      const found = event(d, { asked: true, use: 'habit', manner: 'general', place: 0.1 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.habit, 0.5);
      return ask(`${does(s)} ${s.en} ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}${a.zh}吗`);
    },
  },
  {
    name: 'will?',
    weight: 4,
    make(d) {
      const found = event(d, { asked: true, use: 'future', manner: 'definite' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.future, 0.4);
      return ask(`will ${s.en} ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}会${a.zh}吗`);
    },
  },
  {
    name: 'modal?',
    weight: 5,
    make(d) {
      const made = modal(d, 'ask', false);
      return made === undefined ? undefined : ask(made.en, `${made.zh}吗`);
    },
  },
  {
    name: 'can?',
    weight: 4,
    make(d) {
      const made = modal(d, 'ask', true);
      return made === undefined ? undefined : ask(made.en, `${made.zh}吗`);
    },
  },
  {
    name: 'ever?',
    weight: 4,
    make(d) {
      const found = event(d, { asked: true, use: 'perfect', manner: 'experience' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const done = `${a.forms.participle ?? a.forms.past}${a.tail}`;
      return ask(`${has(s)} ${s.en} ever ${done}`, `${s.zh}${a.zhPerfect}吗`);
    },
  },
  {
    name: 'who?',
    weight: 7,
    make(d) {
      const use = d.weighted<Use>([
        [4, 'past'],
        [4, 'progressive'],
        [2, 'future'],
        [2, 'want'],
        [2, 'ability'],
      ]);
      const found = event(d, { use, manner: use === 'want' || use === 'future' ? 'assert' : 'definite', subject: who });
      if (found === undefined) return undefined;
      const { action: a } = found;
      if (use === 'past') {
        const time = maybe(d, times.past, a.wantsTime ? 1 : 0.3);
        return ask(`who ${a.forms.past}${a.tail}${time.en}`, `谁${time.zh}${a.zhPast}`);
      }
      if (use === 'progressive') return ask(`who is ${a.forms.progressive}${a.tail}`, `谁${a.zhProgressive}`);
      const [en, zh] = use === 'future' ? ['will', '会'] : use === 'want' ? ['wants to', '想'] : ['can', a.can];
      return ask(`who ${en} ${a.forms.base}${a.tail}`, `谁${zh}${a.zh}`);
    },
  },
  {
    name: 'what?',
    weight: 6,
    make(d) {
      const use = d.weighted<Use>([
        [4, 'past'],
        [3, 'progressive'],
        [3, 'want'],
        [2, 'future'],
      ]);
      const { subject: s, verb } = bareTransitive(d, use);
      const rest = particles.get(verb.id) ?? '';
      const { base, progressive } = verb.forms;
      if (use === 'past') {
        const time = maybe(d, times.past, 0.4);
        return ask(`what did ${s.en} ${base}${rest}${time.en}`, `${s.zh}${time.zh}${verb.zh}了什么`);
      }
      if (use === 'progressive') return ask(`what ${be(s)} ${s.en} ${progressive}${rest}`, `${s.zh}正在${verb.zh}什么`);
      if (use === 'want') return ask(`what ${does(s)} ${s.en} want to ${base}${rest}`, `${s.zh}想${verb.zh}什么`);
      const time = maybe(d, times.future, 0.4);
      return ask(`what will ${s.en} ${base}${rest}${time.en}`, `${s.zh}${time.zh}会${verb.zh}什么`);
    },
  },
  {
    name: 'which?',
    weight: 3,
    make(d) {
      const past = d.chance(0.6);
      const { subject: s, verb, noun } = bareTransitive(d, past ? 'past' : 'want');
      if (noun.plural === undefined) return undefined;
      if (!verb.closed) d.relate('object', verb.id, noun.id);
      const base = `${verb.forms.base}${particles.get(verb.id) ?? ''}`;
      const which = `哪${noun.measure}${noun.zh}`;
      return past
        ? ask(`which ${noun.en} did ${s.en} ${base}`, `${s.zh}${verb.zh}了${which}`)
        : ask(`which ${noun.en} ${does(s)} ${s.en} want to ${base}`, `${s.zh}想${verb.zh}${which}`);
    },
  },
  {
    name: 'how many?',
    weight: 3,
    make(d) {
      const { subject: s, verb, noun } = bareTransitive(d, 'past');
      if (noun.plural === undefined) return undefined;
      if (!verb.closed) d.relate('object', verb.id, noun.id);
      const base = `${verb.forms.base}${particles.get(verb.id) ?? ''}`;
      const time = maybe(d, times.past, 0.3);
      return ask(
        `how many ${noun.plural} did ${s.en} ${base}${time.en}`,
        `${s.zh}${time.zh}${verb.zh}了几${noun.measure}${noun.zh}`,
      );
    },
  },
  {
    name: 'where?',
    weight: 4,
    make(d) {
      const verb = d.pick(
        activities.filter((one) => one.venues.length > 0 && one.uses.has('habit')),
        'where',
      );
      const s = questioned(d);
      d.relate('agent', s.id, verb.id);
      const a = intransitiveAction(verb);
      if (d.chance(0.5)) return ask(`where ${be(s)} ${s.en} ${a.forms.progressive}${a.tail}`, `${s.zh}正在哪儿${a.zh}`);
      const time = maybe(d, times.habit, 0.6);
      return ask(`where ${does(s)} ${s.en} ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}在哪儿${a.zh}`);
    },
  },
  {
    name: 'when?',
    weight: 3,
    make(d) {
      const found = event(d, { asked: true, use: 'future', manner: 'definite' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      return ask(`when will ${s.en} ${a.forms.base}${a.tail}`, `${s.zh}什么时候${a.zh}`);
    },
  },
  {
    name: 'why?',
    weight: 3,
    make(d) {
      const found = event(d, { asked: true, use: 'past', manner: 'definite' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      return d.chance(0.5)
        ? ask(`why did ${s.en} not ${a.forms.base}${a.tail}`, `${s.zh}为什么没${a.zh}`)
        : ask(`why did ${s.en} ${a.forms.base}${a.tail}`, `${s.zh}为什么${a.zh}`);
    },
  },
  {
    name: 'how?',
    weight: 2,
    make(d) {
      const s = questioned(d);
      const time = maybe(d, times.habit, 0.5);
      const to = d.pick(time.en === '' ? destinations : daily);
      d.relate('agent', s.id, 'go');
      d.relate('location', 'go', to.id);
      return ask(`how ${does(s)} ${s.en} go ${to.to}${time.en}`, `${s.zh}${time.zh}怎么去${to.zh}`);
    },
  },
];
