/**
 * What a reflected `.wgsl` file is to the rest of the engine.
 *
 * `shaders/plugin.mjs` turns each shader into one of these at build time and writes a declaration with the exact names, so
 * that a misspelt binding, uniform or parameter fails the type check instead of reaching a device.
 */

/** The three scalar types a uniform may hold; each takes 4 bytes. */
export type UniformKind = 'u32' | 'i32' | 'f32';

/** The shape of a uniform struct as callers see it: scalars are numbers, vectors and arrays are flat lists of numbers. */
export type UniformRecord = Readonly<Record<string, number | readonly number[]>>;

/** One storage buffer of group 0. */
export interface Binding<B extends string = string> {
  readonly name: B;
  readonly binding: number;
  readonly access: 'read' | 'read_write';
}

/**
 * One field of the uniform struct. `vec4<T>` and `array<vec4<T>, N>` are flattened: `count` numbers, `stride` bytes apart,
 * the first at `offset`. `array` tells a one-element list from a scalar.
 */
export interface UniformField<U extends string = string, A extends boolean = boolean> {
  readonly name: U;
  readonly kind: UniformKind;
  readonly offset: number;
  readonly count: number;
  readonly stride: number;
  readonly array: A;
}

/**
 * A reflected shader.
 *
 * @typeParam B names of the storage buffers, as a union of literals
 * @typeParam U the uniform struct, for example `{ rows: number; strides: readonly number[] }`
 * @typeParam P names of the `// @param` lines, as a union of literals
 */
export interface Shader<B extends string = string, U extends UniformRecord = UniformRecord, P extends string = string> {
  readonly name: string;
  /** The whole text, includes already in place. */
  readonly source: string;
  readonly entryPoint: string;
  readonly bindings: readonly Binding<B>[];
  readonly uniforms: {
    readonly binding: number;
    readonly bytes: number;
    readonly fields: readonly {
      [K in keyof U & string]: UniformField<K, number extends U[K] ? boolean : U[K] extends number ? false : true>;
    }[keyof U & string][];
  } | null;
  /** The default text of every `// @param` line. */
  readonly params: Readonly<Record<P, string>>;
  /** Whether the shader declares workgroup memory, so that it has to pass the race detector. */
  readonly workgroupMemory: boolean;
}

/** The names of a shader's storage buffers. */
export type ShaderBindings<S extends Shader> = S['bindings'][number]['name'];

/** The names of a shader's `// @param` lines. */
export type ShaderParams<S extends Shader> = keyof S['params'] & string;

/** The numbers a shader's uniform struct takes: `{}` where it has none. */
export type ShaderUniforms<S extends Shader> = S extends Shader<infer _B, infer U, infer _P> ? U : never;

/** Values for some or all of a shader's `// @param` lines. */
export type ParamValues<S extends Shader> = { readonly [K in ShaderParams<S>]?: number | string };

/** Matches `const NAME: T = value; // @param` and `alias NAME = T; // @param`: before, name, type, value, after. */
const PARAM_LINE =
  /^([ \t]*(?:const|alias)[ \t]+(\w+)[ \t]*(?::[ \t]*([\w<>]+)[ \t]*)?=[ \t]*)([^;]*?)([ \t]*;[ \t]*\/\/[ \t]*@param\b.*)$/gm;

/**
 * Returns the shader's source with other values on its `// @param` lines and no other line changed.
 *
 * A number may go to a `const`, a string to either (`'f16'` to an `alias`, `'64u'` to a `const`).
 *
 * @throws {Error} for a name the shader does not have, or a value its type cannot hold
 */
export function specialize<P extends string>(
  shader: Pick<Shader<string, UniformRecord, P>, 'name' | 'source' | 'params'>,
  values: { readonly [K in NoInfer<P>]?: number | string },
): string {
  const wanted = new Map<string, number | string>();
  for (const [name, value] of Object.entries<number | string | undefined>(values)) {
    if (!Object.hasOwn(shader.params, name)) {
      const known = Object.keys(shader.params);
      const hint = known.length > 0 ? `its parameters are ${known.join(', ')}` : 'it has no `// @param` line';
      throw new Error(`specialize: shader "${shader.name}" has no parameter "${name}"; ${hint}`);
    }
    if (value !== undefined) wanted.set(name, value);
  }
  if (wanted.size === 0) return shader.source;
  return shader.source.replace(
    PARAM_LINE,
    (line, before: string, name: string, type: string | undefined, _old, after) => {
      const value = wanted.get(name);
      return value === undefined ? line : `${before}${paramText(shader.name, name, type, value)}${after}`;
    },
  );
}

/** The WGSL text of a parameter's value, or a clear error when its declared type cannot hold it. */
function paramText(shader: string, name: string, type: string | undefined, value: number | string): string {
  const fail = (expected: string): never => {
    throw new Error(`specialize: parameter "${name}" of shader "${shader}" expects ${expected}, but got ${value}`);
  };
  if (typeof value === 'string') return /^[^;\r\n]+$/.test(value) ? value : fail('one WGSL expression without ";"');
  if (!Number.isFinite(value)) return fail('a finite number');
  if ((type === 'u32' || type === 'i32') && !Number.isInteger(value)) return fail(`an integer (${type})`);
  if (type === 'u32' && value < 0) return fail('a number that is not negative (u32)');
  return String(value);
}
