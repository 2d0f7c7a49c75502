import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { detectRaces } from 'wgsl_reflect/wgsl_reflect.module.js';
import { reflectShader } from '../shaders/plugin.mjs';
import { type Shader, specialize } from '../shaders/shader.ts';

/*
 * Every shader that uses workgroup memory runs under wgsl_reflect's race detector, which steps the threads of a
 * workgroup side by side and finds accesses that no barrier separates. Only where a shader reads and writes matters
 * here, not its numbers: those are checked on a device, and the detector's own are off (it loses what some functions
 * return).
 *
 * Then each barrier of the shader is taken away by itself, and the detector has to find that: so the case reaches all of
 * them, and none is there for nothing. Barriers of includes are taken away together.
 */

interface Case {
  /** Small ones: the detector compares every access with every other. */
  readonly params?: Readonly<Record<string, number | string>>;
  readonly uniforms: Readonly<Record<string, number | readonly number[]>>;
  readonly workgroups: number;
  /** Buffers that hold small whole numbers instead of floats. */
  readonly integers?: readonly string[];
}

const MATRIX = {
  ...{ m: 9, n: 10, k: 7, hasBias: 1, aOffset: 0, aRow: 7, aCol: 1, bOffset: 0, bRow: 10, bCol: 1 },
  ...{ biasOffset: 0, biasStep: 1, batch: [1, 1, 1, 1], aBatch: [0, 0, 0, 0], bBatch: [0, 0, 0, 0] },
  ...{ slices: 1, span: 7 },
};
const HEAD = [0, 0, 0, 6];
const ATTENTION = {
  ...{ count: 1, heads: 1, queries: 10, keys: 11, dim: 6, causal: 0, hasMask: 0, maskOffset: 0, scale: 1 },
  ...{ threshold: 0, keepScale: 1, stream: 0, seed: [0, 0], maskSteps: [0, 0, 0, 0], qAt: HEAD, kAt: HEAD, vAt: HEAD },
};
const GRADIENTS = { ...ATTENTION, outputGradAt: HEAD, qGradAt: HEAD, kGradAt: HEAD, vGradAt: HEAD };
const SMALL_TILE = { THREADS_M: 2, THREADS_N: 2 };
/** Lines of 8 threads, for kernels that work along a line; a last line that is not there. */
const LINES = { ROWS: 8, COLS: 32 };
const WIDE = { ROWS: 256, COLS: 1 };

const CASES: Readonly<Record<string, Case>> = {
  argmax: { params: LINES, uniforms: { lines: 31, n: 9, inner: 1 }, workgroups: 1 },
  attention: {
    params: { ...SMALL_TILE, DIM_QUADS: 1, CHUNK: 4, ROWS_V: 4 },
    uniforms: { ...ATTENTION, outputAt: HEAD },
    workgroups: 2,
  },
  attention_backward_kv: {
    params: { ...SMALL_TILE, DIM_QUADS: 1, CHUNK: 4, ROWS_Q: 4 },
    uniforms: GRADIENTS,
    workgroups: 2,
  },
  attention_backward_q: {
    params: { ...SMALL_TILE, DIM_QUADS: 1, CHUNK: 4, ROWS_K: 4 },
    uniforms: GRADIENTS,
    workgroups: 2,
  },
  cross_entropy: {
    params: LINES,
    uniforms: { rows: 31, n: 9, ignore: -1, smoothing: 0.1 },
    integers: ['labels'],
    workgroups: 1,
  },
  cross_entropy_total: {
    params: WIDE,
    uniforms: { rows: 300, n: 9, ignore: -1, mean: 1 },
    integers: ['labels'],
    workgroups: 1,
  },
  cumsum: { params: LINES, uniforms: { lines: 31, n: 70, inner: 1, reverse: 0 }, workgroups: 1 },
  layer_norm: {
    params: LINES,
    uniforms: { rows: 31, n: 9, centered: 1, hasWeight: 1, hasBias: 1, perElement: 1 / 9, eps: 1e-5 },
    workgroups: 1,
  },
  layer_norm_backward: {
    params: LINES,
    uniforms: { rows: 31, n: 9, centered: 1, hasWeight: 1, perElement: 1 / 9 },
    workgroups: 1,
  },
  layer_norm_parameters: {
    params: { ...LINES, ALONG: 0 },
    uniforms: { rows: 9, n: 31, centered: 1, parts: 1, span: 9 },
    workgroups: 1,
  },
  linear_scan: { params: LINES, uniforms: { lines: 31, n: 70, inner: 1, reverse: 0 }, workgroups: 1 },
  matmul: { params: { ...SMALL_TILE, TILE_K: 4 }, uniforms: MATRIX, workgroups: 4 },
  matmul_quads: {
    params: { THREADS_M: 2, THREADS_N: 4, BLOCK_M: 2, BLOCK_N: 1, TILE_K: 4, B_ALONG_N: 'false' },
    uniforms: { ...MATRIX, m: 6, n: 12, k: 8, aRow: 8, bRow: 1, bCol: 8, span: 8 },
    workgroups: 1,
  },
  matmul_vector: { params: { COLS: 4, SLICES: 4 }, uniforms: MATRIX, workgroups: 4 },
  optim_norm: { params: WIDE, uniforms: { count: 300, largest: 1, unscale: 1 }, workgroups: 1 },
  optim_squares: { params: WIDE, uniforms: { total: 300, xOffset: 0, outputOffset: 0 }, workgroups: 1 },
  reduce: {
    params: LINES,
    uniforms: { outputs: 31, n: 9, inner: 1, parts: 1, span: 9, xOffset: 0, scale: 1 },
    workgroups: 1,
  },
  softmax: { params: LINES, uniforms: { lines: 31, n: 9, inner: 1, xOffset: 0 }, workgroups: 1 },
  softmax_backward: { params: LINES, uniforms: { lines: 31, n: 9, inner: 1 }, workgroups: 1 },
  sort_block: {
    uniforms: { total: 1000, padded: 1024, first: 2, last: 4 },
    integers: ['keys', 'places'],
    workgroups: 1,
  },
  topk: { params: LINES, uniforms: { lines: 31, n: 9, inner: 1, k: 2 }, workgroups: 1 },
};

const FOLDER = new URL('../shaders/', import.meta.url);

const shaders = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.wgsl'))
  .map((file) => {
    const path = fileURLToPath(new URL(file, FOLDER));
    return reflectShader(readFileSync(path, 'utf8'), file.replace('.wgsl', ''), path) as unknown as Shader;
  })
  .filter(({ workgroupMemory }) => workgroupMemory);

const BARRIER = /\bworkgroupBarrier\(\);/g;

/** What the detector says of a shader, without the barriers that `keep` refuses by number. */
function detect(
  shader: Shader,
  { params, uniforms, workgroups, integers }: Case,
  keep = (_: number): boolean => true,
): string[] {
  let barrier = 0;
  const code = specialize(shader, params ?? {}).replace(BARRIER, (text) => (keep(barrier++) ? text : ''));
  const bindings: Record<string, ArrayBuffer | { uniform: ArrayBuffer }> = {};
  for (const { name, binding } of shader.bindings) {
    const numbers = Array.from({ length: 4096 }, (_, i) => (i * 37) % 11);
    bindings[binding] = (integers?.includes(name) ? Int32Array.from(numbers) : Float32Array.from(numbers)).buffer;
  }
  if (shader.uniforms !== null) {
    const view = new DataView(new ArrayBuffer(shader.uniforms.bytes));
    for (const { name, kind, offset } of shader.uniforms.fields) {
      const value = uniforms[name];
      if (value === undefined) throw new Error(`the case of ${shader.name} gives no uniform "${name}"`);
      for (const [i, number] of [value].flat().entries()) {
        if (kind === 'f32') view.setFloat32(offset + 4 * i, number, true);
        else view.setUint32(offset + 4 * i, number, true);
      }
    }
    bindings[shader.uniforms.binding] = { uniform: view.buffer };
  }
  // What the interpreter does not understand it prints, and goes on.
  const print = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    const { races, errors } = detectRaces(code, 'main', [workgroups], { 0: bindings });
    return [...new Set([...print.mock.calls.map(String), ...errors, ...races.map(({ message }) => message)])];
  } finally {
    print.mockRestore();
  }
}

describe('races in workgroup memory', () => {
  it('has a case for every shader with workgroup memory, and for no other', () => {
    expect(Object.keys(CASES)).toEqual(shaders.map(({ name }) => name));
  });

  it.each(shaders.map((shader) => [shader.name, shader] as const))(
    '%s has none, and needs each barrier',
    (name, shader) => {
      const given = CASES[name];
      if (given === undefined) throw new Error(`${name} uses workgroup memory: give it a case in tests/races.test.ts`);
      expect(detect(shader, given).slice(0, 3)).toEqual([]);
      // Includes come first in the source, so the last barriers are the shader's own.
      const count = (text: string): number => text.match(BARRIER)?.length ?? 0;
      const all = count(shader.source);
      const own = count(readFileSync(new URL(`${name}.wgsl`, FOLDER), 'utf8'));
      expect(all).toBeGreaterThan(0);
      if (all > own) expect(detect(shader, given, (i) => i >= all - own)).not.toEqual([]);
      const unneeded = [...Array(all).keys()]
        .slice(all - own)
        .filter((i) => detect(shader, given, (j) => j !== i).length === 0);
      expect(unneeded).toEqual([]);
    },
  );

  it('finds each barrier of lib/tree.wgsl', () => {
    const source = `// @include lib/tree.wgsl
@group(0) @binding(0) var<storage, read_write> output: array<f32>;
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) local: u32) {
  let row = local % ROWS;
  let sum = lineSum(row, local, f32(local));
  let top = lineMax(row, local, f32(local));
  output[local] = lineSum(row, local, sum) + lineMax(row, local, top);
}
`;
    const shader = reflectShader(source, 'tree', fileURLToPath(new URL('tree.wgsl', FOLDER))) as unknown as Shader;
    const given = { params: LINES, uniforms: {}, workgroups: 1 };
    expect(detect(shader, given)).toEqual([]);
    const all = [...Array(shader.source.match(BARRIER)!.length).keys()];
    expect(all.filter((i) => detect(shader, given, (j) => j !== i).length === 0)).toEqual([]);
  });
});
