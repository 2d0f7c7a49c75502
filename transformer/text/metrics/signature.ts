import { version } from '../../../package.json';
import type { Segment } from './segments.ts';

/**
 * What a score depends on, in sacreBLEU's form: `nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:0.1.0-heddle`. Two
 * scores may be compared when their signatures are equal.
 */
export function signature(
  all: readonly Segment[],
  settings: Readonly<Record<string, string | number | boolean>>,
): string {
  const numbers = new Set(all.map(({ references }) => references.length));
  const nrefs = numbers.size === 1 ? [...numbers][0]! : 'var';
  const text = (value: string | number | boolean): string | number =>
    typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
  return Object.entries({ nrefs, ...settings, version: `${version}-heddle` })
    .map(([key, value]) => `${key}:${text(value)}`)
    .join('|');
}
