/** Made-up facts about people: small texts to ask about and to sum up, so that the text task has something to show. */

import type { Stream } from '../../../engine/index.ts';

const PEOPLE = (
  'Anna Ben Clara David Emma Felix Grace Henry Ida Jonas Kate Leo Mia Noah Olga Paul Rosa Sam Tina Victor ' +
  'Alice Bruno Cora Dan Eva Frank Gina Hugo Iris Jack'
).split(' ');
const CITIES = (
  'Rome Oslo Paris Cairo Lima Tokyo Vienna Madrid Dublin Athens Berlin Lisbon Prague Warsaw Helsinki Seoul Beijing ' +
  'Delhi Boston Toronto Nairobi Havana Quito Sofia Riga'
).split(' ');
const JOBS = (
  'baker teacher doctor farmer singer painter pilot cook dancer gardener nurse writer driver tailor fisher potter ' +
  'lawyer sailor builder weaver'
).split(' ');
const PETS = 'dog cat horse parrot rabbit goat turtle snake duck pony hamster lizard'.split(' ');
const DRINKS = 'tea coffee milk water juice lemonade cocoa soup'.split(' ');

/** Sentences that a summary leaves out. */
const WEATHER = [
  'It rained all day.',
  'The train was late.',
  'The shops are closed today.',
  'The sun is shining.',
  'A bus goes by.',
  'The bells are ringing.',
  'It is cold this morning.',
  'The windows are open.',
];

/** A thing that may be said of a person. */
interface Fact {
  readonly values: readonly string[];
  say(person: string, value: string): string;
  /** A question that has the value as its answer. */
  ask(person: string): string;
  /** A question that has the person as its answer. */
  askWho(value: string): string;
}

const FACTS: readonly Fact[] = [
  {
    values: CITIES,
    say: (person, city) => `${person} lives in ${city}.`,
    ask: (person) => `Where does ${person} live?`,
    askWho: (city) => `Who lives in ${city}?`,
  },
  {
    values: JOBS,
    say: (person, job) => `${person} works as a ${job}.`,
    ask: (person) => `What does ${person} work as?`,
    askWho: (job) => `Who works as a ${job}?`,
  },
  {
    values: PETS,
    say: (person, pet) => `${person} has a ${pet}.`,
    ask: (person) => `What animal does ${person} have?`,
    askWho: (pet) => `Who has a ${pet}?`,
  },
  {
    values: DRINKS,
    say: (person, drink) => `${person} likes ${drink}.`,
    ask: (person) => `What does ${person} like?`,
    askWho: (drink) => `Who likes ${drink}?`,
  },
];

const one = <T>(stream: Stream, items: readonly T[]): T => items[stream.integer(items.length)]!;
/** `n` different ones. */
const some = (stream: Stream, items: readonly string[], n: number): string[] => stream.shuffle([...items]).slice(0, n);

/** An example of the text form. */
export type TextExample =
  | { readonly question: string; readonly context: string; readonly answer: string }
  | { readonly document: string; readonly summary: string };

/** One fact each about two to four people, and a question about one of them: for the value, or for the person. */
export function drawQuestion(stream: Stream): TextExample {
  const fact = one(stream, FACTS);
  const people = some(stream, PEOPLE, 2 + stream.integer(3));
  const values = some(stream, fact.values, people.length);
  const chosen = stream.integer(people.length);
  const [person, value] = [people[chosen]!, values[chosen]!];
  const context = people.map((name, i) => fact.say(name, values[i]!)).join(' ');
  return stream.integer(2) === 0
    ? { question: fact.ask(person), context, answer: value }
    : { question: fact.askWho(value), context, answer: person };
}

/** Home, work and animal of one person among sentences that do not matter, and all of it in one sentence. */
export function drawSummary(stream: Stream): TextExample {
  const person = one(stream, PEOPLE);
  const [city, job, pet] = [one(stream, CITIES), one(stream, JOBS), one(stream, PETS)];
  const facts = stream.shuffle([`lives in ${city}.`, `works as a ${job}.`, `has a ${pet}.`]);
  const told = facts.map((fact, i) => `${i === 0 ? person : one(stream, [person, 'Our friend'])} ${fact}`);
  for (const sentence of some(stream, WEATHER, 1 + stream.integer(2))) {
    told.splice(stream.integer(told.length + 1), 0, sentence);
  }
  return { document: told.join(' '), summary: `${person} is a ${job} from ${city} and has a ${pet}.` };
}
