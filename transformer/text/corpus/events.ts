/**
 * Events: who does what. An event fixes the subject and an action; the action knows its English forms and its
 * Chinese predicate in every aspect, so that the sentence patterns only put the pieces in order.
 */

import { type Action, intransitiveAction, simpleAction, spot, transitiveAction } from './action.ts';
import { activities } from './activities.ts';
import { beastPhrase, questioned, someone, speaker } from './agents.ts';
import { type Beast, beastly, beasts } from './beasts.ts';
import type { Draw } from './draw.ts';
import { type Noun, pets, portable, things } from './nouns.ts';
import { named, type Phrase, relative } from './owners.ts';
import type { Text } from './people.ts';
import { determine, dressed, type Manner, singular } from './phrases.ts';
import {
  berths,
  containers,
  daily,
  destinations,
  furniture,
  interiors,
  landmarks,
  seats,
  sides,
  type Venue,
  venues,
} from './places.ts';
import { transfers } from './transfers.ts';
import { forms, personal, type Transitive, transitives, type Use } from './verbs.ts';

/** A subject and what it does. */
export interface Event {
  readonly subject: Phrase;
  readonly action: Action;
}

/** What a pattern asks of its event. */
export interface Request {
  readonly use: Use;
  readonly manner: Manner;
  /** The subject may be "a boy". */
  readonly indefinite?: boolean;
  /** The subject is given already ("who", "you"). */
  readonly subject?: Phrase;
  /** The sentence is a question. */
  readonly asked?: boolean;
  /** Probability of saying where. */
  readonly place?: number;
}

type Maker = (d: Draw, request: Request) => Event | undefined;

/** The subject "who": it agrees like "he", and is a person. */
export const who: Phrase = { en: 'who', zh: '谁', agreement: 'singular' };

/** An event fit for the request; undefined if the draw led nowhere, in which case the caller draws again. */
export function event(d: Draw, request: Request): Event | undefined {
  const made = d.weighted(makers)(d, request);
  if (made === undefined || !made.action.uses.has(request.use)) return undefined;
  if (request.asked === true && speaker(made.subject) && d.chance(0.75)) return undefined;
  d.relate('agent', made.subject.id, made.action.id);
  return made;
}

/** An event with a direct object, given by verb and noun, for "what", "which" and "how many". */
export function bareTransitive(d: Draw, use: Use): { subject: Phrase; verb: Transitive; noun: Noun } {
  const verb = d.pick(
    transitives.filter((one) => one.uses.has(use)),
    use,
  );
  const subject = questioned(d);
  const noun = d.pick(verb.objects);
  d.relate('agent', subject.id, verb.id);
  return { subject, verb, noun };
}

function venueOf(d: Draw, its: readonly Venue[], request: Request): Venue | undefined {
  return its.length > 0 && d.chance(request.place ?? 0) ? d.pick(its) : undefined;
}

const doings: Maker = (d, request) => {
  const fitting = transitives.filter((one) => one.uses.has(request.use));
  const verb = d.pick(fitting, request.use);
  const subject = request.subject ?? someone(d, 'subject', request.indefinite);
  const noun = d.pick(verb.objects);
  const manner = request.use === 'ability' && verb.can === '会' ? 'skill' : request.manner;
  const drawn = determine(d, manner, noun);
  const fitted = verb.single ? singular(drawn) : drawn;
  const object = dressed(d, noun, verb.unowned && fitted === 'own' ? 'that' : fitted, 'object', {
    bare: verb.bareObject,
    uncounted: manner === 'skill',
  });
  if (!verb.closed) d.relate('object', verb.id, noun.id);
  const place = venueOf(d, verb.venues, request);
  if (place !== undefined) d.relate('location', verb.id, place.id);
  return { subject, action: transitiveAction(verb, object, place) };
};

const dealings: Maker = (d, request) => {
  const fitting = personal.filter((one) => one.uses.has(request.use));
  if (fitting.length === 0) return undefined;
  const verb = d.pick(fitting, request.use);
  const subject = request.subject ?? someone(d, 'subject', request.indefinite);
  const object =
    d.chance(0.12) && verb.id === 'wait'
      ? { ...dressed(d, d.chance(0.5) ? things.bus : things.train, 'the', 'object', { bare: true }) }
      : someone(d, 'object', request.manner === 'assert');
  if (clash(subject, object)) return undefined;
  const place = venueOf(d, verb.venues, request);
  if (place !== undefined) d.relate('location', verb.id, place.id);
  d.relate('object', verb.id, object.id);
  return { subject, action: transitiveAction(verb, object, place) };
};

/** Whether two people of one clause would be the same person, or one would contain the other ("we help me"). */
function clash(a: Phrase, b: Phrase): boolean {
  const own = (phrase: Phrase) => phrase.zh === '我' || phrase.zh === '我们';
  return a.zh === b.zh || (own(a) && own(b)) || (a.id !== undefined && a.id === b.id);
}

const pastimes: Maker = (d, request) => {
  const fitting = activities.filter((one) => one.uses.has(request.use));
  if (fitting.length === 0) return undefined;
  const verb = d.pick(fitting, request.use);
  const subject = request.subject ?? someone(d, 'subject', request.indefinite);
  const place = venueOf(d, verb.venues, { ...request, place: (request.place ?? 0) * 1.6 });
  if (place !== undefined) d.relate('location', verb.id, place.id);
  return { subject, action: intransitiveAction(verb, place) };
};

const go = forms('go goes went going been');
/** School is no experience to speak of. */
const experienced = destinations.filter((one) => one !== venues.school);
const run = forms('run runs ran running');
const home = 'past habit future want duty ability';

const journeys: Maker = (d, request) => {
  const subject = request.subject ?? someone(d, 'subject', request.indefinite);
  if (request.use !== 'perfect' && d.chance(0.15)) {
    return { subject, action: simpleAction('go home', go, home, ' home', '回家', '回家了') };
  }
  if (request.use === 'past' && d.chance(0.3)) {
    const into = d.pick(interiors);
    const tail = ` into ${into.at.replace(/^in /, '')}`;
    d.relate('location', 'run into', into.id);
    return { subject, action: simpleAction('run', run, 'past', tail, `跑进${into.zh}`, `跑进了${into.zh}`) };
  }
  const past = request.use === 'perfect';
  const to = d.pick(past ? experienced : request.use === 'habit' ? daily : destinations);
  d.relate('location', 'go', to.id);
  const by = !past && d.chance(0.25) ? d.pick(rides) : undefined;
  const tail = ` ${to.to}${by === undefined ? '' : ` by ${by.en}`}`;
  const how = by?.zh ?? '';
  const uses = 'past habit future want duty order ability perfect';
  const plain = simpleAction('go', go, uses, tail, `${how}去${to.zh}`, `${how}去了${to.zh}`);
  return { subject, action: { ...plain, zhPerfect: `去过${to.zh}` } };
};

/** Means of travel. */
export const rides: readonly Text[] = [
  { en: 'bus', zh: '坐公交车' },
  { en: 'train', zh: '坐火车' },
  { en: 'bicycle', zh: '骑自行车' },
  { en: 'car', zh: '开汽车' },
];

const sit = { id: 'sit', forms: forms('sit sits sat sitting'), zh: '坐', uses: 'past progressive want ability order' };
const stand = { id: 'stand', forms: forms('stand stands stood standing'), zh: '站', uses: 'past progressive order' };
const sleep = { id: 'sleep', forms: forms('sleep sleeps slept sleeping'), zh: '睡', uses: 'past progressive want' };

/** Sitting, standing and sleeping somewhere: the place follows the verb, and 正 alone marks the progressive. */
const postures: Maker = (d, request) => {
  const beast = request.subject === undefined && d.chance(0.55);
  const its = beast ? d.pick([sit, sleep]) : d.pick([sit, stand, sleep]);
  const grounds = its === sit ? seats : its === sleep ? berths : landmarks;
  const where = spot(d, grounds);
  if (beast && where.ground === things.car) return undefined;
  const subject =
    request.subject ??
    (beast ? beastPhrase(d, d.pick(pets), request.indefinite) : someone(d, 'subject', request.indefinite));
  d.relate('location', subject.id, where.ground.id);
  const zh = `${its.zh}在${where.zh}`;
  return {
    subject,
    action: {
      ...simpleAction(its.id, its.forms, its.uses, ` ${where.en}`, zh, zh),
      zhProgressive: `正${zh}`,
      zhNotProgressive: `没${zh}`,
    },
  };
};

const given = 'past future want duty order ability';

const gifts: Maker = (d, request) => {
  const kind = d.pick(transfers, request.use);
  const subject = request.subject ?? someone(d, 'subject');
  const recipient = d.weighted([
    [40, () => someone(d, 'object')],
    [12, () => named(d)],
    [12, () => relative(d)],
  ])();
  if (clash(subject, recipient)) return undefined;
  if (request.use === 'order' && recipient.zh === '你') return undefined;
  const noun = d.pick(kind.objects);
  if (kind.objects.length > 3) d.relate('object', kind.id, noun.id);
  const manner = request.manner === 'assert' ? (d.chance(0.55) ? 'new' : 'assert') : request.manner;
  const drawn = determine(d, manner, noun);
  const object = dressed(d, noun, kind.id === 'buy' && drawn === 'own' ? 'that' : drawn, 'object');
  const lead = `${kind.before}${kind.before === '' ? '' : recipient.zh}${kind.verb}`;
  const middle = kind.before === '' ? recipient.zh : '';
  return {
    subject,
    action: simpleAction(
      kind.id,
      kind.forms,
      given,
      ` ${recipient.en} ${object.en}`,
      `${lead}${middle}${object.zh}`,
      `${lead}了${middle}${object.zh}`,
    ),
  };
};

const put = forms('put puts put putting');

/** "Put the cup on the table": a definite thing moved somewhere calls for 把. */
const placings: Maker = (d, request) => {
  const inside = d.chance(0.35);
  const where = spot(d, inside ? containers : furniture.map((one) => ({ ...one, sides: one.sides.slice(0, 2) })));
  const noun = d.pick(portable);
  if (noun === where.ground || (inside && bulky.has(noun)) || where.side === sides.behind) return undefined;
  const subject = request.subject ?? someone(d, 'subject');
  const object = dressed(d, noun, determine(d, 'definite', noun), 'object', { bare: true });
  d.relate('object', 'put', noun.id);
  d.relate('location', noun.id, where.ground.id);
  return {
    subject,
    action: simpleAction(
      'put',
      put,
      given,
      ` ${object.en} ${where.en}`,
      `把${object.zh}放在${where.zh}`,
      `把${object.zh}放在了${where.zh}`,
    ),
  };
};

const bulky: ReadonlySet<Noun> = new Set([things.box, things.bag, things.computer, things.coat]);

/** What animals do; Chinese treats them as it treats people. */
const wildlife: Maker = (d, request) => {
  if (request.subject !== undefined) return undefined;
  // Eating and drinking are not abilities worth stating; only those that can swim or fly are asked for one.
  const able = (one: Beast) => request.use !== 'ability' || one.acts.some((act) => act.uses.has('ability'));
  const beast = d.pick(beasts.filter(able), request.use);
  const acts = beast.acts.filter((one) => one.uses.has(request.use));
  const kind = d.weighted([
    [request.use === 'ability' ? 0 : 3, 'eat'],
    [request.use === 'ability' ? 0 : 2, 'drink'],
    [beast.prey.length > 0 && request.use === 'progressive' ? 12 : 0, 'chase'],
    [acts.length > 0 ? 4 : 0, 'act'],
  ] as const);
  const subject = beastPhrase(d, beast.noun, request.indefinite);
  if (kind === 'act') {
    const act = d.pick(acts, request.use);
    const place = venueOf(d, act.venues, { ...request, place: 0.4 });
    return { subject, action: intransitiveAction(act, place) };
  }
  const verb = beastly[kind];
  const noun = d.pick(kind === 'eat' ? beast.diet : kind === 'chase' ? beast.prey : (beast.drinks ?? verb.objects));
  d.relate('object', verb.id, noun.id);
  const manner = noun.kind === 'mass' ? 'general' : request.manner;
  const object = dressed(d, noun, determine(d, manner, noun), 'object', { adjective: 0.1 });
  return { subject, action: transitiveAction(verb, object, venueOf(d, verb.venues, request)) };
};

const makers: readonly (readonly [number, Maker])[] = [
  [38, doings],
  [10, dealings],
  [21, pastimes],
  [7, journeys],
  [10, postures],
  [13, gifts],
  [4, placings],
  [17, wildlife],
];
