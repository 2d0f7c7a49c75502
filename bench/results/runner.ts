import { type Checker, checkerOf } from '../check/index.ts';
import type { Bench, Counts, SampleOptions } from '../engines/engine.ts';
import type { BenchCase } from '../suite/case.ts';
import { type Context, countFields, type Row } from './row.ts';
import { median, rate, spread } from './statistics.ts';

export interface RunOptions extends SampleOptions {
  /** Rounds: in each, every engine gives its samples in turn. */
  readonly rounds: number;
  /** Seconds one engine may take over a case; there are at least two rounds. */
  readonly budget: number;
}

/** Enough for quartiles. */
export const THOROUGH: RunOptions = { rounds: 7, samples: 3, seconds: 0.03, budget: 6 };
export const QUICK: RunOptions = { rounds: 3, samples: 3, seconds: 0.02, budget: 3 };

/** An engine with a case, checked: its samples of each round, or why it has none. */
interface Entry {
  readonly bench: Bench;
  readonly rounds: number[][];
  counts: Counts;
  note: string | null;
  wrong: boolean;
}

/**
 * Runs one case in every engine: makes it ready, holds what comes out against the reference, then takes samples in
 * rounds, one engine after another, in an order that turns; at last it looks at the output of each once more. An engine
 * whose output is wrong is not timed, and its row says so.
 */
export async function runCase(
  c: BenchCase,
  benches: readonly Bench[],
  options: RunOptions,
  context: Context,
  check: Checker = lazily(() => checkerOf(c)),
): Promise<Row[]> {
  const entries: Entry[] = [];
  for (const bench of benches) entries.push(await ready(bench, c, check));
  const timed = entries.filter(({ note }) => note === null);
  if (c.kind !== 'memory') await takeRounds(timed, options);
  for (const entry of timed) if (entry.note === null) await finish(entry, c, check);
  for (const { bench } of entries) await bench.release().catch(() => {});
  return rowsOf(c, entries, context);
}

/** A reference is expensive, and of no use where no engine has the case. */
function lazily(make: () => Checker): Checker {
  let made: Checker | null = null;
  return (got) => (made ??= make())(got);
}

async function ready(bench: Bench, c: BenchCase, check: Checker): Promise<Entry> {
  const entry: Entry = { bench, rounds: [], counts: {}, note: null, wrong: false };
  try {
    entry.note = await bench.prepare(c);
    if (entry.note !== null) return entry;
    await verify(entry, check, '');
  } catch (error) {
    failed(entry, error);
  }
  return entry;
}

/** Counts are of a run in the steady state; what was timed must still be right. */
async function finish(entry: Entry, { kind }: BenchCase, check: Checker): Promise<void> {
  try {
    entry.counts = await entry.bench.counts();
    if (kind !== 'memory') await verify(entry, check, ' after it was timed');
  } catch (error) {
    failed(entry, error);
  }
}

/** An engine that fails in the middle of a case has a note, as one that has not got it; heddle must not fail. */
function failed(entry: Entry, error: unknown): void {
  entry.note = `failed: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  if (entry.bench.name === 'heddle') entry.wrong = true;
}

async function verify(entry: Entry, check: Checker, when: string): Promise<void> {
  const problem = check(await entry.bench.outputs());
  if (problem === null) return;
  entry.wrong = true;
  entry.note = `wrong${when}: ${problem}`;
}

async function takeRounds(timed: readonly Entry[], { rounds, budget, ...sampling }: RunOptions): Promise<void> {
  const spent = new Map<Entry, number>();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < timed.length; i++) {
      // each engine follows each other one about as often
      const entry = timed[(i + round) % timed.length]!;
      if (entry.note !== null) continue;
      const begun = performance.now();
      try {
        entry.rounds.push(await entry.bench.sample(sampling));
      } catch (error) {
        failed(entry, error);
      }
      spent.set(entry, (spent.get(entry) ?? 0) + (performance.now() - begun) / 1000);
    }
    const slowest = Math.max(0, ...spent.values());
    if (round >= 1 && slowest > budget) return;
  }
}

function rowsOf(c: BenchCase, entries: readonly Entry[], context: Context): Row[] {
  const known = (entry: Entry): boolean => entry.note === null && entry.rounds.length > 0;
  const peers = entries.filter((entry) => entry.bench.name !== 'heddle' && known(entry));
  const native = peers.find((entry) => entry.bench.name === 'pytorch');
  const best = peers
    .filter((entry) => entry !== native)
    .sort((a, b) => median(a.rounds.flat()) - median(b.rounds.flat()))[0];
  return entries.map((entry): Row => {
    const { name, facts } = entry.bench;
    const samples = entry.rounds.flat();
    const ms = known(entry) ? median(samples) : null;
    return {
      ...{ suite: c.suite, case: c.name, backend: context.backend, threads: facts.threads, engine: name },
      ...{ version: facts.version, median_ms: ms, spread: ms === null ? null : spread(samples) },
      ...(ms !== null && rate(c.work, ms)),
      ...(name === 'heddle' && ms !== null && best !== undefined && againstBest(entry, best)),
      ...(name === 'heddle' &&
        ms !== null &&
        native !== undefined && { ratio_to_pytorch: median(ratios(entry, native)) }),
      ...countFields(entry.counts),
      ...(entry.note !== null && { note: entry.note }),
      ...(entry.wrong && { wrong: true as const }),
      ...(c.curve !== undefined && { curve: c.curve.name, size: c.curve.size }),
      ...{ runtime: name === 'pytorch' ? 'Python' : context.runtime, machine: context.machine },
      ...{ device: facts.device, date: context.date, how: facts.how },
    };
  });
}

/** Round by round the time of another engine over ours: what slows the machine down for a while slows both. */
const ratios = (own: Entry, other: Entry): number[] =>
  own.rounds.slice(0, other.rounds.length).map((samples, round) => median(other.rounds[round]!) / median(samples));

function againstBest(own: Entry, best: Entry): Partial<Row> {
  const all = ratios(own, best);
  return {
    ratio_to_best_peer: median(all),
    ratio_range: [Math.min(...all), Math.max(...all)],
    best_peer: best.bench.name,
  };
}
