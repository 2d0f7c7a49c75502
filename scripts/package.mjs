/**
 * What makes the package small: esbuild plugins that leave out of the library what only its own tests read, pack the
 * WebAssembly, and write a module for each source file, so that a bundler keeps only what a program uses.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';
import { reflectShader, shaderModule, shaderName } from '../shaders/plugin.mjs';
import { fromRoot, ROOT } from './files.mjs';
import { inlineEsbuild } from './inline.mjs';

/** Modules that do something when they are loaded: give methods to Tensor, operations to the tape. All others only declare. */
export const WITH_EFFECTS = [
  'engine/methods.ts',
  'engine/memory.ts',
  'engine/ops/accumulate.ts',
  'engine/ops/contiguous.ts',
];

/** What a definition has for the generated tests and the benchmark alone. */
const FOR_TESTS = new Set(['cases', 'reference']);

/**
 * Leaves out `cases` and `reference` of the definitions of operations and kernels.
 *
 * @returns {import('esbuild').Plugin}
 */
export function withoutTests() {
  return {
    name: 'without-tests',
    setup(build) {
      build.onLoad({ filter: /[\\/]engine[\\/](ops|optim)[\\/][^\\/]+\.ts$/ }, async ({ path }) => ({
        contents: stripped(await readFile(path, 'utf8'), path),
        loader: 'ts',
      }));
    },
  };
}

/**
 * @param {string} text
 * @param {string} path
 */
export function stripped(text, path) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  /** @type {[number, number][]} */
  const cuts = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    const isProperty =
      ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node) || ts.isMethodDeclaration(node);
    if (isProperty && ts.isObjectLiteralExpression(node.parent) && FOR_TESTS.has(node.name.getText(file))) {
      const comma = /^\s*,/.exec(text.slice(node.end))?.[0].length ?? 0;
      cuts.push([node.getFullStart(), node.end + comma]);
    } else {
      ts.forEachChild(node, visit);
    }
  };
  visit(file);
  let kept = '';
  let from = 0;
  for (const [begin, end] of cuts) {
    kept += text.slice(from, begin);
    from = end;
  }
  return kept + text.slice(from);
}

/** Shorter runs than this cost more as a reference than as themselves. */
const RUN = 12;

/**
 * What makes `target` of `source`: again and again a count of new bytes, these bytes, how far the next run of old bytes lies
 * from the end of the one before, and how long it is; numbers as in LEB128, distances folded to whole numbers from 0.
 *
 * @param {Uint8Array} source
 * @param {Uint8Array} target
 */
export function difference(source, target) {
  const key = (/** @type {Uint8Array} */ bytes, /** @type {number} */ at) => bytes.subarray(at, at + RUN).join();
  /** @type {Map<string, number[]>} */
  const places = new Map();
  for (let at = 0; at + RUN <= source.length; at++) {
    const known = places.get(key(source, at));
    if (known === undefined) places.set(key(source, at), [at]);
    else known.push(at);
  }
  const runAt = (/** @type {number} */ from, /** @type {number} */ at) => {
    let length = 0;
    while (at + length < target.length && source[from + length] === target[at + length]) length++;
    return length;
  };
  /** @type {number[]} */
  const script = [];
  const number = (/** @type {number} */ n) => {
    for (; n > 127; n = Math.floor(n / 128)) script.push((n % 128) + 128);
    script.push(n);
  };
  /** @type {number[]} */
  let fresh = [];
  let end = 0;
  const entry = (/** @type {number} */ from, /** @type {number} */ length) => {
    number(fresh.length);
    script.push(...fresh);
    fresh = [];
    number(from >= end ? 2 * (from - end) : 2 * (end - from) - 1);
    number(length);
    end = from + length;
  };
  for (let at = 0; at < target.length; ) {
    // the run that goes on where the last one ended needs no distance
    let best = { from: end, length: runAt(end, at) };
    for (const from of places.get(key(target, at)) ?? []) {
      const length = runAt(from, at);
      if (length > best.length + 4) best = { from, length };
    }
    if (best.length >= RUN || (best.from === end && best.length >= 4)) {
      entry(best.from, best.length);
      at += best.length;
    } else {
      fresh.push(target[at++] ?? 0);
    }
  }
  entry(end, 0);
  return Uint8Array.from(script);
}

/**
 * `engine/wasm/binaries.ts` with one build and what makes the other of it, deflated into one string: they differ in one
 * instruction, and are the same everywhere else.
 *
 * @returns {import('esbuild').Plugin}
 */
export function packedWasm() {
  return {
    name: 'packed-wasm',
    setup(build) {
      build.onLoad({ filter: /[\\/]engine[\\/]wasm[\\/]binaries\.ts$/ }, async () => {
        const [simd, relaxed] = await Promise.all(
          ['simd', 'relaxed'].map((name) => readFile(join(ROOT, `build/wasm/${name}.wasm`))),
        );
        if (simd === undefined || relaxed === undefined) throw new Error('npm run build');
        const both = Buffer.concat([simd, difference(simd, relaxed)]);
        const contents = `import { inflateSync } from 'fflate';
const packed = '${deflateRawSync(both, { level: 9 }).toString('base64')}';
export function binary(relaxed) {
  const all = inflateSync(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)));
  return relaxed ? patched(all, ${simd.length}, new Uint8Array(${relaxed.length})) : all.slice(0, ${simd.length});
}
function patched(all, at, to) {
  const number = () => {
    let n = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = all[at++];
      n += (byte & 127) * scale;
      if (byte < 128) return n;
    }
  };
  for (let i = 0, end = 0; at < all.length; ) {
    const fresh = number();
    to.set(all.subarray(at, at + fresh), i);
    at += fresh;
    i += fresh;
    const move = number();
    const from = end + (move % 2 === 0 ? move / 2 : -(move + 1) / 2);
    end = from + number();
    to.set(all.subarray(from, end), i);
    i += end - from;
  }
  return to;
}
`;
        return { contents, loader: 'js', resolveDir: join(ROOT, 'engine/wasm') };
      });
    },
  };
}

/**
 * A shader without comments and indentation, but for those that mark a parameter: they are read when a variant is made.
 *
 * @param {string} source
 */
export const minifiedShader = (source) =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .split('\n')
    .map((line) => (/\/\/ *@param/.test(line) ? line : line.replace(/\/\/.*$/, '')).trim())
    .filter((line) => line !== '')
    .join('\n');

/**
 * Serves shaders minified. With `apart`, all that is known of them but their names lies in one module of its own, which is
 * loaded when a device is opened that needs it.
 *
 * @param {{ readonly apart: boolean }} options
 * @returns {import('esbuild').Plugin}
 */
export function packedShaders({ apart }) {
  return {
    name: 'packed-shaders',
    setup(build) {
      build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => {
        const shader = await minified(path);
        if (!apart) return { contents: shaderModule(shader), loader: 'js' };
        const apartFrom = relative(dirname(path), join(ROOT, 'shaders/text.ts')).split(sep).join('/');
        const from = apartFrom.startsWith('.') ? apartFrom : `./${apartFrom}`;
        const contents = `import { shaderOf } from '${from}';
export default /* @__PURE__ */ shaderOf(${JSON.stringify(shader.name)});
`;
        return { contents, loader: 'js', resolveDir: dirname(path) };
      });
    },
  };
}

/** @param {string} path */
async function minified(path) {
  const { files: _, ...shader } = reflectShader(await readFile(path, 'utf8'), shaderName(path), path);
  return { ...shader, source: minifiedShader(shader.source) };
}

const JS = /\.(ts|wgsl)$/;

/**
 * Writes what the entries lead to as a module for each source file, below `outdir`.
 *
 * @param {readonly string[]} entries
 * @param {string} outdir
 * @returns {Promise<import('esbuild').OutputFile[]>}
 */
export async function modules(entries, outdir) {
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['webgpu', 'node:*'],
    logLevel: 'warning',
    write: false,
    outdir,
    outbase: ROOT,
  };
  const plugins = [withoutTests(), packedWasm(), inlineEsbuild()];
  const { metafile } = await build({
    ...common,
    entryPoints: [...entries],
    metafile: true,
    plugins: [packedShaders({ apart: false }), ...plugins],
  });
  const files = Object.keys(metafile.inputs).filter((path) => JS.test(path) && !path.startsWith('node_modules'));
  /** @type {import('esbuild').Plugin} */
  const apart = {
    name: 'apart',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
        if (kind === 'entry-point' || !JS.test(path) || !resolveDir.startsWith(ROOT)) return null;
        const file = fromRoot(resolve(resolveDir, path));
        if (file.startsWith('node_modules')) return null;
        return { path: outputName(path), external: true, sideEffects: WITH_EFFECTS.includes(file) };
      });
    },
  };
  /** @type {[string, string][]} */
  const lists = [];
  /** @type {string[]} */
  const others = [];
  for (const file of files) {
    const list = file.endsWith('.ts') ? reExports(await readFile(join(ROOT, file), 'utf8')) : null;
    if (list === null) others.push(file);
    else lists.push([outputName(file), list]);
  }
  const { outputFiles } = await build({
    ...common,
    write: false,
    entryPoints: others.map((file) => ({ in: file, out: outputName(file).replace(/\.js$/, '') })),
    plugins: [apart, packedShaders({ apart: true }), ...plugins],
  });
  const shaders = files.filter((file) => file.endsWith('.wgsl')).map((file) => minified(join(ROOT, file)));
  const texts = `export default ${JSON.stringify(await Promise.all(shaders), null, 1)};\n`;
  const loader = `const shaders = {};
export const shaderOf = (name) => (shaders[name] ??= { name });
export async function loadTexts() {
  for (const shader of (await import('./texts.js')).default) Object.assign(shaderOf(shader.name), shader);
}
`;
  return [
    ...outputFiles.filter(({ path }) => path !== join(outdir, 'shaders/text.js')),
    ...[['shaders/text.js', loader], ['shaders/texts.js', texts], ...lists].map(([path = '', text = '']) => {
      return { path: join(outdir, path), text, hash: '', contents: Buffer.from(text) };
    }),
  ];
}

/**
 * A file that only hands on what others export, in JavaScript; null for any other. esbuild would write imports and exports
 * of one file apart, and bundlers then keep all that it imports.
 *
 * @param {string} text
 */
function reExports(text) {
  const file = ts.createSourceFile('index.ts', text, ts.ScriptTarget.ES2022);
  if (!file.statements.every((each) => ts.isExportDeclaration(each) || ts.isImportDeclaration(each))) return null;
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(text, { compilerOptions }).outputText.replace(/(from |import )'(\..*)\.ts'/g, "$1'$2.js'");
}

/** @param {string} file */
const outputName = (file) => file.replace(/\.wgsl$/, '.wgsl.js').replace(/\.ts$/, '.js');
