import { parseArgs } from 'node:util';
import { type BackendKind, SUITES, type SuiteName } from './suite/case.ts';

export const USAGE = `usage: npm run bench -- [options]

  --suite NAME[,NAME…]  ${SUITES.join(', ')}, or all (default)
  --backend NAME        wasm (default) or webgpu
  --threads N           threads on wasm; 1 unless told
  --peers               measure TensorFlow.js, ONNX Runtime Web, jax-js and PyTorch beside heddle; installs them on first use
  --only TEXT           cases whose name has this in it
  --quick               three rounds, and no case above 3 GFLOP: minutes rather than an hour
  --rounds N            times each engine is asked in turn; 7 unless told
  --json FILE           all results as a list
  --html FILE           curves and tables as one page
  --markdown FILE       BENCHMARKS.md from results; and FILE.zh.md in Chinese
  --from FILE           no measuring: results of an earlier run, more than once for several
  --page                serve the suite as a page, or with --out FOLDER write it there`;

export interface Options {
  readonly suites: readonly SuiteName[];
  readonly backend: BackendKind;
  readonly threads: number;
  readonly peers: boolean;
  readonly only: string | null;
  readonly quick: boolean;
  readonly rounds: number | null;
  readonly json: string | null;
  readonly html: string | null;
  readonly markdown: string | null;
  readonly from: readonly string[];
}

export class UsageError extends Error {}

const count = (flag: string, text: string | undefined): number | null => {
  if (text === undefined) return null;
  const n = Number(text);
  if (!(Number.isInteger(n) && n > 0)) throw new UsageError(`--${flag} ${text}: expected a whole number above 0.`);
  return n;
};

export function parseOptions(args: readonly string[]): Options {
  let values: Record<string, string | boolean | string[] | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        suite: { type: 'string', default: 'all' },
        backend: { type: 'string', default: 'wasm' },
        threads: { type: 'string' },
        peers: { type: 'boolean', default: false },
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        json: { type: 'string' },
        html: { type: 'string' },
        markdown: { type: 'string' },
        from: { type: 'string', multiple: true, default: [] },
      },
    }));
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const backend = text('backend')!;
  if (backend !== 'wasm' && backend !== 'webgpu')
    throw new UsageError(`--backend ${backend}: expected wasm or webgpu.`);
  const named = text('suite')!.split(',');
  const unknown = named.find((name) => name !== 'all' && !(SUITES as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`--suite ${unknown}: expected ${SUITES.join(', ')} or all.`);
  return {
    suites: named.includes('all') ? SUITES : SUITES.filter((name) => named.includes(name)),
    ...{ backend, threads: count('threads', text('threads')) ?? 1, peers: values['peers'] === true },
    ...{ quick: values['quick'] === true, only: text('only') ?? null, rounds: count('rounds', text('rounds')) },
    ...{ json: text('json') ?? null, html: text('html') ?? null, markdown: text('markdown') ?? null },
    from: values['from'] as string[],
  };
}
