/** The suite in a browser: choose, run, take the results along. `?run` with the names of the fields begins at once. */
import { type Bench, type EngineName, type EngineOptions, PEERS, TITLES } from '../engines/engine.ts';
import type { Answer } from '../engines/host.ts';
import { type Channel, Remote } from '../engines/remote.ts';
import { wasmPeaks } from '../peak/wasm.ts';
import { webgpuPeaks } from '../peak/webgpu.ts';
import { html } from '../results/html.ts';
import type { Row } from '../results/row.ts';
import { THOROUGH } from '../results/runner.ts';
import { runSuite } from '../results/suite.ts';
import { type BackendKind, SUITES, type SuiteName } from '../suite/case.ts';

const find = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E;
const form = find<HTMLFormElement>('options');
const log = (line: string): void => find('log').append(`${line}\n`);

function workerChannel(): Channel {
  const worker = new Worker('worker.js', { type: 'module' });
  return {
    send: (call) => worker.postMessage(call),
    listen(answer, lost) {
      worker.onmessage = ({ data }) => answer(data as Answer);
      worker.onerror = (event) => lost(`the worker failed: ${event.message}`);
    },
    end: () => worker.terminate(),
  };
}

/** `Chrome 147.0.0.0`, or the whole of what the browser says of itself. */
const browser = (): string => {
  const found =
    /(Firefox|Edg|Chrome)\/[\d.]+/.exec(navigator.userAgent) ?? /Version\/[\d.]+ .*Safari/.exec(navigator.userAgent);
  return (found?.[0] ?? navigator.userAgent).replace('/', ' ');
};

async function run(fields: FormData): Promise<Row[]> {
  const backend = fields.get('backend') as BackendKind;
  const suite = fields.get('suite') as SuiteName | 'all';
  const threads = Number(fields.get('threads'));
  const options: EngineOptions = { backend, threads, peers: new URL('peers', location.href).href };
  const heddle = await Remote.open('heddle', options, workerChannel());
  const benches: Bench[] = [heddle];
  const absent = new Map<EngineName, string>();
  for (const name of fields.has('peers') ? PEERS.filter((peer) => peer !== 'pytorch') : []) {
    try {
      benches.push(await Remote.open(name, options, workerChannel()));
    } catch (error) {
      absent.set(name, (error as Error).message.split('\n')[0]!);
    }
  }
  for (const { name, facts } of benches) log(`${TITLES[name]} ${facts.version}, ${facts.device}: ${facts.how}`);
  for (const [name, why] of absent) log(`${TITLES[name]} left out: ${why}`);
  if (!crossOriginIsolated) log('The page is not cross-origin isolated: one thread.');
  const rows = await runSuite({
    ...{
      suites: suite === 'all' ? SUITES : [suite],
      only: (fields.get('only') as string) || null,
      benches,
      absent,
      log,
    },
    peaks: await (backend === 'wasm' ? wasmPeaks() : webgpuPeaks()),
    context: {
      ...{ backend, threads, runtime: browser(), date: new Date().toISOString().slice(0, 10) },
      machine: `${navigator.platform}, ${navigator.hardwareConcurrency} processors`,
    },
    run: { ...THOROUGH, rounds: Number(fields.get('rounds')) },
  });
  for (const bench of benches) await bench.close();
  return rows;
}

function offer(id: string, text: string, type: string): void {
  const link = find<HTMLAnchorElement>(id);
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.hidden = false;
}

async function start(): Promise<void> {
  const button = form.querySelector('button')!;
  button.disabled = true;
  find('log').textContent = '';
  try {
    const rows = await run(new FormData(form));
    offer('json', `${JSON.stringify(rows, null, 1)}\n`, 'application/json');
    offer('html', html(rows), 'text/html');
    const wrong = rows.filter((row) => row.wrong).length;
    log(wrong === 0 ? 'Done. 完成。' : `Done; ${wrong} results were wrong. 完成；${wrong} 个结果有误。`);
  } catch (error) {
    log(`Failed 失败: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    button.disabled = false;
  }
}

const suites = form.elements.namedItem('suite') as HTMLSelectElement;
suites.append(...['all', ...SUITES].map((name) => new Option(name)));
const query = new URLSearchParams(location.search);
for (const [name, value] of query) {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement && field.type === 'checkbox') field.checked = value !== '0';
  else if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
}
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void start();
});
if (query.has('run')) void start();
