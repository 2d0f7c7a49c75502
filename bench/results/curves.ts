import { type EngineName, TITLES } from '../engines/engine.ts';
import type { Row } from './row.ts';
import { enginesIn, type Group, peaksIn } from './tables.ts';

/** A quantity over size, one series for each engine: what a chart is drawn of. */
export interface Curve {
  readonly title: string;
  readonly unit: string;
  readonly sizes: readonly number[];
  readonly series: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
}

const UNITS: readonly [unit: string, of: (row: Row) => number | undefined, peak: string][] = [
  ['GFLOP/s', (row) => row.gflops, 'multiply-add'],
  ['GB/s', (row) => row.gbps, 'copy'],
  ['tokens/s', (row) => row.tokens_per_s, ''],
  ['MiB', (row) => (row.peak_bytes === undefined ? undefined : row.peak_bytes / 2 ** 20), ''],
];

/** The curves of a group; the machine's own peak, times the threads, is a line in those of a rate. */
export function curvesOf(group: Group): Curve[] {
  const names = [...new Set(group.rows.flatMap(({ curve }) => (curve === undefined ? [] : [curve])))];
  const engines = enginesIn(group);
  return names.flatMap((name): Curve[] => {
    const rows = group.rows.filter(({ curve }) => curve === name);
    const sizes = [...new Set(rows.map(({ size }) => size!))].sort((a, b) => a - b);
    const found = UNITS.find(([, of]) => rows.some((row) => of(row) !== undefined));
    if (found === undefined || sizes.length < 2) return [];
    const [unit, of, limit] = found;
    const valueAt = (engine: EngineName, size: number): number | null => {
      const row = rows.find((r) => r.engine === engine && r.size === size);
      return row === undefined ? null : (of(row) ?? null);
    };
    const series = engines
      .map((engine) => ({ label: TITLES[engine], values: sizes.map((size) => valueAt(engine, size)) }))
      .filter(({ values }) => values.some((value) => value !== null));
    const peak = limit === '' ? undefined : peaksIn(group).find((r) => r.case.startsWith(limit));
    const most = peak === undefined ? undefined : of(peak)! * group.threads;
    if (most !== undefined) series.push({ label: `${peak!.case} of this machine`, values: sizes.map(() => most) });
    return [{ title: name, unit, sizes, series }];
  });
}
