/**
 * People: occupations and ages, names, kin, and the personal pronouns in all their forms.
 */

import type { Noun } from './nouns.ts';

/** A text in both languages. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}

/** A personal pronoun: subject, object, possessive ("my") and predicate ("mine") forms. */
export interface Pronoun {
  readonly subject: string;
  readonly object: string;
  readonly possessive: string;
  readonly predicate: string;
  readonly zh: string;
  readonly agreement: 'first' | 'singular' | 'plural';
}

/** A proper name. The two-word names carry a title, which Chinese puts last (王老师). */
export interface Name extends Text {
  readonly id: string;
  readonly gender: 'he' | 'she';
}

/** A relative. With a pronoun Chinese drops 的 (我妈妈); a friend is not kin and keeps it (我的朋友). */
export interface Kin extends Text {
  readonly id: string;
  readonly gender?: 'he' | 'she';
  readonly bond: '' | '的';
}

const person = (en: string, plural: string, zh: string, measure: string, gender?: 'he' | 'she'): Noun => ({
  id: en,
  en,
  plural,
  zh,
  measure,
  kind: 'person',
  ...(gender === undefined ? {} : { gender }),
});

/** Common nouns for people; 位 is the polite measure word that goes with respected professions. */
export const people = {
  boy: person('boy', 'boys', '男孩', '个', 'he'),
  girl: person('girl', 'girls', '女孩', '个', 'she'),
  child: person('child', 'children', '孩子', '个'),
  man: person('man', 'men', '男人', '个', 'he'),
  woman: person('woman', 'women', '女人', '个', 'she'),
  teacher: person('teacher', 'teachers', '老师', '位'),
  doctor: person('doctor', 'doctors', '医生', '位'),
  student: person('student', 'students', '学生', '个'),
} satisfies Record<string, Noun>;

/** All common nouns for people. */
export const allPeople: readonly Noun[] = Object.values(people);

/** Those that answer "what does she do?". */
export const professions: readonly Noun[] = [people.teacher, people.doctor, people.student];

const name = (en: string, zh: string, gender: 'he' | 'she'): Name => ({ id: en, en, zh, gender });

/** Names. */
export const names: readonly Name[] = [
  name('Tom', '汤姆', 'he'),
  name('Anna', '安娜', 'she'),
  name('Mary', '玛丽', 'she'),
  name('Xiaoming', '小明', 'he'),
  name('Teacher Wang', '王老师', 'she'),
  name('Doctor Li', '李医生', 'he'),
  name('Mr Zhang', '张先生', 'he'),
];

/**
 * Kin. Chinese has no word for a plain "brother" or "sister": age decides, so English always states it here, and
 * grandparents are the father's.
 */
export const kin: readonly Kin[] = [
  { id: 'mother', en: 'mother', zh: '妈妈', gender: 'she', bond: '' },
  { id: 'father', en: 'father', zh: '爸爸', gender: 'he', bond: '' },
  { id: 'grandmother', en: 'grandmother', zh: '奶奶', gender: 'she', bond: '' },
  { id: 'grandfather', en: 'grandfather', zh: '爷爷', gender: 'he', bond: '' },
  { id: 'older sister', en: 'older sister', zh: '姐姐', gender: 'she', bond: '' },
  { id: 'younger brother', en: 'younger brother', zh: '弟弟', gender: 'he', bond: '' },
  { id: 'friend', en: 'friend', zh: '朋友', bond: '的' },
];

/** The personal pronouns; "you" is always one person, or the Chinese would be a guess. */
export const pronouns = {
  i: pronoun('I', 'me', 'my', 'mine', '我', 'first'),
  you: pronoun('you', 'you', 'your', 'yours', '你', 'plural'),
  he: pronoun('he', 'him', 'his', 'his', '他', 'singular'),
  she: pronoun('she', 'her', 'her', 'hers', '她', 'singular'),
  we: pronoun('we', 'us', 'our', 'ours', '我们', 'plural'),
  they: pronoun('they', 'them', 'their', 'theirs', '他们', 'plural'),
} satisfies Record<string, Pronoun>;

/** All personal pronouns. */
export const allPronouns: readonly Pronoun[] = Object.values(pronouns);

function pronoun(
  subject: string,
  object: string,
  possessive: string,
  predicate: string,
  zh: string,
  agreement: Pronoun['agreement'],
): Pronoun {
  return { subject, object, possessive, predicate, zh, agreement };
}
