import { type Bench, type EngineName, TITLES } from '../engines/engine.ts';
import type { Peak } from '../peak/wasm.ts';
import type { SuiteName } from '../suite/case.ts';
import { casesOf, fits } from '../suite/index.ts';
import type { Context, Row } from './row.ts';
import { type RunOptions, runCase } from './runner.ts';

export interface SuiteOptions {
  readonly suites: readonly SuiteName[];
  /** Cases whose name has this in it; null: all. */
  readonly only: string | null;
  readonly context: Context;
  readonly peaks: readonly Peak[];
  /** heddle first. */
  readonly benches: readonly Bench[];
  /** Peers that did not start, and why. */
  readonly absent: ReadonlyMap<EngineName, string>;
  readonly run: RunOptions;
  /** Leaves out what takes long. */
  readonly quick?: boolean;
  readonly log: (line: string) => void;
}

/** Runs suites in all engines, one case after another; the machine's own peak comes first. */
export async function runSuite({
  suites,
  only,
  context,
  peaks,
  benches,
  absent,
  run,
  quick = false,
  log,
}: SuiteOptions): Promise<Row[]> {
  const { facts } = benches[0]!;
  const rows: Row[] = peaks.map(({ name, ms, ...rates }) => ({
    ...{ suite: 'peak' as const, case: name, engine: 'machine' as const, version: '', median_ms: ms, spread: null },
    ...{ ...context, ...rates, threads: 1, device: facts.device, how: '' },
  }));
  for (const { case: name, gflops, gbps } of rows) {
    log(`${name}: ${(gflops ?? gbps ?? 0).toFixed(1)} ${gflops === undefined ? 'GB/s' : 'GFLOP/s'}`);
  }
  const machine = context.backend === 'wasm' ? 'processor' : facts.software ? 'software' : 'card';
  const cases = casesOf(suites).filter(
    (c) => fits(c, machine, quick) && (only === null || c.name.toLowerCase().includes(only.toLowerCase())),
  );
  if (cases.length === 0) throw new Error(`--only ${only}: no case is called that.`);
  for (const c of cases) {
    const found = await runCase(c, benches, run, context);
    log(line(found));
    rows.push(...found);
    for (const [engine, note] of absent) rows.push(missing(found[0]!, engine, note));
  }
  return rows;
}

const missing = (
  { suite, case: name, curve, size, backend, threads, runtime, machine, date }: Row,
  engine: EngineName,
  note: string,
): Row => ({
  ...{ suite, case: name, backend, threads, engine, version: '', median_ms: null, spread: null },
  ...{ note: `did not start: ${note}`, runtime, machine, device: '', date, how: '' },
  ...(curve !== undefined && size !== undefined && { curve, size }),
});

/** One case in one line: heddle's time and rate, and what the best peer needs. */
function line(rows: readonly Row[]): string {
  const own = rows[0]!;
  const head = own.case.padEnd(64);
  if (own.median_ms === null) {
    const bytes = own.peak_bytes === undefined ? '' : `${(own.peak_bytes / 2 ** 20).toFixed(1)} MiB`;
    const expected =
      own.estimated_bytes === undefined ? '' : `, estimated ${(own.estimated_bytes / 2 ** 20).toFixed(1)} MiB`;
    return `${head} ${own.wrong ? `WRONG: ${own.note}` : bytes + expected || own.note}`;
  }
  const rate =
    own.gflops !== undefined
      ? `${own.gflops.toFixed(1)} GFLOP/s`
      : own.gbps !== undefined
        ? `${own.gbps.toFixed(1)} GB/s`
        : own.tokens_per_s !== undefined
          ? `${own.tokens_per_s.toFixed(0)} tokens/s`
          : '';
  const time = `${own.median_ms.toPrecision(4).padStart(9)} ms ±${((own.spread ?? 0) * 100).toFixed(0).padStart(2)} % ${rate.padStart(14)}`;
  const { ratio_to_best_peer: ratio, best_peer: best } = own;
  const native = own.ratio_to_pytorch === undefined ? '' : `  ${own.ratio_to_pytorch.toFixed(2)} × PyTorch`;
  const against = (ratio === undefined || best === undefined ? '' : `  ${ratio.toFixed(2)} × ${TITLES[best]}`) + native;
  const wrong = rows.filter((row) => row.wrong).map(({ engine, note }) => `  ${engine} ${note}`);
  return `${head} ${time}${against}${wrong.join('')}`;
}
