/**
 * Builds heddle: shader declarations, the two WebAssembly modules, the bundles and the types.
 *
 *   node scripts/build.mjs              everything (what `npm ci` runs)
 *   node scripts/build.mjs --no-types   everything but dist/types, for a fast loop
 *   node scripts/build.mjs --inputs     only what the type check and the tests need: shader declarations and WebAssembly
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { reflectShader, ShaderError, shaderDeclaration, shaderName } from '../shaders/plugin.mjs';
import { filesBelow, fromRoot, missing, ROOT, removeOthers, writeChanged } from './files.mjs';
import { inlineEsbuild } from './inline.mjs';
import { modules, packedShaders, withoutTests } from './package.mjs';
import { packageTypes } from './types.mjs';

const require = createRequire(import.meta.url);

/** Where TypeScript looks for the declarations of `.wgsl` files: `rootDirs` in tsconfig.json lays this over the root. */
const TYPES = join(ROOT, 'build/types');
const WASM = join(ROOT, 'build/wasm');
const DIST = join(ROOT, 'dist');

/** The package's entry points: what `package.json` exports, and the sources they come from. */
const LIBRARY = { heddle: 'engine/index.ts', transformer: 'transformer/index.ts' };
const CLI = 'transformer/cli/main.ts';

/** `geluTanh` → `GELU_TANH` */
const constantName = (/** @type {string} */ name) => name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase();

/**
 * Writes the codes of elementwise functions (engine/ops/codes.json) as constants for the shaders and for the AssemblyScript
 * kernels, so that a function has one number everywhere.
 */
export async function writeCodes() {
  const from = 'engine/ops/codes.json';
  const codes = JSON.parse(await readFile(join(ROOT, from), 'utf8'));
  for (const [kind, numbers] of Object.entries(codes)) {
    const constants = Object.entries(numbers).map(([name, code]) => [constantName(name), code]);
    const head = `// Generated from ${from} by \`npm run build\`.`;
    const wgsl = constants.map(([name, code]) => `const ${name}: u32 = ${code}u;`);
    const assembly = constants.map(([name, code]) => `export const ${name}: i32 = ${code};`);
    await writeChanged(join(ROOT, `shaders/lib/${kind}_codes.generated.wgsl`), `${[head, ...wgsl].join('\n')}\n`);
    const assemblyFile = join(ROOT, `engine/wasm/assembly/lib/${kind}Codes.generated.ts`);
    await writeChanged(assemblyFile, `${[head, ...assembly].join('\n')}\n`);
  }
}

/**
 * Reflects every shader and writes its declaration to build/types.
 *
 * A folder `lib` holds includes, which are no shaders by themselves; `tests` has two shaders of its own.
 */
export async function reflectShaders() {
  const sources = [...(await filesBelow(join(ROOT, 'shaders'))), ...(await filesBelow(join(ROOT, 'tests')))];
  const written = new Set();
  const errors = [];
  let count = 0;
  for (const path of sources) {
    if (!path.endsWith('.wgsl') || path.split(sep).at(-2) === 'lib') continue;
    try {
      const shader = reflectShader(await readFile(path, 'utf8'), shaderName(path), path);
      const to = join(TYPES, relative(ROOT, path).replace(/\.wgsl$/, '.d.wgsl.ts'));
      // The import is written as if the declaration lay beside its shader: rootDirs makes the two folders one.
      const types = relative(dirname(path), join(ROOT, 'shaders/shader.ts')).split(sep).join('/');
      const declaration = shaderDeclaration(shader, fromRoot(path), types.startsWith('.') ? types : `./${types}`);
      await writeChanged(to, declaration);
      written.add(to);
      count++;
    } catch (error) {
      if (!(error instanceof ShaderError)) throw error;
      errors.push(error.message.replaceAll(ROOT + sep, ''));
    }
  }
  if (errors.length > 0) throw new BuildError(errors.join('\n'));
  await removeOthers(TYPES, written);
  console.log(`shaders  ${count} reflected`);
}

/**
 * Compiles the AssemblyScript kernels, once with plain and once with relaxed SIMD, unless nothing they depend on changed.
 */
export async function compileWasm() {
  const config = join(ROOT, 'asconfig.json');
  const targets = Object.keys(JSON.parse(await readFile(config, 'utf8')).targets);
  const hash = createHash('sha256').update(require('assemblyscript/package.json').version);
  for (const path of [config, ...(await filesBelow(join(ROOT, 'engine/wasm/assembly')))]) {
    hash
      .update(fromRoot(path))
      .update('\0')
      .update(await readFile(path))
      .update('\0');
  }
  const stamp = hash.digest('hex');
  const stampFile = join(WASM, 'inputs.sha256');
  const modules = targets.map((target) => join(WASM, `${target}.wasm`));
  const built = await readFile(stampFile, 'utf8').catch(missing(''));
  if (built === stamp && modules.every((path) => existsSync(path))) {
    console.log(`wasm     ${targets.join(', ')} unchanged`);
    return;
  }
  await Promise.all(
    targets.map(async (target, index) => {
      const beside = join(WASM, `${target}.${process.pid}.tmp.wasm`);
      try {
        await runAsc(['--target', target, '--outFile', fromRoot(beside)]);
        await writeChanged(/** @type {string} */ (modules[index]), await readFile(beside));
      } finally {
        await rm(beside, { force: true });
      }
      const types = 'declare const bytes: Uint8Array<ArrayBuffer>;\nexport default bytes;\n';
      await writeChanged(join(WASM, `${target}.d.wasm.ts`), types);
    }),
  );
  await writeChanged(stampFile, stamp);
  console.log(`wasm     ${targets.join(', ')} compiled`);
}

/**
 * Runs the AssemblyScript compiler in its own process, so that two targets use two cores.
 *
 * @param {readonly string[]} args
 * @returns {Promise<void>}
 */
function runAsc(args) {
  const asc = join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js');
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [asc, ...args], { cwd: ROOT, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) done();
      else reject(new BuildError(`asc ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** The program of a page's threads, which the library carries as text, for a file of its own: see `worker` in WasmOptions. */
async function workerProgram() {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['engine/wasm/worker.ts'],
    format: 'esm',
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  const { browserWorker } = await import(`data:text/javascript;base64,${code}`);
  return `// The threads of heddle in a page; see docs/browser.md.${browserWorker}`;
}

/** Bundles the library with shared chunks, and the command line with its dependencies inside. */
export async function bundle() {
  const packed = [withoutTests(), packedShaders({ apart: false })];
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    outdir: DIST,
    loader: { '.wasm': 'binary' },
    plugins: packed,
    external: ['webgpu', 'node:*'],
    logLevel: 'warning',
    write: false,
  };
  const library = await build({
    ...common,
    write: false,
    entryPoints: LIBRARY,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
  // Bundled CommonJS packages call require() for Node's own modules; a module has none until it is made.
  const banner = `#!/usr/bin/env node
import { createRequire as createCliRequire } from 'node:module';
const require = createCliRequire(import.meta.url);`;
  const cli = await build({
    ...common,
    write: false,
    entryPoints: { cli: CLI },
    platform: 'node',
    target: 'node20.16',
    plugins: [...packed, inlineEsbuild()],
    banner: { js: banner },
  });
  const worker = { path: join(DIST, 'worker.js'), contents: Buffer.from(await workerProgram()) };
  const apart = await modules(Object.values(LIBRARY), join(DIST, 'modules'));
  // nothing is imported from it: the declaration only says that it is there
  const workerTypes = { path: join(DIST, 'worker.d.ts'), contents: Buffer.from('export {};\n') };
  const outputs = [...library.outputFiles, ...cli.outputFiles, ...apart, worker, workerTypes];
  for (const { path, contents } of outputs) await writeChanged(path, contents);
  // npm marks the program as executable when it installs the package; `npx heddle` in the repository needs it too.
  await chmod(join(DIST, 'cli.js'), 0o755);
  const kept = new Set(outputs.map(({ path }) => resolve(path)));
  await removeOthers(DIST, kept, (path) => /\.js(\.map)?$/.test(path) && !path.startsWith(join(DIST, 'types') + sep));
  const kilobytes = outputs
    .filter(({ path }) => !apart.some((module) => module.path === path))
    .map(({ path, contents }) => {
      return `${fromRoot(path)} ${Math.ceil(contents.length / 1024)} KB`;
    });
  console.log(`bundle   ${kilobytes.join(', ')}, ${apart.length} modules`);
}

/**
 * Writes the declarations of the public entry points to dist/types; a type error stops the build.
 */
export async function emitTypes() {
  const entries = Object.values(LIBRARY);
  const { default: ts } = await import('typescript');
  const host = {
    getCanonicalFileName: (/** @type {string} */ name) => name,
    getCurrentDirectory: () => ROOT,
    getNewLine: () => '\n',
  };
  const read = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const parsed = ts.parseJsonConfigFileContent(read.config, ts.sys, ROOT);
  const types = join(DIST, 'types');
  const program = ts.createProgram({
    rootNames: entries.map((entry) => join(ROOT, entry)),
    options: {
      ...parsed.options,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: ROOT,
      outDir: types,
    },
  });
  /** @type {Map<string, string>} */
  const emitted = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) => emitted.set(resolve(path), text));
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) throw new BuildError(ts.formatDiagnostics(problems, host));

  for (const path of await filesBelow(join(TYPES, 'shaders'))) {
    const name = relative(TYPES, path).replace(/\.d\.wgsl\.ts$/, '.wgsl.d.ts');
    emitted.set(join(types, name), await readFile(path, 'utf8'));
  }
  const publicTypes = entries.map((entry) => join(types, entry.replace(/\.ts$/, '.d.ts')));
  const written = await packageTypes(emitted, publicTypes, types);
  for (const [path, text] of written) await writeChanged(path, text);
  await removeOthers(types, new Set(written.keys()));
  console.log(`types    ${written.size} declarations`);
}

/** A failure whose message says everything; it is printed without a stack. */
class BuildError extends Error {}

/**
 * Runs steps of the build one after another, and prints what goes wrong.
 *
 * @param {readonly (() => Promise<void>)[]} steps
 * @returns {Promise<boolean>} whether all went well
 */
async function runSteps(steps) {
  try {
    for (const step of steps) await step();
    return true;
  } catch (error) {
    // esbuild has printed its own errors already.
    if (error instanceof BuildError) console.error(error.message);
    else if (!(error instanceof Error && 'errors' in error)) throw error;
    return false;
  }
}

/** Builds what the type check and the tests read: shader declarations and WebAssembly. */
export const buildInputs = () => runSteps([writeCodes, reflectShaders, compileWasm]);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { 'no-types': { type: 'boolean' }, inputs: { type: 'boolean' } } });
  const steps = [writeCodes, reflectShaders, compileWasm];
  if (!values.inputs) steps.push(bundle);
  if (!values.inputs && !values['no-types']) steps.push(emitTypes);
  process.exitCode = (await runSteps(steps)) ? 0 : 1;
}
