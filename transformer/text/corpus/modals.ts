/**
 * Modal verbs: want, like, need, should, must and can, which stand before another verb in both languages.
 */

import type { Draw } from './draw.ts';
import { event } from './events.ts';
import type { Phrase } from './owners.ts';
import { does } from './sentence.ts';
import type { Use } from './verbs.ts';

/** A verb that takes another verb. */
interface Modal {
  readonly use: Use;
  /** English for a subject, in a statement, a denial and a question ("Does Tom want to"). */
  readonly affirm: (subject: Phrase) => string;
  readonly deny: (subject: Phrase) => string;
  readonly ask: (subject: Phrase) => string;
  readonly zh: string;
  readonly zhNot: string;
}

const verbal = (use: Use, base: string, singular: string, zh: string, zhNot: string): Modal => ({
  use,
  affirm: (s) => `${s.en} ${s.agreement === 'singular' ? singular : base} to`,
  deny: (s) => `${s.en} ${does(s)} not ${base} to`,
  ask: (s) => `${does(s)} ${s.en} ${base} to`,
  zh,
  zhNot,
});

/** Verbs that take another verb. "Must not" is a prohibition (不能), not the absence of a duty. */
const modals: readonly (readonly [number, Modal])[] = [
  [5, verbal('want', 'want', 'wants', '想', '不想')],
  [2, verbal('want', 'like', 'likes', '喜欢', '不喜欢')],
  [2, verbal('duty', 'need', 'needs', '需要', '不需要')],
  [
    3,
    {
      use: 'duty',
      affirm: (s) => `${s.en} should`,
      deny: (s) => `${s.en} should not`,
      ask: (s) => `should ${s.en}`,
      zh: '应该',
      zhNot: '不应该',
    },
  ],
  [
    3,
    {
      use: 'duty',
      affirm: (s) => `${s.en} must`,
      deny: (s) => `${s.en} must not`,
      ask: (s) => `must ${s.en}`,
      zh: '必须',
      zhNot: '不能',
    },
  ],
];

const can: Modal = {
  use: 'ability',
  affirm: (s) => `${s.en} can`,
  deny: (s) => `${s.en} cannot`,
  ask: (s) => `can ${s.en}`,
  zh: '',
  zhNot: '',
};

/** 会 or 能 belongs to the action; the other modals bring their own Chinese. */
export function modal(d: Draw, kind: 'affirm' | 'deny' | 'ask', skill: boolean) {
  const its = skill ? can : d.weighted(modals);
  const likes = its.zh === '喜欢';
  const found = event(d, {
    use: its.use,
    manner: likes ? 'general' : kind === 'affirm' ? 'assert' : 'definite',
    asked: kind === 'ask',
    place: skill ? 0 : 0.12,
  });
  if (found === undefined) return undefined;
  const { subject, action } = found;
  const auxiliary = kind === 'deny' ? its.zhNot : its.zh;
  return {
    en: `${its[kind](subject)} ${action.forms.base}${action.tail}`,
    zh:
      skill && kind === 'deny'
        ? `${subject.zh}${action.zhCannot}`
        : `${subject.zh}${auxiliary}${skill ? action.can : ''}${action.zh}`,
  };
}
