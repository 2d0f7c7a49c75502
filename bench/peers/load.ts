/** The libraries that are measured, by short names; WebGPU has a build of its own in one of them. */
export type Library = 'tensorflow' | 'jax' | 'onnxruntime' | 'onnxruntime-webgpu';

/** What `require` finds in bench/peers, which has a package.json of its own. */
const PACKAGES: Readonly<Record<Library, string>> = {
  // gradients are registered by a module that Node cannot load as it is: see scripts/bench-peers.mjs
  tensorflow: './node_modules/.bench/tensorflow.cjs',
  jax: '@jax-js/jax',
  onnxruntime: 'onnxruntime-web',
  'onnxruntime-webgpu': './node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs',
};

/** Loads a library from the folder of the peers. A build for a page puts another file in the place of this one. */
export async function load(folder: string, library: Library): Promise<unknown> {
  const { createRequire } = await import('node:module');
  const found = createRequire(`${folder}/package.json`).resolve(PACKAGES[library]);
  const { pathToFileURL } = await import('node:url');
  const loaded = (await import(pathToFileURL(found).href)) as { default?: object };
  // what was CommonJS has its exports in `default`
  return { ...loaded.default, ...loaded };
}

/** The version that is installed. */
export async function versionOf(folder: string, name: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(`${folder}/node_modules/${name}/package.json`, 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Where a library reads its other files from, or null where it finds them by itself. */
export const place = (folder: string, library: Library): string | null =>
  library === 'tensorflow' ? `${folder}/node_modules/@tensorflow/tfjs-backend-wasm/dist/` : null;
