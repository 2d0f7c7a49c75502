/** One line of a file to a sentence pair: tab-separated columns, or JSON. */

import { ArgumentError, FormatError } from '../../../engine/index.ts';
import type { Pair } from './batches.ts';
import type { BadReason } from './facts.ts';

/** A column by its number, from 0, or by its name in the first line. */
export type Column = number | string;

/** What one line is: a pair, the reason why it is none, or nothing to speak of (a line of column names). */
export type Parsed = Pair | BadReason | null;

/** Reads the lines of one file in order. */
export type LineParser = (line: string) => Parsed;

/** Line formats that one file may have. */
export type LineFormat = 'tsv' | 'jsonl';

/**
 * Lines of columns between tabs; further columns are left alone.
 *
 * @throws {FormatError} when the first line has not the columns asked for by name
 */
export function tsvParser(name: string, columns: readonly [Column, Column] = [0, 1]): LineParser {
  for (const column of columns) {
    if (typeof column === 'number' && !(Number.isInteger(column) && column >= 0)) {
      throw new ArgumentError(
        `${name}: column ${column}. Expected a whole number from 0, or a name of the first line.`,
      );
    }
  }
  const [first, second] = columns;
  if (typeof first === 'number' && typeof second === 'number') return byNumber(first, second);
  let parse: LineParser | null = null;
  return (line) => {
    if (parse !== null) return parse(line);
    const header = line.split('\t').map((cell) => cell.trim());
    const place = (column: Column): number => {
      const at = typeof column === 'number' ? column : header.indexOf(column);
      if (at >= 0) return at;
      throw new FormatError(
        `${name}: no column '${column}'. The first line has ${header.map((c) => `'${c}'`).join(', ')}.`,
      );
    };
    parse = byNumber(place(first), place(second));
    return null;
  };
}

function byNumber(first: number, second: number): LineParser {
  if (first !== 0 || second !== 1) {
    return (line) => {
      const cells = line.split('\t');
      const [source, target] = [cells[first], cells[second]];
      return source === undefined || target === undefined ? 'noTab' : { source, target };
    };
  }
  // the usual case, without cutting the columns that nobody wants
  return (line) => {
    const tab = line.indexOf('\t');
    if (tab < 0) return 'noTab';
    const end = line.indexOf('\t', tab + 1);
    return { source: line.slice(0, tab), target: end < 0 ? line.slice(tab + 1) : line.slice(tab + 1, end) };
  };
}

/** Keys of the two texts; a dot leads into an object: `translation.en`. */
export type Keys = readonly [string, string];

/** Names under which texts and their translations usually stand. */
const USUAL_KEYS: readonly Keys[] = [
  ['source', 'target'],
  ['src', 'tgt'],
  ['src', 'trg'],
  ['en', 'zh'],
  ['translation.en', 'translation.zh'],
];
const LANGUAGE = /^[a-z]{2,3}([-_][A-Za-z]{2,4})?$/;

/** Objects of a form of their own. */
export interface ObjectForm {
  /** The pair of an object; null for one that is none. */
  pair(value: object): Pair | null;
  /** What an object should be, for the message that no line had a pair. */
  readonly expected: string;
}

/**
 * Lines of JSON objects that `form` makes pairs of. Without one, by their keys; without `keys`, the first object decides: source and target, src and tgt, or two languages, in
 * the order in which they stand, at the top or under `translation`.
 */
export function jsonlParser(keys: Keys | null = null, form: ObjectForm | null = null): LineParser {
  let chosen = keys;
  return (line) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return 'badJson';
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'badJson';
    let [source, target]: unknown[] = [];
    if (form !== null) ({ source, target } = form.pair(value) ?? {});
    else {
      chosen ??= findKeys(value);
      if (chosen === null) return 'missingKey';
      [source, target] = [at(value, chosen[0]), at(value, chosen[1])];
    }
    if (typeof source !== 'string' || typeof target !== 'string') return 'missingKey';
    // an escape can write half a character, which is no text
    if (line.includes('\\u') && (!isText(source) || !isText(target))) return 'invalidUtf8';
    return { source, target };
  };
}

const isText = (text: string): boolean => !/[\p{Surrogate}\0]/u.test(text);

/** A key as it stands, or as a path through objects. */
function at(value: object, key: string): unknown {
  if (Object.hasOwn(value, key)) return (value as Record<string, unknown>)[key];
  let inner: unknown = value;
  for (const part of key.split('.')) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part)) return undefined;
    inner = (inner as Record<string, unknown>)[part];
  }
  return inner;
}

/** The keys of the two texts in an object, null where they cannot be told. */
export function findKeys(value: object): Keys | null {
  const usual = USUAL_KEYS.find((keys) => keys.every((key) => typeof at(value, key) === 'string'));
  if (usual) return usual;
  const inner = at(value, 'translation');
  const isObject = typeof inner === 'object' && inner !== null;
  const [prefix, object] = isObject ? ['translation.', inner] : ['', value];
  const languages = Object.entries(object).filter(([key, text]) => typeof text === 'string' && LANGUAGE.test(key));
  const [first, second, ...more] = languages;
  if (first === undefined || second === undefined || more.length > 0) return null;
  return [prefix + first[0], prefix + second[0]];
}

/** The format that the name of a file tells, gzipped or not; null where it tells none. */
export function formatOfName(name: string): LineFormat | null {
  const plain = name.replace(/[?#].*$/, '').replace(/\.gz$/i, '');
  if (/\.(jsonl|ndjson|json)$/i.test(plain)) return 'jsonl';
  return /\.(tsv|tab)$/i.test(plain) ? 'tsv' : null;
}

/** The format of a file by its first line that is not empty. */
export const formatOfLine = (line: string): LineFormat => (/^\s*\{/.test(line) ? 'jsonl' : 'tsv');
