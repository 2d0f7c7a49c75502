/**
 * `npm run bench`: times heddle, and with `--peers` the libraries it competes with, in turns within one run; checks every
 * result before it is timed; prints a line for each case and writes what it is asked to. See options.ts.
 *
 * Exit code 1: a result was wrong. 2: it could not run at all.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bench, type EngineName, type EngineOptions, PEERS, TITLES } from './engines/engine.ts';
import { type Answer, type Call, serveCalls } from './engines/host.ts';
import { findPyTorch, forkHost, HOST_FLAG, pythonHost } from './engines/process.ts';
import { Remote } from './engines/remote.ts';
import { type Options, parseOptions, UsageError } from './options.ts';
import { wasmPeaks } from './peak/wasm.ts';
import { webgpuPeaks } from './peak/webgpu.ts';
import { html as htmlOf } from './results/html.ts';
import { markdown } from './results/markdown.ts';
import type { Context, Row } from './results/row.ts';
import { QUICK, THOROUGH } from './results/runner.ts';
import { runSuite } from './results/suite.ts';

/** The repository: this program is bundled to build/programs/bench. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PEERS_FOLDER = join(ROOT, 'bench/peers');

async function openPeers(
  options: EngineOptions,
  wanted: boolean,
): Promise<{ benches: Bench[]; absent: Map<EngineName, string> }> {
  const benches: Bench[] = [];
  const absent = new Map<EngineName, string>();
  for (const name of wanted ? PEERS : []) {
    try {
      const python = name === 'pytorch' ? await findPyTorch() : null;
      if (name === 'pytorch' && python === null) throw new Error('no Python here has torch and numpy');
      const channel =
        python === null ? forkHost(process.argv[1]!) : pythonHost(python, join(PEERS_FOLDER, 'pytorch.py'));
      benches.push(await Remote.open(name, options, channel));
    } catch (error) {
      absent.set(name, (error instanceof Error ? error.message : String(error)).split('\n')[0]!);
    }
  }
  return { benches, absent };
}

async function measure({ suites, backend, threads, peers, only, quick, rounds }: Options): Promise<Row[]> {
  const options = { backend, threads, peers: PEERS_FOLDER };
  const processors = cpus();
  const context: Context = {
    ...{ backend, threads, runtime: `Node ${process.versions.node}`, date: new Date().toISOString().slice(0, 10) },
    machine: `${processors[0]?.model.trim()}, ${processors.length} processors`,
  };
  const peaks = await (backend === 'wasm' ? wasmPeaks() : webgpuPeaks());
  const heddle = await Remote.open('heddle', options, forkHost(process.argv[1]!));
  const { benches, absent } = await openPeers(options, peers);
  for (const { name, facts } of [heddle, ...benches]) {
    console.log(`${TITLES[name].padEnd(18)} ${facts.version}, ${facts.device}: ${facts.how}`);
  }
  for (const [name, why] of absent) console.log(`${TITLES[name].padEnd(18)} left out: ${why}`);
  const result = await runSuite({
    ...{ suites, only, context, peaks, benches: [heddle, ...benches], absent, log: (line) => console.log(line) },
    run: { ...(quick ? QUICK : THOROUGH), ...(rounds !== null && { rounds }) },
    quick,
  });
  for (const bench of [heddle, ...benches]) await bench.close();
  return result;
}

/** Beside its place first, then renamed. */
function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
  console.log(path);
}

async function main(options: Options): Promise<number> {
  const { from, json, html, markdown: md } = options;
  const rows =
    from.length > 0 ? from.flatMap((path) => JSON.parse(readFileSync(path, 'utf8')) as Row[]) : await measure(options);
  if (json !== null) write(json, `${JSON.stringify(rows, null, 1)}\n`);
  if (html !== null) write(html, htmlOf(rows));
  if (md !== null) {
    write(md, markdown(rows, 'en'));
    write(md.replace(/\.md$/, '.zh.md'), markdown(rows, 'zh'));
  }
  const wrong = rows.filter((row) => row.wrong);
  for (const { engine, case: name, note } of wrong) console.error(`bench: ${engine}, ${name}: ${note}`);
  return wrong.length > 0 ? 1 : 0;
}

if (process.argv.includes(HOST_FLAG)) {
  const answer = serveCalls((message: Answer) => void process.send!(message));
  process.on('message', (call) => answer(call as Call));
  process.on('disconnect', () => process.exit(0));
} else {
  try {
    process.exit(await main(parseOptions(process.argv.slice(2))));
  } catch (error) {
    console.error(
      `bench: ${error instanceof UsageError ? error.message : error instanceof Error ? error.stack : String(error)}`,
    );
    process.exit(2);
  }
}
