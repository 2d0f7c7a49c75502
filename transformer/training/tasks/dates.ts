import type { Stream } from '../../../engine/index.ts';
import { say } from '../../language/language.ts';
import type { Pair } from '../../text/data/batches.ts';
import { DataSplit } from '../../text/data/index.ts';
import {
  type DateForm,
  dayAfter,
  daysIn,
  FIRST_SHORT_YEAR,
  FIRST_YEAR,
  iso,
  LAST_SHORT_YEAR,
  LAST_YEAR,
  LONG_FORMS,
  SHORT_FORMS,
} from './dateForms.ts';
import { type Drawing, drawPairs, drawSplit, exactly, ruleRecipe, type Task } from './task.ts';

/** A form, and the years that it can write. */
interface Writing {
  readonly write: DateForm;
  readonly first: number;
  readonly last: number;
}

const WRITINGS: readonly Writing[] = [
  ...Object.values(LONG_FORMS).map((write) => ({ write, first: FIRST_YEAR, last: LAST_YEAR })),
  ...Object.values(SHORT_FORMS).map((write) => ({ write, first: FIRST_SHORT_YEAR, last: LAST_SHORT_YEAR })),
];

/** Each form alike, each day of the years that it can write alike. */
function draw(stream: Stream): Pair {
  const { write, first, last } = WRITINGS[stream.integer(WRITINGS.length)]!;
  const date = dayAfter(first, stream.integer(daysIn(first, last)));
  return { source: write(date), target: iso(date) };
}

const showcase: readonly Pair[] = [
  { source: 'March 9th, 2025', target: '2025-03-09' },
  { source: 'Thursday, 29 February 2024', target: '2024-02-29' },
  { source: '二〇〇八年八月八日', target: '2008-08-08' },
  { source: '24.12.1931', target: '1931-12-24' },
  { source: '7/4/76', target: '1976-07-04' },
];
const shownDates: ReadonlySet<string> = new Set(showcase.map(({ target }) => target));

/** Of all days one in twenty, in every form; and of the forms of any other day one in twenty. */
const heldDates = DataSplit.byFraction(0.05, 0);
const heldWritings = DataSplit.byFraction(0.05, 1);

const drawing: Drawing = {
  name: 'dates',
  draw,
  heldOut: ({ source, target }) => shownDates.has(target) || heldDates.holds(target) || heldWritings.holds(source),
};

const SIZES = { train: 80_000, validation: 400, test: 1000 } as const;

/**
 * Dates as people write them, in English, Chinese and digits, to ISO 8601. Tested on days that were never seen in any form,
 * and on forms of known days that were never seen together.
 */
export const dates: Task = {
  name: 'dates',
  describe: say('brings dates in many forms, English and Chinese, to ISO 8601', '将中英文各种写法的日期转为 ISO 8601'),
  sample: showcase[0]!,
  showcase,
  pairs: (seed, count) => drawPairs(drawing, seed, count),
  split: (seed, sizes) => drawSplit(drawing, seed, { ...SIZES, ...sizes }),
  longer: null,
  recipe: ruleRecipe(1000, 2048),
  tokenizers: { source: 'characters', target: 'characters' },
  isRight: exactly,
  wanted: 0.97,
  isText: false,
  files: null,
  input: (typed) => typed,
};
