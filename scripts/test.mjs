/**
 * Runs the tests on the software adapter (see scripts/software-adapter.mjs) and ends with the line `N passed, M failed`.
 *
 *   node scripts/test.mjs [vitest's filters and options]
 *   node scripts/test.mjs ops softmax                   a word that is in no file's name is one of tests: those of softmax
 *   node scripts/test.mjs --watch [filters]             again at each change
 *   HEDDLE_DEVICES=wasm node scripts/test.mjs [filters]  without WebGPU, for a quick loop; proves half
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildInputs } from './build.mjs';
import { filesBelow, fromRoot, ROOT } from './files.mjs';
import { runWithSoftwareAdapter } from './with-software-adapter.mjs';

const watch = process.argv.includes('--watch');
const args = await withNames(process.argv.slice(2).filter((arg) => arg !== '--watch'));
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const folder = await mkdtemp(join(tmpdir(), 'heddle-test-'));
const countsFile = join(folder, 'counts.json');

let passed = 0;
let failed = 0;
try {
  if (!(await buildInputs())) throw new Error('the build failed');
  const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'scripts/test-reporter.mjs')}`];
  const command = [vitest, watch ? 'watch' : 'run', ...reporters, '--allowOnly=false', ...args];
  const code = await runWithSoftwareAdapter(process.execPath, command, { HEDDLE_TEST_COUNTS: countsFile });
  const counts = JSON.parse(await readFile(countsFile, 'utf8'));
  // A name filter skips what it does not name; that is no omission.
  const skipped = args.some((arg) => /^(-t|--testNamePattern)/.test(arg)) ? [] : counts.skipped;
  for (const name of skipped) console.log(`skipped, which counts as failed: ${name}`);
  if (counts.allowedSkips > 0) console.log(`${counts.allowedSkips} skipped: the golden directory is absent`);
  passed = counts.passed;
  failed = counts.failed + skipped.length;
  // Vitest found something that is no test's fault, a worker that died for one.
  if (failed === 0 && (code !== 0 || passed === 0)) failed = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  failed = Math.max(failed, 1);
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (process.env['HEDDLE_DEVICES'] === 'wasm') console.log('WebGPU was left out: HEDDLE_DEVICES=wasm');
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * Vitest's filters are parts of the names of files. Words that no test file has in its name are taken for names of tests.
 *
 * @param {readonly string[]} given
 * @returns {Promise<string[]>}
 */
async function withNames(given) {
  // an option may be followed by its value, which is no filter
  const first = given.findIndex((arg) => arg.startsWith('-'));
  const words = first < 0 ? given : given.slice(0, first);
  const files = (await filesBelow(join(ROOT, 'tests'))).map(fromRoot).filter((path) => path.endsWith('.test.ts'));
  const names = words.filter((word) => !files.some((path) => path.includes(word.replace(/^\.\//, ''))));
  const rest = given.filter((arg) => !names.includes(arg));
  return names.length === 0 ? rest : [...rest, '-t', `(${names.join('|')})`];
}
