/** The two languages heddle speaks to people, for the command line and the report. */

export type Language = 'en' | 'zh';

/** A text, or a function that makes one of its arguments, in both languages. */
export interface Both<T> {
  readonly en: T;
  readonly zh: T;
}

/** For the `lang` attribute. */
export const TAGS: Both<string> = { en: 'en', zh: 'zh-CN' };

/** A text in both languages; leaving one out is a type error. */
export const say = (en: string, zh: string): Both<string> => ({ en, zh });

/** The same for a text with numbers or names in it. */
export const tell = <A extends readonly unknown[]>(
  en: (...values: A) => string,
  zh: (...values: A) => string,
): Both<(...values: A) => string> => ({ en, zh });

/** A table of texts in one language. */
export type Speech<T> = { readonly [K in keyof T]: T[K] extends Both<infer Value> ? Value : never };

/** Takes one language out of a table. */
export const inLanguage = <T extends Readonly<Record<string, Both<unknown>>>>(
  table: T,
  language: Language,
): Speech<T> => Object.fromEntries(Object.entries(table).map(([key, both]) => [key, both[language]])) as Speech<T>;

const grouped = new Intl.NumberFormat('en-US');

/** `9,437,184`, alike in both languages. */
export const count = (value: number): string => grouped.format(value);

/** `1.234`, `0.00123`, `3.2e-5`: as many digits as tell something. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential(2);
  return size < 1 ? String(Number(value.toPrecision(3))) : value.toFixed(size < 100 ? 3 : 1);
}

/** `34 MB`, `1.25 GB`: bytes, in units of a thousand. */
export function bytes(value: number): string {
  const [unit, size] = value < 1e9 ? (['MB', 1e6] as const) : (['GB', 1e9] as const);
  return `${(value / size).toFixed(unit === 'GB' ? 2 : value < 1e7 ? 1 : 0)} ${unit}`;
}

/** `98.7 %`; never rounded up to 100, which means all. */
export const percent = (share: number): string =>
  share === 1 ? '100 %' : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;

/** `42 s`, `12 min 5 s`, `1 h 3 min`. */
export function duration(seconds: number): Both<string> {
  const all = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  if (h > 0) return say(`${h} h ${m} min`, `${h} 小时 ${m} 分`);
  return m > 0 ? say(`${m} min ${s} s`, `${m} 分 ${s} 秒`) : say(`${s} s`, `${s} 秒`);
}

/** A text made with the same values in both languages. */
export const bothOf = <A extends readonly unknown[]>(
  text: Both<(...values: A) => string>,
  ...values: A
): Both<string> => say(text.en(...values), text.zh(...values));
