/** Builds the page of the benchmark: `npm run bench -- --page` serves it, `--page --out FOLDER` leaves it there. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { wgslEsbuild } from '../shaders/plugin.mjs';
import { ENTRIES, PEERS, peersInstalled } from './bench-peers.mjs';
import { buildInputs } from './build.mjs';
import { ROOT } from './files.mjs';
import { inlineEsbuild } from './inline.mjs';

/** Where libraries fetch their WebAssembly from: files of a package, and the folder of the page they are copied to. */
const FILES = {
  tensorflow: { from: '@tensorflow/tfjs-backend-wasm/dist', files: /^tfjs-backend-wasm.*\.wasm$/ },
  onnxruntime: { from: 'onnxruntime-web/dist', files: /^ort-wasm.*\.(wasm|mjs)$/ },
};

/**
 * Stands in for bench/peers/load.ts: in a page libraries are parts of the bundle, if they are installed.
 *
 * @param {boolean} installed
 * @returns {import('esbuild').Plugin}
 */
function peersEsbuild(installed) {
  const names = installed ? Object.keys(ENTRIES) : [];
  const imports = names.map((name) => `${JSON.stringify(name)}: () => import('peer:${name}'),`).join('\n');
  const contents = `
    import versions from 'peer-versions';
    const LIBRARIES = { ${imports} };
    export async function load(folder, name) {
      if (!(name in LIBRARIES)) throw new Error('this page was built without the peers');
      return LIBRARIES[name]();
    }
    export const versionOf = async (folder, name) => versions[name];
    export const place = (folder, name) => folder + '/' + name.replace('-webgpu', '') + '/';`;
  return {
    name: 'peers',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /peers\/load\.ts$|^\.\/load\.ts$/ }, () => ({ path: 'load', namespace: 'peers' }));
      onLoad({ filter: /.*/, namespace: 'peers' }, () => ({ contents, resolveDir: ROOT, loader: 'js' }));
      onResolve({ filter: /^peer:/ }, ({ path }) => ({ path: path.slice(5), namespace: 'peer' }));
      onLoad({ filter: /.*/, namespace: 'peer' }, ({ path }) => ({
        contents: ENTRIES[/** @type {keyof typeof ENTRIES} */ (path)],
        ...{ resolveDir: PEERS, loader: 'js' },
      }));
      onResolve({ filter: /^peer-versions$/ }, () => ({ path: join(PEERS, 'package.json'), namespace: 'versions' }));
      onLoad({ filter: /.*/, namespace: 'versions' }, () => ({
        contents: `import { dependencies } from './package.json'; export default dependencies;`,
        ...{ resolveDir: PEERS, loader: 'js' },
      }));
    },
  };
}

/**
 * benchmark.js asks for what it needs in ways that a bundler does not see, and looks among the globals when nothing answers.
 *
 * @type {import('esbuild').Plugin}
 */
const benchmarkEsbuild = {
  name: 'benchmark',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]benchmark[\\/]benchmark\.js$/ }, async ({ path }) => ({
      contents: `globalThis._ = require('lodash'); globalThis.platform = require('platform');\n${await readFile(path, 'utf8')}`,
      loader: 'js',
    }));
  },
};

/**
 * @param {string} folder where the page goes
 * @returns {Promise<boolean>} false where the build failed
 */
export async function buildPage(folder) {
  if (!(await buildInputs())) return false;
  const installed = peersInstalled();
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['bench/page/page.ts', 'bench/page/worker.ts'],
    outdir: folder,
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true },
    chunkNames: 'chunks/[name]-[hash]',
    external: ['webgpu', 'node:*'],
    // benchmark.js looks for its surroundings as programs did before there were modules
    define: { global: 'globalThis' },
    loader: { '.wasm': 'binary' },
    plugins: [peersEsbuild(installed), benchmarkEsbuild, wgslEsbuild(), inlineEsbuild()],
    logLevel: 'warning',
    logOverride: { 'direct-eval': 'silent' },
  });
  for (const name of ['index.html', 'page.css']) await cp(join(ROOT, 'bench/page', name), join(folder, name));
  if (!installed) return true;
  for (const [name, { from, files }] of Object.entries(FILES)) {
    const to = join(folder, 'peers', name);
    await mkdir(to, { recursive: true });
    await cp(join(PEERS, 'node_modules', from), to, {
      recursive: true,
      filter: (path) => path.endsWith(from) || files.test(path.slice(path.lastIndexOf('/') + 1)),
    });
  }
  return true;
}
