/**
 * Turns `.wgsl` files into typed modules.
 *
 * One reflection serves three readers: esbuild (the bundles), vite (the tests) and `scripts/build.mjs` (the declarations that
 * let the type check know each shader's bindings, uniforms and parameters). The rules a shader has to follow are enforced
 * here, so that a mistake stops the build with its file and line.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';

/** @import { Shader, UniformField, UniformKind } from './shader.ts' */
/** @typedef {{ file: string, line: number }} Origin where a line of the expanded source was written */
/** @typedef {{ source: string, origins: Origin[], files: string[] }} Expanded */

/** The folder of the engine's shaders. */
const SHADERS = dirname(fileURLToPath(import.meta.url));

const INCLUDE = /^[ \t]*\/\/[ \t]*@include[ \t]+(\S+)[ \t]*$/;
const PARAM_MARK = /\/\/[ \t]*@param\b/;
const PARAM =
  /^[ \t]*(?:const|alias)[ \t]+(\w+)[ \t]*(?::[ \t]*[\w<>]+[ \t]*)?=[ \t]*([^;]*?)[ \t]*;[ \t]*\/\/[ \t]*@param\b/;
const VECTOR = /^vec([234])(?:<(u32|i32|f32)>|([uif]))$/;
/** Names WGSL allows and wgsl_reflect's parser does not, where they do not stand in a declaration such as `var<storage>`. */
const RESERVED = /(?<![<,.]\s*)\b(?:block|read|write|storage|function|private|workgroup|uniform)\b/;
const SUFFIX = /** @type {const} */ ({ u: 'u32', i: 'i32', f: 'f32' });

/** A mistake in a shader, with the place it was made. */
export class ShaderError extends Error {
  /**
   * @param {string} problem what is wrong and what was expected
   * @param {Origin} where
   */
  constructor(problem, where) {
    super(`${where.file}:${where.line}: ${problem}`);
    this.name = 'ShaderError';
    this.problem = problem;
    this.where = where;
  }
}

/**
 * The folder `// @include lib/NAME.wgsl` is resolved against: the nearest folder called `shaders` the file lies in.
 *
 * @param {string} path
 */
function includeRoot(path) {
  for (let folder = dirname(resolve(path)); folder !== dirname(folder); folder = dirname(folder)) {
    if (basename(folder) === 'shaders') return folder;
  }
  return SHADERS;
}

/**
 * Puts `// @include` files in the place of their lines, each at most once, and remembers where every line came from.
 *
 * @param {string} source
 * @param {string} file path of the source
 * @returns {Expanded}
 */
export function expandIncludes(source, file) {
  const root = includeRoot(file);
  /** @type {string[]} */
  const lines = [];
  /** @type {Origin[]} */
  const origins = [];
  /** @type {Set<string>} */
  const seen = new Set();
  /** @type {(text: string, from: string) => void} */
  const add = (text, from) => {
    for (const [index, line] of text.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n').entries()) {
      const where = { file: from, line: index + 1 };
      const name = INCLUDE.exec(line)?.[1];
      if (name === undefined) {
        lines.push(line);
        origins.push(where);
        continue;
      }
      const path = resolve(root, name);
      if (seen.has(path)) continue;
      seen.add(path);
      let included;
      try {
        included = readFileSync(path, 'utf8');
      } catch {
        throw new ShaderError(`cannot include "${name}": there is no file ${path}`, where);
      }
      add(included, path);
    }
  };
  add(source, file);
  return { source: `${lines.join('\n')}\n`, origins, files: [...seen] };
}

/**
 * Reflects one shader: its entry point, storage buffers, uniform struct and parameters.
 *
 * @param {string} source WGSL, before inclusion
 * @param {string} name what the shader is called in pipeline keys and messages
 * @param {string} [file] path of the source: for messages, and to find its includes
 * @returns {Shader & { readonly files: readonly string[] }} the shader, and the files it included
 * @throws {ShaderError} with file and line when the shader breaks a rule
 */
export function reflectShader(source, name, file = `${name}.wgsl`) {
  const expanded = expandIncludes(source, file);
  const code = blankComments(expanded.source);
  const lines = code.split('\n');
  /** @type {(problem: string, line?: number) => never} */
  const fail = (problem, line = 1) => {
    throw new ShaderError(problem, expanded.origins[line - 1] ?? { file, line });
  };
  /** @type {(pattern: RegExp) => number} */
  const lineOf = (pattern) => Math.max(lines.findIndex((line) => pattern.test(line)) + 1, 1);
  /** @type {(variable: string) => number} */
  const lineOfVariable = (variable) => lineOf(new RegExp(`\\bvar\\b[^;]*?\\b${variable}\\s*:`));

  const module = parse(expanded.source, fail);
  const entry = module.entry.compute[0];
  if (entry === undefined || module.entry.compute.length > 1 || entry.name !== 'main') {
    const found = module.entry.compute.map((each) => each.name).join(', ') || 'none';
    fail(`expected exactly one compute entry point called "main", but found ${found}`, entry?.startLine);
  }
  for (const override of module.overrides) {
    const line = lineOf(new RegExp(`\\boverride\\s+${override.name}\\b`));
    fail(`"override ${override.name}" is not supported; write "const ${override.name} = value; // @param"`, line);
  }
  for (const other of [...module.textures, ...module.samplers]) {
    fail(
      `"${other.name}" is a texture or sampler; only storage buffers and uniforms are supported`,
      lineOfVariable(other.name),
    );
  }

  /** @type {Map<number, string>} */
  const taken = new Map();
  for (const variable of [...module.uniforms, ...module.storage]) {
    const line = lineOfVariable(variable.name);
    if (variable.group !== 0)
      fail(`"${variable.name}" is in group ${variable.group}; every binding is in group 0`, line);
    const before = taken.get(variable.binding);
    if (before !== undefined) fail(`"${variable.name}" and "${before}" share binding ${variable.binding}`, line);
    taken.set(variable.binding, variable.name);
  }

  const params = reflectParams(expanded, fail);
  const bindings = [...module.storage]
    .sort((a, b) => a.binding - b.binding)
    .map(({ name: binding, access, binding: slot }) => {
      if (access !== 'read' && access !== 'read_write') {
        fail(`"${binding}" has access "${access}"; expected read or read_write`, lineOfVariable(binding));
      }
      return { name: binding, binding: slot, access: /** @type {'read' | 'read_write'} */ (access) };
    });
  return {
    name,
    source: expanded.source,
    entryPoint: 'main',
    bindings,
    uniforms: reflectUniforms(module, params, lines, lineOfVariable, fail),
    params,
    workgroupMemory: /\bvar\s*<\s*workgroup\b/.test(code),
    files: expanded.files,
  };
}

/**
 * @param {string} source
 * @param {(problem: string, line?: number) => never} fail
 * @returns {WgslReflect}
 */
function parse(source, fail) {
  try {
    return new WgslReflect(source);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = /Line:\s*(\d+)/i.exec(message)?.[1];
    const at = line === undefined ? 1 : Number(line);
    const word = RESERVED.exec(blankComments(source).split('\n')[at - 1] ?? '')?.[0];
    const hint = word === undefined ? '' : `; wgsl_reflect takes "${word}" for a keyword, so give it another name`;
    return fail(`not valid WGSL: ${message.replace(/\.*\s*Line:\s*\d+/i, '')}${hint}`, at);
  }
}

/**
 * The default text of every line marked as a parameter.
 *
 * @param {Expanded} expanded
 * @param {(problem: string, line?: number) => never} fail
 */
function reflectParams(expanded, fail) {
  /** @type {Record<string, string>} */
  const params = {};
  for (const [index, line] of expanded.source.split('\n').entries()) {
    if (!PARAM_MARK.test(line)) continue;
    const match = PARAM.exec(line);
    const name = match?.[1];
    const value = match?.[2];
    if (name === undefined || value === undefined || value === '') {
      fail('expected "const NAME: T = value; // @param" or "alias NAME = T; // @param" on one line', index + 1);
    } else if (Object.hasOwn(params, name)) {
      fail(`parameter "${name}" is declared twice`, index + 1);
    } else {
      params[name] = value;
    }
  }
  return params;
}

/**
 * The layout of the uniform struct `params`, or null when the shader has none.
 *
 * @param {WgslReflect} module
 * @param {Readonly<Record<string, string>>} params
 * @param {readonly string[]} lines the source without comments
 * @param {(variable: string) => number} lineOfVariable
 * @param {(problem: string, line?: number) => never} fail
 * @returns {Shader['uniforms']}
 */
function reflectUniforms(module, params, lines, lineOfVariable, fail) {
  const [uniform, second] = module.uniforms;
  if (uniform === undefined) return null;
  if (second !== undefined) fail('expected at most one uniform, the struct "params"', lineOfVariable(second.name));
  const line = lineOfVariable(uniform.name);
  if (uniform.name !== 'params' || uniform.binding !== 0) {
    const found = `"${uniform.name}" at binding ${uniform.binding}`;
    fail(`expected the uniform struct to be called "params" at binding 0, but found ${found}`, line);
  }
  const struct = module.getStructInfo(uniform.type.name);
  if (struct === null) return fail(`expected "params" to be a struct, but it is ${uniform.type.name}`, line);
  const first = lines.findIndex((text) => new RegExp(`\\bstruct\\s+${struct.name}\\b`).test(text)) + 1;
  const fields = struct.members.map((member) => {
    let at = first;
    while (at < lines.length && !new RegExp(`\\b${member.name}\\s*:`).test(lines[at - 1] ?? '')) at++;
    const parameter = Object.keys(params).find((name) => new RegExp(`:.*\\b${name}\\b`).test(lines[at - 1] ?? ''));
    if (parameter !== undefined) {
      fail(`the type of uniform "${member.name}" depends on parameter "${parameter}"; its layout has to be fixed`, at);
    }
    const layout = uniformLayout(member.type);
    if (layout === null) {
      const type = member.type.getTypeName();
      fail(
        `uniform "${member.name}" has type ${type}; expected u32, i32, f32, a vector or array<vec4<T>, N> of these`,
        at,
      );
    }
    return { name: member.name, offset: member.offset, ...layout };
  });
  return { binding: uniform.binding, bytes: uniform.size, fields: /** @type {UniformField[]} */ (fields) };
}

/**
 * How a uniform's type lies in memory, or null when it is none of the supported types. Elements are always 4 bytes apart:
 * an array of `vec4` has no gaps, and other arrays are refused.
 *
 * @param {import('wgsl_reflect').TypeInfo} type
 */
function uniformLayout(type) {
  const scalar = scalarKind(type.name);
  if (scalar !== null) return { kind: scalar, count: 1, stride: 4, array: false };
  const vector = vectorOf(type);
  if (vector !== null) return { ...vector, stride: 4, array: true };
  if (type.isArray) {
    const { format, count } = /** @type {import('wgsl_reflect').ArrayInfo} */ (type);
    const element = vectorOf(format);
    if (element?.count === 4 && count > 0) return { kind: element.kind, count: 4 * count, stride: 4, array: true };
  }
  return null;
}

/** @type {(name: string) => UniformKind | null} */
function scalarKind(name) {
  return name === 'u32' || name === 'i32' || name === 'f32' ? name : null;
}

/**
 * Element kind and length of `vec4<f32>`, `vec4f` and the like.
 *
 * @param {import('wgsl_reflect').TypeInfo} type
 */
function vectorOf(type) {
  const format = /** @type {import('wgsl_reflect').TemplateInfo} */ (type).format;
  const match = VECTOR.exec(type.isTemplate && format ? `${type.name}<${format.name}>` : type.name);
  if (match === null) return null;
  const suffix = /** @type {'u' | 'i' | 'f' | undefined} */ (match[3]);
  const kind = scalarKind(match[2] ?? (suffix ? SUFFIX[suffix] : ''));
  return kind === null ? null : { kind, count: Number(match[1]) };
}

/**
 * Replaces comments by spaces, so that searching finds code only and lines keep their numbers.
 *
 * @param {string} source
 */
function blankComments(source) {
  return source.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
}

/**
 * The JavaScript module of a shader.
 *
 * @param {Shader} shader
 */
export function shaderModule({ name, source, entryPoint, bindings, uniforms, params, workgroupMemory }) {
  const text = source.replace(/[\\`]|\$\{/g, '\\$&');
  const rest = { entryPoint, bindings, uniforms, params, workgroupMemory };
  return `export default { name: ${JSON.stringify(name)}, source: \`${text}\`, ${JSON.stringify(rest).slice(1, -1)} };\n`;
}

/**
 * The declaration of a shader, with the exact names of its buffers, uniforms and parameters.
 *
 * @param {Shader} shader
 * @param {string} file the shader's path, for the first line
 * @param {string} shaderTypes the import path of `shader.ts` from the declaration
 */
export function shaderDeclaration({ bindings, uniforms, params }, file, shaderTypes) {
  /** @type {(names: readonly string[]) => string} */
  const union = (names) => names.map((name) => `'${name}'`).join(' | ') || 'never';
  const fields = (uniforms?.fields ?? []).map(
    ({ name, array }) => `  readonly ${name}: ${array ? 'readonly number[]' : 'number'};\n`,
  );
  return `// Generated from ${file} by scripts/build.mjs.
import type { Shader } from '${shaderTypes}';

export type Bindings = ${union(bindings.map(({ name }) => name))};
export type Uniforms = ${fields.length > 0 ? `{\n${fields.join('')}}` : 'Record<never, never>'};
export type Params = ${union(Object.keys(params))};

declare const shader: Shader<Bindings, Uniforms, Params>;
export default shader;
`;
}

/**
 * The name of a shader: its path inside its folder `shaders`, without the ending.
 *
 * @param {string} path
 */
export function shaderName(path) {
  return relative(includeRoot(path), path)
    .split(sep)
    .join('/')
    .replace(/\.wgsl$/, '');
}

/**
 * Serves `.wgsl` imports in an esbuild bundle.
 *
 * @returns {import('esbuild').Plugin}
 */
export function wgslEsbuild() {
  return {
    name: 'wgsl',
    setup(build) {
      build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => {
        try {
          const shader = reflectShader(await readFile(path, 'utf8'), shaderName(path), path);
          return { contents: shaderModule(shader), loader: 'js', watchFiles: [path, ...shader.files] };
        } catch (error) {
          if (!(error instanceof ShaderError)) throw error;
          return { errors: [{ text: error.problem, location: error.where }], watchFiles: [path] };
        }
      });
    },
  };
}

/**
 * Serves `.wgsl` imports in vite and vitest.
 *
 * @returns {import('vite').Plugin}
 */
export function wgslVite() {
  return {
    name: 'wgsl',
    enforce: 'pre',
    load(id) {
      const path = id.replace(/\?.*$/, '');
      if (!path.endsWith('.wgsl')) return null;
      const shader = reflectShader(readFileSync(path, 'utf8'), shaderName(path), path);
      for (const file of shader.files) this.addWatchFile(file);
      return { code: shaderModule(shader), map: null };
    },
  };
}
