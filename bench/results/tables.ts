import { ENGINES, type EngineName } from '../engines/engine.ts';
import { SUITES } from '../suite/case.ts';
import type { Row } from './row.ts';

/** Rows of one machine, run time, backend and number of threads, as they were measured together. */
export interface Group {
  readonly runtime: string;
  readonly machine: string;
  readonly backend: Row['backend'];
  readonly threads: number;
  readonly device: string;
  readonly date: string;
  readonly rows: readonly Row[];
}

/** A case in all engines. */
export interface CaseRows {
  readonly name: string;
  readonly own: Row;
  readonly of: ReadonlyMap<EngineName, Row>;
}

/** By what was measured together; PyTorch says Python of itself, and belongs to the run it stood in. */
export function groups(rows: readonly Row[]): Group[] {
  const found: { head: Row; rows: Row[] }[] = [];
  let last: { head: Row; rows: Row[] } | undefined;
  for (const row of rows) {
    if (row.engine === 'machine' || row.engine === 'heddle') {
      last = found.find(({ head }) => same(head, row));
      if (last === undefined) found.push((last = { head: row, rows: [] }));
    }
    last?.rows.push(row);
  }
  return found.map(({ head, rows: all }) => {
    const own = all.find(({ engine }) => engine === 'heddle') ?? head;
    const { runtime, machine, backend, threads, device, date } = own;
    return { runtime, machine, backend, threads, device, date, rows: all };
  });
}

const same = (a: Row, b: Row): boolean =>
  a.runtime === b.runtime &&
  a.machine === b.machine &&
  a.backend === b.backend &&
  a.device === b.device &&
  a.date === b.date;

/** The cases of a suite, in order. */
export function casesIn({ rows }: Group, suite: Row['suite']): CaseRows[] {
  const found = new Map<string, Map<EngineName, Row>>();
  for (const row of rows) {
    if (row.suite !== suite || row.engine === 'machine') continue;
    const of = found.get(row.case) ?? new Map<EngineName, Row>();
    found.set(row.case, of.set(row.engine, row));
  }
  return [...found].flatMap(([name, of]) => {
    const own = of.get('heddle');
    return own === undefined ? [] : [{ name, own, of }];
  });
}

/** Suites that have rows, and engines that do. */
export const suitesIn = (group: Group): Row['suite'][] => SUITES.filter((suite) => casesIn(group, suite).length > 0);
export const enginesIn = ({ rows }: Group): EngineName[] =>
  ENGINES.filter((name) => rows.some(({ engine }) => engine === name));

/** Cases in which a peer of the web platform is faster, the worst first. */
export const behind = (group: Group): CaseRows[] =>
  suitesIn(group)
    .flatMap((suite) => casesIn(group, suite))
    .filter(({ own }) => (own.ratio_to_best_peer ?? 1) < 1)
    .sort((a, b) => a.own.ratio_to_best_peer! - b.own.ratio_to_best_peer!);

/** What the machine can do, the best of each: several runs may have asked, and noise only takes away. */
export function peaksIn({ rows }: Group): Row[] {
  const best = new Map<string, Row>();
  const of = ({ gflops, gbps }: Row): number => gflops ?? gbps ?? 0;
  for (const row of rows) {
    const known = best.get(row.case);
    if (row.suite === 'peak' && (known === undefined || of(row) > of(known))) best.set(row.case, row);
  }
  return [...best.values()];
}

/** How each engine was used, in its own words; once for each. */
export const usage = (group: Group): [engine: EngineName, version: string, device: string, how: string][] =>
  enginesIn(group).flatMap((name) => {
    const row = group.rows.find(({ engine, how }) => engine === name && how !== '');
    return row === undefined ? [] : [[name, row.version, row.device, row.how] as [EngineName, string, string, string]];
  });

/** A time for people: three digits, µs below a millisecond. */
export function time(ms: number): string {
  if (ms < 1) return `${digits(ms * 1000)} µs`;
  return ms >= 10_000 ? `${digits(ms / 1000)} s` : `${digits(ms)} ms`;
}

export const digits = (x: number): string => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

/** `23.1 GFLOP/s` */
export function rateOf({ gflops, gbps, tokens_per_s: tokens }: Row): string {
  if (gflops !== undefined) return `${digits(gflops)} GFLOP/s`;
  if (gbps !== undefined) return `${digits(gbps)} GB/s`;
  return tokens === undefined ? '' : `${tokens.toFixed(0)} tokens/s`;
}

export const mebibytes = (bytes: number): string => `${digits(bytes / 2 ** 20)} MiB`;
