/** What the benchmark measures heddle against: installed in bench/peers, and made loadable. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './files.mjs';

export const PEERS = join(ROOT, 'bench/peers');

/** The modules of each library that are used, and its gradients, which a module of its own registers. */
export const ENTRIES = {
  tensorflow: `
    export * from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-core/dist/register_all_gradients';
    export * as wasm from '@tensorflow/tfjs-backend-wasm';
    export * as webgpu from '@tensorflow/tfjs-backend-webgpu';`,
  jax: "export * from '@jax-js/jax';",
  onnxruntime: "export * from 'onnxruntime-web/wasm';",
  'onnxruntime-webgpu': "export * from 'onnxruntime-web/webgpu';",
};

export const peersInstalled = () => existsSync(join(PEERS, 'node_modules'));

/** `npm ci` in bench/peers, on first use. */
export async function installPeers() {
  if (!peersInstalled()) {
    console.log('installing the peers in bench/peers …');
    const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: PEERS, stdio: 'inherit' });
    if (status !== 0) throw new Error('npm ci failed in bench/peers');
  }
  const outfile = join(PEERS, 'node_modules/.bench/tensorflow.cjs');
  if (existsSync(outfile)) return;
  await build({
    stdin: { contents: ENTRIES.tensorflow, resolveDir: PEERS, loader: 'js' },
    ...{ outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node20.16', logLevel: 'error' },
    mainFields: ['module', 'main'],
  });
}
