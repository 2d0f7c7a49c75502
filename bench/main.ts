import { parseArgs } from 'node:util';
import { type Device, openDevice } from '../engine/index.ts';
import { type BenchCase, matmulCases, operationCases } from './cases.ts';
import { type Measurement, measure } from './measure.ts';
import { writeReport } from './report.ts';

/**
 * `npm run bench -- --backend wasm|webgpu [--threads N] [--only NAME] [--out FILE]`: times the benchmark case of every
 * operation and a curve of matrix products, prints a line for each, and writes a chart that opens without a network.
 */
const usage = 'usage: npm run bench -- [--backend wasm|webgpu] [--threads N] [--only NAME] [--out report.html]';

function options(): { backend: 'wasm' | 'webgpu'; threads: number | undefined; only: string | undefined; out: string } {
  const { values } = parseArgs({
    options: {
      backend: { type: 'string', default: 'wasm' },
      threads: { type: 'string' },
      only: { type: 'string' },
      out: { type: 'string', default: 'runs/bench.html' },
    },
  });
  const { backend, threads, only, out } = values;
  if (backend !== 'wasm' && backend !== 'webgpu')
    throw new Error(`--backend ${backend}: expected wasm or webgpu. ${usage}`);
  const count = threads === undefined ? undefined : Number(threads);
  if (count !== undefined && !(Number.isInteger(count) && count > 0))
    throw new Error(`--threads ${threads}: expected a whole number above 0.`);
  return { backend, threads: count, only, out };
}

const show = ({ name, shape, ms, deviation, rate, unit }: Measurement): string =>
  `${name.padEnd(28)} ${shape.padEnd(36)} ${ms.toFixed(3).padStart(10)} ms ±${(deviation * 100).toFixed(0).padStart(3)} % ${rate.toFixed(1).padStart(9)} ${unit}`;

async function run(device: Device, cases: readonly BenchCase[]): Promise<Measurement[]> {
  const results: Measurement[] = [];
  for (const c of cases) {
    const result = await measure(c, device);
    results.push(result);
    console.log(show(result));
  }
  return results;
}

try {
  const { backend, threads, only, out } = options();
  const device = await openDevice(backend, threads === undefined ? {} : { threads });
  const node = `Node ${process.versions.node}`;
  console.log(
    `${device.description}, ${node}${device.software ? '. A software adapter: its speed says nothing of a real card.' : ''}\n`,
  );
  const wanted = [...matmulCases(), ...operationCases()].filter((c) => only === undefined || c.name === only);
  if (wanted.length === 0) throw new Error(`--only ${only}: no benchmark is called that. Leave it out to see all.`);
  const results = await run(device, wanted);
  writeReport(out, { device: device.description, node, results });
  console.log(`\n${out}`);
  device.destroy();
  process.exit(0);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
