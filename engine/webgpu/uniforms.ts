import type { Shader } from '../../shaders/shader.ts';
import { DeviceError } from '../errors.ts';

/** The same bytes as each of the three types a uniform can have. */
export interface Words {
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array<ArrayBuffer>;
}

export function words(bytes: number): Words {
  const buffer = new ArrayBuffer(bytes);
  return { f32: new Float32Array(buffer), i32: new Int32Array(buffer), u32: new Uint32Array(buffer) };
}

type Values = Readonly<Record<string, number | readonly number[]>>;

/** Writes a shader's uniform struct at word `at`. Every field must be given, and nothing else. */
export function packUniforms(shader: Shader, values: Values, to: Words, at: number): void {
  const fields = shader.uniforms?.fields ?? [];
  for (const { name, kind, offset, count } of fields) {
    const value = values[name];
    const start = at + offset / 4;
    if (typeof value === 'number') {
      if (count !== 1) refuse(shader, `uniform "${name}" is the number ${value}`, `a list of ${count}`);
      put(shader, name, kind, value, to, start);
    } else if (value === undefined) {
      refuse(shader, `uniform "${name}" is missing`, names(fields));
    } else {
      if (value.length !== count) refuse(shader, `uniform "${name}" has ${value.length} numbers`, `${count}`);
      for (let i = 0; i < count; i++) put(shader, name, kind, value[i]!, to, start + i);
    }
  }
  const given = Object.keys(values);
  if (given.length > fields.length) {
    const extra = given.filter((name) => !fields.some((field) => field.name === name));
    refuse(shader, `there is no uniform "${extra.join('", "')}"`, names(fields));
  }
}

const names = (fields: readonly { name: string }[]): string => fields.map(({ name }) => name).join(', ') || 'none';

function put(shader: Shader, name: string, kind: 'u32' | 'i32' | 'f32', value: number, to: Words, at: number): void {
  if (kind === 'f32') {
    to.f32[at] = value;
    return;
  }
  const view = to[kind];
  view[at] = value;
  if (view[at] !== value) refuse(shader, `uniform "${name}" is ${value}`, kind);
}

function refuse(shader: Shader, came: string, expected: string): never {
  throw new DeviceError(`webgpu: launch of ${shader.name}: ${came}. Expected ${expected}.`);
}
