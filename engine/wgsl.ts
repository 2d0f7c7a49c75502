import type { Binding, Shader, UniformField, UniformKind } from './backend.ts';
import { ArgumentError } from './errors.ts';

const BUFFER =
  /@group\(\s*(\d+)\s*\)\s*@binding\(\s*(\d+)\s*\)\s*var\s*<\s*(storage|uniform)\s*(?:,\s*(\w+)\s*)?>\s*(\w+)\s*:\s*([^;]+);/g;
const STRUCT = /struct\s+(\w+)\s*\{([^}]*)\}/g;
const ENTRY = /@compute\b[^{;]*?\bfn\s+(\w+)/g;
const PARAM = /^[ \t]*(?:const|alias)[ \t]+(\w+)[ \t]*(?::[^=]*)?=[ \t]*([^;]*?)[ \t]*;[ \t]*\/\/[ \t]*@param\b/gm;
const SCALARS: Readonly<Record<string, UniformKind>> = { u: 'u32', i: 'i32', f: 'f32' };

/**
 * A compute shader from WGSL text, for the `webgpu` kernel of an operation of your own. Bindings are read from the text:
 *
 * - storage buffers of group 0, each a `var<storage, read>` or `var<storage, read_write>`;
 * - at most one uniform struct of u32, i32, f32 and vectors of them, vectors given as arrays of numbers;
 * - one `@compute` entry point;
 * - `const NAME = value; // @param` lines, whose values a launch may replace.
 *
 * @throws {ArgumentError} for text that has other bindings, or no single entry point
 */
export function wgsl(name: string, source: string): Shader {
  const refuse = (problem: string): never => {
    throw new ArgumentError(`wgsl: shader ${name}: ${problem}.`);
  };
  const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  const entries = [...code.matchAll(ENTRY)].map(([, entry]) => entry!);
  if (entries.length !== 1) refuse(`${entries.length} entry points, expected one function marked @compute`);
  const bindings: Binding[] = [];
  let uniforms: Shader['uniforms'] = null;
  for (const [, group, place, space, access = 'read', binding, type] of code.matchAll(BUFFER)) {
    if (group !== '0') refuse(`${binding} is in group ${group}, expected group 0`);
    if (space === 'storage') {
      if (access !== 'read' && access !== 'read_write') refuse(`${binding} is ${access}, expected read or read_write`);
      bindings.push({ name: binding!, binding: Number(place), access: access as Binding['access'] });
    } else if (uniforms !== null) refuse(`a second uniform, ${binding}. Put all fields into one struct`);
    else uniforms = { binding: Number(place), ...uniformStruct(type!.trim(), code, refuse) };
  }
  if (bindings.length === 0) refuse('no storage buffer in group 0');
  const params = Object.fromEntries([...source.matchAll(PARAM)].map(([, param, value]) => [param!, value!]));
  const workgroupMemory = /var\s*<\s*workgroup\s*>/.test(code);
  return { name, source, entryPoint: entries[0]!, bindings, uniforms, params, workgroupMemory };
}

/** Fields and size of a struct in the uniform address space. Source: WGSL specification, section 14.4 (memory layout). */
function uniformStruct(
  name: string,
  code: string,
  refuse: (problem: string) => never,
): { readonly bytes: number; readonly fields: readonly UniformField[] } {
  const body = [...code.matchAll(STRUCT)].find(([, struct]) => struct === name)?.[2];
  if (body === undefined) return refuse(`the uniform is ${name}, expected a struct of this text`);
  let at = 0;
  let widest = 4;
  const fields = [...body.matchAll(/(\w+)\s*:\s*(\w+(?:\s*<\s*\w+\s*>)?)\s*(?:,|$)/g)].map(([, field, type]) => {
    const [, count = '1', long, short, scalar] =
      /^(?:vec([234])(?:<(u32|i32|f32)>|([uif]))|(u32|i32|f32))$/.exec(type!.replace(/\s/g, '')) ??
      refuse(`the uniform ${field} is ${type}, expected u32, i32, f32 or a vector of them`);
    const kind = (scalar ?? long ?? SCALARS[short!]) as UniformKind;
    const n = Number(count);
    const align = n === 1 ? 4 : n === 2 ? 8 : 16;
    widest = Math.max(widest, align);
    const offset = Math.ceil(at / align) * align;
    at = offset + 4 * n;
    return { name: field!, kind, offset, count: n, stride: 4, array: n > 1 };
  });
  if (fields.length === 0 || fields.length !== body.split(',').filter((part) => part.trim() !== '').length) {
    refuse(`the struct ${name} has fields that are neither u32, i32, f32 nor vectors of them`);
  }
  return { bytes: Math.ceil(at / widest) * widest, fields };
}
