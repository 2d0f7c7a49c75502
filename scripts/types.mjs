/**
 * Turns the declarations TypeScript emits into those of the package, which have to work for every consumer: under any
 * module resolution, without the project's options, and without WebGPU's types installed.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** Relative specifiers of a declaration: before, quote, path. */
const SPECIFIER = /(from\s+|import\s*\(\s*|import\s+|declare module\s+)(['"])(\.{1,2}\/[^'"]+)\2/g;

/**
 * @param {ReadonlyMap<string, string>} emitted texts by absolute path, with shader declarations as `NAME.wgsl.d.ts`
 * @param {readonly string[]} entries the public ones among these paths
 * @param {string} root the folder they lie in
 * @returns {Promise<Map<string, string>>} the texts to write, by absolute path
 */
export async function packageTypes(emitted, entries, root) {
  const globals = join(root, 'webgpu.d.ts');
  const types = createRequire(import.meta.url).resolve('@webgpu/types/package.json');
  const webgpu = await readFile(join(dirname(types), 'dist/index.d.ts'), 'utf8');
  /** @type {Set<string>} */
  const interfaces = new Set();
  /** @type {Map<string, string>} */
  const result = new Map();
  for (const [path, text] of reachable(emitted, entries)) {
    const named = withWebGPU(text, webgpu);
    for (const name of named.interfaces) interfaces.add(name);
    const up = relative(dirname(path), globals).split(sep).join('/');
    const reference = named.interfaces.size > 0 ? `/// <reference path="${up}" />\n` : '';
    result.set(path, reference + withJsSpecifiers(named.text));
  }
  if (interfaces.size > 0) {
    const lines = [...interfaces].sort().map((name) => `interface ${name} {}\n`);
    result.set(
      globals,
      `// Merges with WebGPU's types where a consumer has them, and stands for them elsewhere.\n${lines.join('')}`,
    );
  }
  return result;
}

/**
 * The declarations that can be reached from the entries; all others are internals nobody can name.
 *
 * @param {ReadonlyMap<string, string>} emitted
 * @param {readonly string[]} entries
 */
function reachable(emitted, entries) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const text = emitted.get(path);
    if (text === undefined || found.has(path)) continue;
    found.set(path, text);
    for (const [, , , specifier = ''] of text.matchAll(SPECIFIER)) {
      queue.push(resolve(dirname(path), specifier.replace(/(\.d)?\.ts$/, '').concat('.d.ts')));
    }
  }
  return found;
}

/**
 * Rewrites `./x.ts` and `./x.wgsl` to `./x.js` and `./x.wgsl.js`, which every resolution maps to the `.d.ts` beside them.
 *
 * @param {string} text
 */
function withJsSpecifiers(text) {
  return text.replace(SPECIFIER, (_all, before, quote, path) => {
    return `${before}${quote}${path.replace(/(\.d)?\.ts$/, '.js').replace(/\.wgsl$/, '.wgsl.js')}${quote}`;
  });
}

/**
 * Finds the WebGPU interfaces a declaration names, and writes out WebGPU's unions of strings.
 *
 * @param {string} text
 * @param {string} webgpu the declarations of `@webgpu/types`
 */
function withWebGPU(text, webgpu) {
  /** @type {Set<string>} */
  const interfaces = new Set();
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  let result = text;
  for (const name of new Set(code.match(/\bGPU\w*/g) ?? [])) {
    if (new RegExp(`^interface ${name}\\b`, 'm').test(webgpu)) {
      interfaces.add(name);
      continue;
    }
    const union = new RegExp(`^type ${name} =((?:\\s*\\|?\\s*"[^"]*")+);`, 'm').exec(webgpu)?.[1]?.match(/"[^"]*"/g);
    if (union) result = result.replace(new RegExp(`\\b${name}\\b`, 'g'), `(${union.join(' | ')})`);
    // Any other name is the engine's own, or the consumer's type check in tests/pack.test.ts finds it.
  }
  return { text: result, interfaces };
}
