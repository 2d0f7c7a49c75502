/** The ways in which people write a date, as functions of the date. */

/** A day of the Gregorian calendar; month and day from 1, weekday from 0 for Sunday. */
export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

export type DateForm = (date: CalendarDate) => string;

/** Dates are drawn from these years. */
export const FIRST_YEAR = 1900;
export const LAST_YEAR = 2099;
/** Years written in two digits, as POSIX reads them: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068. */
export const FIRST_SHORT_YEAR = 1969;
export const LAST_SHORT_YEAR = 2068;

const DAY_MS = 86_400_000;
const dayNumber = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / DAY_MS;

/** Days from the first of one year to the last of another. */
export const daysIn = (first: number, last: number): number => dayNumber(last + 1, 1, 1) - dayNumber(first, 1, 1);

/** The day that comes `days` after the first of January. */
export function dayAfter(year: number, days: number): CalendarDate {
  const date = new Date((dayNumber(year, 1, 1) + days) * DAY_MS);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
  };
}

const two = (n: number): string => `${n}`.padStart(2, '0');

/** ISO 8601: `2025-03-09`. */
export const iso = ({ year, month, day }: CalendarDate): string => `${year}-${two(month)}-${two(day)}`;

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const WEEKDAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const ORDINALS = (
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth ' +
  'sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth ' +
  'twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first'
).split(' ');

const monthName = ({ month }: CalendarDate): string => MONTHS[month - 1]!;
const monthShort = (date: CalendarDate): string => monthName(date).slice(0, 3);
/** A point where letters are left out: not after May. */
const monthPoint = (date: CalendarDate): string => (date.month === 5 ? 'May' : `${monthShort(date)}.`);
const weekdayName = ({ weekday }: CalendarDate): string => WEEKDAYS[weekday]!;
const weekdayShort = (date: CalendarDate): string => weekdayName(date).slice(0, 3);
const yearShort = ({ year }: CalendarDate): string => two(year % 100);
const ordinalWord = ({ day }: CalendarDate): string => ORDINALS[day - 1]!;

/** `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st` */
function ordinal({ day }: CalendarDate): string {
  const teens = day >= 11 && day <= 13;
  return `${day}${teens ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th')}`;
}

const DIGITS = '〇一二三四五六七八九';
const ZERO = '零';

/** `三`, `十`, `十二`, `二十`, `三十一`: numbers up to 99. */
function chineseNumber(n: number): string {
  const [tens, ones] = [Math.floor(n / 10), n % 10];
  return `${tens > 1 ? DIGITS[tens] : ''}${tens > 0 ? '十' : ''}${ones > 0 ? DIGITS[ones] : ''}`;
}
/** Year by its digits, month and day as numbers: `二〇二五年三月九日`. */
const chinese = ({ year, month, day }: CalendarDate): string =>
  `${Array.from(`${year}`, (c) => DIGITS[Number(c)]).join('')}年${chineseNumber(month)}月${chineseNumber(day)}日`;
const chineseWeekday = ({ weekday }: CalendarDate, sunday: string): string =>
  weekday === 0 ? sunday : DIGITS[weekday]!;

/**
 * Forms with the whole year. Where all is digits the order follows from the mark: slashes put the month first
 * (`3/9/2025`, as in the United States), points the day (`09.03.2025`, as in Germany); a year in front is always followed
 * by month and day.
 */
export const LONG_FORMS: Readonly<Record<string, DateForm>> = {
  iso,
  'iso without zeros': ({ year, month, day }) => `${year}-${month}-${day}`,
  'iso basic': ({ year, month, day }) => `${year}${two(month)}${two(day)}`,
  'year first, slashes': ({ year, month, day }) => `${year}/${two(month)}/${two(day)}`,
  'year first, slashes, without zeros': ({ year, month, day }) => `${year}/${month}/${day}`,
  'year first, points': ({ year, month, day }) => `${year}.${two(month)}.${two(day)}`,
  slashes: ({ year, month, day }) => `${month}/${day}/${year}`,
  'slashes, with zeros': ({ year, month, day }) => `${two(month)}/${two(day)}/${year}`,
  points: ({ year, month, day }) => `${two(day)}.${two(month)}.${year}`,
  'points, without zeros': ({ year, month, day }) => `${day}.${month}.${year}`,
  'month day, year': (date) => `${monthName(date)} ${date.day}, ${date.year}`,
  'month day year': (date) => `${monthName(date)} ${date.day} ${date.year}`,
  'month ordinal, year': (date) => `${monthName(date)} ${ordinal(date)}, ${date.year}`,
  'month ordinal word, year': (date) => `${monthName(date)} ${ordinalWord(date)}, ${date.year}`,
  'mon day, year': (date) => `${monthShort(date)} ${date.day}, ${date.year}`,
  'mon. day, year': (date) => `${monthPoint(date)} ${date.day}, ${date.year}`,
  'MONTH DAY, YEAR': (date) => `${monthName(date).toUpperCase()} ${date.day}, ${date.year}`,
  'day month year': (date) => `${date.day} ${monthName(date)} ${date.year}`,
  'ordinal month year': (date) => `${ordinal(date)} ${monthName(date)} ${date.year}`,
  'the ordinal of month, year': (date) => `the ${ordinal(date)} of ${monthName(date)}, ${date.year}`,
  'the ordinal word of month year': (date) => `the ${ordinalWord(date)} of ${monthName(date)} ${date.year}`,
  'day mon year': (date) => `${date.day} ${monthShort(date)} ${date.year}`,
  'DAY MON YEAR': (date) => `${date.day} ${monthShort(date).toUpperCase()} ${date.year}`,
  'day-mon-year': (date) => `${two(date.day)}-${monthShort(date)}-${date.year}`,
  'weekday, day month year': (date) => `${weekdayName(date)}, ${date.day} ${monthName(date)} ${date.year}`,
  'weekday, month day, year': (date) => `${weekdayName(date)}, ${monthName(date)} ${date.day}, ${date.year}`,
  'weekday, month ordinal, year': (date) => `${weekdayName(date)}, ${monthName(date)} ${ordinal(date)}, ${date.year}`,
  'wd, day mon year': (date) => `${weekdayShort(date)}, ${two(date.day)} ${monthShort(date)} ${date.year}`,
  'wd mon day year': (date) => `${weekdayShort(date)} ${monthShort(date)} ${date.day} ${date.year}`,
  年月日: ({ year, month, day }) => `${year}年${month}月${day}日`,
  '年月日, with zeros': ({ year, month, day }) => `${year}年${two(month)}月${two(day)}日`,
  '年月日, spaced': ({ year, month, day }) => `${year} 年 ${month} 月 ${day} 日`,
  年月号: ({ year, month, day }) => `${year}年${month}月${day}号`,
  公元年月日: ({ year, month, day }) => `公元${year}年${month}月${day}日`,
  '年月日 星期': (date) => `${date.year}年${date.month}月${date.day}日 星期${chineseWeekday(date, '日')}`,
  '年月日，周': (date) => `${date.year}年${date.month}月${date.day}日，周${chineseWeekday(date, '日')}`,
  '年月日（星期天）': (date) => `${date.year}年${date.month}月${date.day}日（星期${chineseWeekday(date, '天')}）`,
  二〇二五年三月九日: chinese,
  二零二五年三月九日: (date) => chinese(date).replaceAll(DIGITS[0]!, ZERO),
  二〇二五年三月九日星期日: (date) => `${chinese(date)}星期${chineseWeekday(date, '日')}`,
};

/** Forms with two digits of the year. */
export const SHORT_FORMS: Readonly<Record<string, DateForm>> = {
  'slashes, short': (date) => `${date.month}/${date.day}/${yearShort(date)}`,
  'points, short': (date) => `${two(date.day)}.${two(date.month)}.${yearShort(date)}`,
  'day mon year, short': (date) => `${date.day} ${monthShort(date)} ${yearShort(date)}`,
  'day-mon-year, short': (date) => `${date.day}-${monthShort(date)}-${yearShort(date)}`,
  "month day, 'year": (date) => `${monthName(date)} ${date.day}, '${yearShort(date)}`,
  '年月日, short': (date) => `${yearShort(date)}年${date.month}月${date.day}日`,
};
