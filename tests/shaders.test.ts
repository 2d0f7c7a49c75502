import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { reflectShader, ShaderError, shaderDeclaration, wgslEsbuild } from '../shaders/plugin.mjs';
import {
  type ParamValues,
  type Shader,
  type ShaderBindings,
  type ShaderParams,
  type ShaderUniforms,
  specialize,
} from '../shaders/shader.ts';
import rowSum from './shaders/row_sum.wgsl';
import scale from './shaders/scale.wgsl';

const MAIN = '@compute @workgroup_size(1) fn main() {}';

/** How a backend may declare its dispatch: every name comes from the shader. */
function dispatch<S extends Shader>(
  shader: S,
  buffers: Readonly<Record<ShaderBindings<S>, string>>,
  uniforms: ShaderUniforms<S>,
  params: ParamValues<S> = {},
): string {
  return `${shader.name} ${Object.keys(buffers)} ${Object.keys(uniforms)} ${Object.keys(params)}`;
}

describe('reflection', () => {
  test('finds storage buffers, uniforms with their layout, and parameters', () => {
    expect(scale).toMatchObject({
      name: 'scale',
      entryPoint: 'main',
      bindings: [
        { name: 'x', binding: 1, access: 'read' },
        { name: 'y', binding: 2, access: 'read_write' },
      ],
      uniforms: {
        binding: 0,
        bytes: 48,
        fields: [
          { name: 'length', kind: 'u32', offset: 0, count: 1, stride: 4, array: false },
          { name: 'factor', kind: 'f32', offset: 4, count: 1, stride: 4, array: false },
          { name: 'bias', kind: 'i32', offset: 8, count: 2, stride: 4, array: true },
          { name: 'strides', kind: 'u32', offset: 16, count: 8, stride: 4, array: true },
        ],
      },
      params: { WORKGROUP: '64u', Element: 'f32' },
      workgroupMemory: false,
    });
    expect(scale).not.toHaveProperty('files');
  });

  test('finds workgroup memory, and no uniforms where there are none', () => {
    expect(rowSum).toMatchObject({ name: 'row_sum', uniforms: null, params: { THREADS: '32' }, workgroupMemory: true });
  });

  test('includes a file once, wherever it is asked for', () => {
    const source = `// @include lib/grid.wgsl\n// @include lib/grid.wgsl\n${MAIN}`;
    const shader = reflectShader(source, 'twice', join(import.meta.dirname, 'shaders/twice.wgsl'));
    expect(shader.source.match(/fn clampIndex/g)).toHaveLength(1);
    expect(shader.files).toEqual([join(import.meta.dirname, 'shaders/lib/grid.wgsl')]);
  });

  test('understands every spelling of a vector', () => {
    const struct = 'struct Params { a: vec4f, b: vec4<f32>, c: array<vec4u, 3>, d: vec3<i32>, e: f32 }';
    const shader = reflectShader(`${struct}\n@group(0) @binding(0) var<uniform> params: Params;\n${MAIN}`, 'vectors');
    expect(shader.uniforms?.fields.map(({ name, kind, offset, count }) => [name, kind, offset, count])).toEqual([
      ['a', 'f32', 0, 4],
      ['b', 'f32', 16, 4],
      ['c', 'u32', 32, 12],
      ['d', 'i32', 80, 3],
      ['e', 'f32', 92, 1],
    ]);
  });

  const uniform = '@group(0) @binding(0) var<uniform> params: Params;';
  test.each([
    ['no entry point', 'fn helper() {}', 1, 'exactly one compute entry point called "main", but found none'],
    ['an entry point of another name', `\n${MAIN.replace('main', 'run')}`, 2, 'but found run'],
    ['two entry points', `${MAIN}\n${MAIN.replace('main', 'run')}`, 1, 'but found main, run'],
    ['another group', `// first\n@group(1) @binding(0) var<storage> x: array<f32>;\n${MAIN}`, 2, '"x" is in group 1'],
    [
      'a binding used twice',
      `@group(0) @binding(0) var<storage> x: array<f32>;\n@group(0) @binding(0) var<storage> y: array<f32>;\n${MAIN}`,
      2,
      '"y" and "x" share binding 0',
    ],
    [
      'a uniform of another name',
      `struct S { n: u32 }\n@group(0) @binding(0) var<uniform> n: S;\n${MAIN}`,
      2,
      '"params"',
    ],
    ['a uniform that is no struct', `@group(0) @binding(0) var<uniform> params: u32;\n${MAIN}`, 1, 'to be a struct'],
    [
      'a uniform at another binding',
      `struct S { n: u32 }\n@group(0) @binding(3) var<uniform> params: S;\n${MAIN}`,
      2,
      'binding 3',
    ],
    [
      'a uniform of another type',
      `struct Params {\n  n: u32,\n  m: mat4x4<f32>,\n}\n${uniform}\n${MAIN}`,
      3,
      '"m" has type mat4x4',
    ],
    [
      'a layout that depends on a parameter',
      `const N = 2; // @param\nstruct Params {\n  m: array<vec4<u32>, N>,\n}\n${uniform}\n${MAIN}`,
      3,
      'depends on parameter "N"',
    ],
    ['an override', `override N: u32 = 4;\n${MAIN}`, 1, 'write "const N = value; // @param"'],
    ['a texture', `@group(0) @binding(0) var t: texture_2d<f32>;\n${MAIN}`, 1, 'texture or sampler'],
    ['a parameter that is no constant', `var x = 4; // @param\n${MAIN}`, 1, 'expected "const NAME'],
    ['a parameter over two lines', `const N =\n  4; // @param\n${MAIN}`, 2, 'on one line'],
    ['a parameter declared twice', `const N = 4; // @param\nconst N = 5; // @param\n${MAIN}`, 2, 'declared twice'],
    ['a syntax error', `\n\nfn main( {`, 3, 'not valid WGSL'],
    [
      'a name its parser keeps for itself',
      `fn f() {\n  var block = 0.0;\n  block += 1.0;\n}\n${MAIN}`,
      3,
      '"block" for a keyword',
    ],
    ['a missing include', `\n// @include lib/none.wgsl\n${MAIN}`, 2, 'cannot include "lib/none.wgsl"'],
  ])('refuses %s, with file and line', (_what, source, line, message) => {
    expect(() => reflectShader(source, 'bad', '/shaders/bad.wgsl')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        where: { file: '/shaders/bad.wgsl', line },
      }),
    );
  });

  test('names the included file when the mistake is there', () => {
    const folder = mkdtempSync(join(tmpdir(), 'shaders-'));
    try {
      const include = join(folder, 'shaders.wgsl');
      writeFileSync(include, '// fine\n@group(2) @binding(0) var<storage> x: array<f32>;\n');
      const source = `${MAIN}\n// @include ${include}\n`;
      expect(() => reflectShader(source, 'bad', '/shaders/bad.wgsl')).toThrow(`${include}:2: "x" is in group 2`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('specialize', () => {
  test('rewrites the @param lines and nothing else', () => {
    const text = specialize(scale, { WORKGROUP: 128, Element: 'f16' });
    const before = scale.source.split('\n');
    const changed = text.split('\n').filter((line, index) => line !== before[index]);
    expect(changed).toEqual(['const WORKGROUP: u32 = 128; // @param', 'alias Element = f16; // @param']);
    expect(specialize(scale, {})).toBe(scale.source);
  });

  test('refuses unknown names and values the type cannot hold', () => {
    // @ts-expect-error: WORKGROUPS is no parameter of scale
    expect(() => specialize(scale, { WORKGROUPS: 1 })).toThrow(
      'specialize: shader "scale" has no parameter "WORKGROUPS"; its parameters are WORKGROUP, Element',
    );
    expect(() => specialize(scale, { WORKGROUP: 1.5 })).toThrow(
      '"WORKGROUP" of shader "scale" expects an integer (u32)',
    );
    expect(() => specialize(scale, { WORKGROUP: -1 })).toThrow('not negative');
    expect(() => specialize(scale, { WORKGROUP: Number.NaN })).toThrow('finite');
    expect(() => specialize(scale, { Element: 'f16; fn x() {}' })).toThrow('one WGSL expression');
  });
});

describe('types', () => {
  test('a shader carries its names', () => {
    expectTypeOf<ShaderBindings<typeof scale>>().toEqualTypeOf<'x' | 'y'>();
    expectTypeOf<ShaderParams<typeof scale>>().toEqualTypeOf<'WORKGROUP' | 'Element'>();
    expectTypeOf<ShaderUniforms<typeof scale>>().toEqualTypeOf<{
      readonly length: number;
      readonly factor: number;
      readonly bias: readonly number[];
      readonly strides: readonly number[];
    }>();
    expectTypeOf<ShaderParams<typeof rowSum>>().toEqualTypeOf<'THREADS'>();
    expectTypeOf(scale).toExtend<Shader>();
    expectTypeOf(rowSum).toExtend<Shader>();
  });

  test('wrong names do not compile', () => {
    const uniforms = { length: 4, factor: 2, bias: [0, 0], strides: [0, 0, 0, 0, 0, 0, 0, 0] };
    dispatch(scale, { x: 'a', y: 'b' }, uniforms, { WORKGROUP: 32 });
    dispatch(rowSum, { x: 'a', y: 'b' }, {});
    // @ts-expect-error: the buffer is called y
    dispatch(scale, { x: 'a', z: 'b' }, uniforms);
    // @ts-expect-error: y is missing
    dispatch(scale, { x: 'a' }, uniforms);
    // @ts-expect-error: the uniform is called factor
    dispatch(scale, { x: 'a', y: 'b' }, { length: 4, scale: 2, bias: [0, 0], strides: [] });
    // @ts-expect-error: strides is a list
    dispatch(scale, { x: 'a', y: 'b' }, { ...uniforms, strides: 3 });
    // @ts-expect-error: factor is a number
    dispatch(scale, { x: 'a', y: 'b' }, { ...uniforms, factor: [3] });
    // @ts-expect-error: the parameter is called WORKGROUP
    dispatch(scale, { x: 'a', y: 'b' }, uniforms, { TILE: 4 });
    // @ts-expect-error: scale has other buffers and parameters
    const other: Shader<'x' | 'z'> = scale;
    expect(other).toBe(scale);
  });

  test('this file type-checks, the expected errors included', { timeout: 120_000 }, () => {
    const root = join(import.meta.dirname, '..');
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram([import.meta.filename], options);
    const source = program.getSourceFile(import.meta.filename);
    const problems = program
      .getSemanticDiagnostics(source)
      .map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'));
    expect(problems).toEqual([]);
  });

  test('a shader without names gets unions that accept none', () => {
    expect(shaderDeclaration(reflectShader(MAIN, 'empty'), 'empty.wgsl', './shader.ts')).toContain(
      'type Bindings = never;\nexport type Uniforms = Record<never, never>;\nexport type Params = never;',
    );
  });
});

describe('esbuild plugin', () => {
  test('bundles the same shader that vite serves', async () => {
    const result = await build({
      entryPoints: [join(import.meta.dirname, 'shaders/scale.wgsl')],
      bundle: true,
      write: false,
      format: 'esm',
      plugins: [wgslEsbuild()],
    });
    const code = result.outputFiles[0]?.text ?? '';
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    expect(module.default).toEqual(scale);
  });

  test('reports a broken rule as a build error with its place', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shaders-'));
    try {
      const path = join(folder, 'bad.wgsl');
      writeFileSync(path, `// fine\n@group(1) @binding(0) var<storage> x: array<f32>;\n${MAIN}`);
      const failed = build({
        entryPoints: [path],
        bundle: true,
        write: false,
        plugins: [wgslEsbuild()],
        logLevel: 'silent',
      });
      await expect(failed).rejects.toMatchObject({
        errors: [{ text: '"x" is in group 1; every binding is in group 0', location: { line: 2 } }],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a mistake is a ShaderError', () => {
    expect(() => reflectShader('', 'empty')).toThrow(ShaderError);
  });
});
