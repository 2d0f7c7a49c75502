/**
 * Bundles a TypeScript program of the repository and runs it, for programs that are no part of the package.
 *
 * Packages stay outside the bundle. A program that is given `--backend webgpu` runs on the machine's own adapter where
 * there is one, and on the software adapter where there is none.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { wgslEsbuild } from '../shaders/plugin.mjs';
import { buildInputs } from './build.mjs';
import { ROOT } from './files.mjs';
import { inlineEsbuild } from './inline.mjs';
import { run, runWithSoftwareAdapter } from './with-software-adapter.mjs';

/** Succeeds where Dawn finds an adapter without help. */
const PROBE = `
import { create } from 'webgpu';
const adapter = await create([]).requestAdapter();
process.exit(adapter === null ? 1 : 0);
`;

/**
 * @param {string} source path from the root, `bench/main.ts` for one
 * @param {readonly string[]} args what the program gets
 * @returns {Promise<number>} its exit code
 */
export async function runSource(source, args) {
  if (!(await buildInputs())) return 1;
  const outfile = join(ROOT, 'build/programs', source.replace(/\.ts$/, '.mjs'));
  await build({
    absWorkingDir: ROOT,
    entryPoints: [source],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.16',
    packages: 'external',
    sourcemap: 'inline',
    loader: { '.wasm': 'binary' },
    plugins: [wgslEsbuild(), inlineEsbuild()],
    logLevel: 'warning',
  });
  const command = ['--enable-source-maps', outfile, ...args];
  return wantsWebGPU(args) && !hasAdapter()
    ? runWithSoftwareAdapter(process.execPath, command)
    : run(process.execPath, command);
}

/** Whether this machine has an adapter of its own; asked in another process, because a driver may take its process down. */
function hasAdapter() {
  const probe = spawnSync(process.execPath, ['--input-type=module', '--eval', PROBE], { cwd: ROOT, stdio: 'ignore' });
  return probe.status === 0;
}

/** @param {readonly string[]} args */
function wantsWebGPU(args) {
  return args.some((arg, index) => arg === '--backend=webgpu' || (arg === 'webgpu' && args[index - 1] === '--backend'));
}
