import { parseArgs } from 'node:util';
import { runGolden } from './run.ts';

/**
 * `npm run golden -- --dir DIR --backend wasm|webgpu`: every case of DIR by its tolerances. Prints each failure with its
 * error, the worst error of every operation, and last `N passed, N failed`; exits 1 when anything failed.
 */
const usage = 'usage: npm run golden -- --dir DIR --backend wasm|webgpu';

function options(): { dir: string; backend: 'wasm' | 'webgpu' } {
  const { values } = parseArgs({ options: { dir: { type: 'string' }, backend: { type: 'string', default: 'wasm' } } });
  const { dir, backend } = values;
  if (dir === undefined) throw new Error(`--dir is missing. ${usage}`);
  if (backend !== 'wasm' && backend !== 'webgpu')
    throw new Error(`--backend ${backend}: expected wasm or webgpu. ${usage}`);
  return { dir, backend };
}

try {
  const { dir, backend } = options();
  const worst = new Map<string, number>();
  let passed = 0;
  let failed = 0;
  for await (const { name, group, error, failures } of runGolden(dir, backend)) {
    if (failures.length === 0) passed++;
    else failed++;
    for (const failure of failures) console.log(`FAILED ${name}: ${failure}`);
    const before = worst.get(group) ?? 0;
    worst.set(group, error > before || Number.isNaN(error) ? error : before);
  }
  console.log(`\nworst relative error on ${backend}, by operation`);
  for (const [group, error] of worst) console.log(`  ${group.padEnd(30)} ${error.toExponential(2)}`);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
} catch (error) {
  console.error(`golden: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
