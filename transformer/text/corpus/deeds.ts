/**
 * Patterns that state what somebody does, in every tense, affirmed or denied, and those that ask for it to be done.
 */

import { event } from './events.ts';
import { modal } from './modals.ts';
import type { Phrase } from './owners.ts';
import { pronouns } from './people.ts';
import { frequencies, times } from './places.ts';
import { be, does, has, maybe, type Pattern, present, state } from './sentence.ts';

const now = times.now;

/** Statements. */
export const deeds: readonly Pattern[] = [
  {
    name: 'past',
    weight: 31,
    make(d) {
      const found = event(d, { use: 'past', manner: 'assert', indefinite: true, place: 0.2 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.past, a.wantsTime ? 1 : 0.3);
      return state(`${s.en} ${a.forms.past}${a.tail}${time.en}`, `${s.zh}${time.zh}${a.zhPast}`);
    },
  },
  {
    name: 'past denied',
    weight: 8,
    make(d) {
      const found = event(d, { use: 'past', manner: 'deny', place: 0.1 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.past, 0.4);
      return state(`${s.en} did not ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}没${a.zh}`);
    },
  },
  {
    name: 'progressive',
    weight: 15,
    make(d) {
      const found = event(d, { use: 'progressive', manner: 'assert', indefinite: true, place: 0.3 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, now, 0.12);
      return state(`${s.en} ${be(s)} ${a.forms.progressive}${a.tail}${time.en}`, `${s.zh}${time.zh}${a.zhProgressive}`);
    },
  },
  {
    name: 'progressive denied',
    weight: 3,
    make(d) {
      const found = event(d, { use: 'progressive', manner: 'definite', place: 0.15 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      return state(`${s.en} ${be(s)} not ${a.forms.progressive}${a.tail}`, `${s.zh}${a.zhNotProgressive}`);
    },
  },
  {
    name: 'every day',
    weight: 14,
    make(d) {
      const found = event(d, { use: 'habit', manner: 'habit', place: 0.25 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = d.pick(times.habit);
      return state(`${s.en} ${present(s, a.forms)}${a.tail}${time.en}`, `${s.zh}${time.zh}${a.zh}`);
    },
  },
  {
    name: 'often',
    weight: 12,
    make(d) {
      const found = event(d, { use: 'habit', manner: 'general', place: 0.25 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const often = d.pick(frequencies);
      return state(`${s.en} ${often.en} ${present(s, a.forms)}${a.tail}`, `${s.zh}${often.zh}${a.zh}`);
    },
  },
  {
    name: 'habit denied',
    weight: 4,
    make(d) {
      const found = event(d, { use: 'habit', manner: 'general' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      return state(`${s.en} ${does(s)} not ${a.forms.base}${a.tail}`, `${s.zh}不${a.zh}`);
    },
  },
  {
    name: 'will',
    weight: 7,
    make(d) {
      const found = event(d, { use: 'future', manner: 'assert', place: 0.1 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.future, 0.5);
      return state(`${s.en} will ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}会${a.zh}`);
    },
  },
  {
    name: 'will not',
    weight: 4,
    make(d) {
      const found = event(d, { use: 'future', manner: 'deny' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.future, 0.3);
      return state(`${s.en} will not ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}不会${a.zh}`);
    },
  },
  {
    name: 'going to',
    weight: 5,
    make(d) {
      const found = event(d, { use: 'plan', manner: 'assert', place: 0.15 });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const time = maybe(d, times.future, 0.5);
      return state(`${s.en} ${be(s)} going to ${a.forms.base}${a.tail}${time.en}`, `${s.zh}${time.zh}要${a.zh}`);
    },
  },
  {
    name: 'modal',
    weight: 10,
    make(d) {
      const made = modal(d, 'affirm', false);
      return made === undefined ? undefined : state(made.en, made.zh);
    },
  },
  {
    name: 'modal denied',
    weight: 6,
    make(d) {
      const made = modal(d, 'deny', false);
      return made === undefined ? undefined : state(made.en, made.zh);
    },
  },
  {
    name: 'can',
    weight: 5,
    make(d) {
      const made = modal(d, 'affirm', true);
      return made === undefined ? undefined : state(made.en, made.zh);
    },
  },
  {
    name: 'cannot',
    weight: 4,
    make(d) {
      const made = modal(d, 'deny', true);
      return made === undefined ? undefined : state(made.en, made.zh);
    },
  },
  {
    name: 'experience',
    weight: 9,
    make(d) {
      const found = event(d, { use: 'perfect', manner: 'experience' });
      if (found === undefined) return undefined;
      const { subject: s, action: a } = found;
      const done = `${a.forms.participle ?? a.forms.past}${a.tail}`;
      return d.chance(0.5)
        ? state(`${s.en} ${has(s)} never ${done}`, `${s.zh}从没${a.zhPerfect}`)
        : state(`${s.en} ${has(s)} ${done}`, `${s.zh}${a.zhPerfect}`);
    },
  },
  {
    name: 'request',
    weight: 4,
    make(d) {
      const found = event(d, { use: 'order', manner: 'assert', subject: you });
      if (found === undefined) return undefined;
      const { action: a } = found;
      return state(`please ${a.forms.base}${a.tail}`, `请${a.zh}`);
    },
  },
  {
    name: 'prohibition',
    weight: 3,
    make(d) {
      const found = event(d, { use: 'order', manner: 'definite', subject: you });
      if (found === undefined) return undefined;
      const { action: a } = found;
      return state(`do not ${a.forms.base}${a.tail}`, `不要${a.zh}`);
    },
  },
];

const you: Phrase = { en: 'you', zh: '你', agreement: 'plural', echo: pronouns.you };
