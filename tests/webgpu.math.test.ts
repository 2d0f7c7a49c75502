import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grid, type Operand } from '../engine/backend.ts';
import { philox } from '../engine/random.ts';
import { WebGPUBackend } from '../engine/webgpu/backend.ts';
import { reflectShader } from '../shaders/plugin.mjs';
import type { Shader } from '../shaders/shader.ts';

let gpu: WebGPUBackend;
beforeAll(async () => {
  gpu = await WebGPUBackend.create();
});
afterAll(() => gpu.destroy());

const operand = (n: number, values?: Float32Array | Int32Array): Operand => {
  const buffer = gpu.alloc(n * 4);
  if (values !== undefined) gpu.write(buffer, 0, values);
  return { buffer, dtype: 'float32', shape: [n], strides: [1], offset: 0 };
};

/** Maps a WGSL expression of `x` (and `y`) over numbers. */
async function map(expression: string, x: Float32Array, y = x): Promise<Float32Array> {
  const source = `// @include lib/math.wgsl
// @include lib/functions.wgsl
struct Params { n: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> xs: array<f32>;
@group(0) @binding(2) var<storage, read> ys: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) w: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_id) l: vec3u) {
  let i = (w.y * n.x + w.x) * 64u + l.x;
  if (i < params.n) { let x = xs[i]; let y = ys[i]; output[i] = ${expression}; }
}
`;
  const shader = reflectShader(source, 'map') as unknown as Shader;
  const n = x.length;
  const bindings = { xs: operand(n, x), ys: operand(n, y), output: operand(n) };
  gpu.run({ shader, bindings, uniforms: { n }, workgroups: grid(n, 64) });
  const result = new Float32Array(await gpu.read(bindings.output.buffer, 0, n * 4));
  for (const { buffer } of Object.values(bindings)) gpu.free(buffer);
  return result;
}

const line = (from: number, to: number, n = 20_000): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
const logarithmic = (from: number, to: number, n = 20_000): Float32Array =>
  line(Math.log(from), Math.log(to), n).map(Math.exp);

/** The worst of |got − want| / max(|want|, floor). */
function worst(got: Float32Array, x: Float32Array, want: (x: number) => number, floor = 1e-30): number {
  let most = 0;
  x.forEach((v, i) => {
    const w = want(v);
    const error = Math.abs(got[i]! - w) / Math.max(Math.abs(w), floor);
    if (!(error <= most)) most = error;
  });
  return most;
}

/** erfc by its continued fraction and erf by its series, in float64. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) return 1 - erf(x);
  let f = 0;
  for (let k = 200; k > 0; k--) f = k / 2 / (x + f);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + f);
}
function erf(x: number): number {
  if (Math.abs(x) >= 2) return Math.sign(x) * (1 - erfc(Math.abs(x)));
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
const cdf = (x: number): number => 0.5 * erfc(-x / Math.SQRT2);
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

describe('lib/math.wgsl, against float64', () => {
  const relative: [string, Float32Array, (x: number) => number, number, number?][] = [
    ['preciseExp(x)', line(-87, 88.7), Math.exp, 3e-7],
    ['preciseExp(x)', line(-1e-3, 1e-3), Math.exp, 2e-7],
    ['preciseLog(x)', logarithmic(1e-37, 1e38), Math.log, 3e-7],
    ['preciseLog(x)', line(0.5, 2), Math.log, 3e-7],
    ['preciseLog1p(x)', logarithmic(1e-20, 1e3), Math.log1p, 3e-7],
    ['preciseLog1p(x)', line(-0.999, 10), Math.log1p, 3e-7],
    ['preciseExpm1(x)', line(-20, 88.7), Math.expm1, 3e-7],
    ['preciseExpm1(x)', line(-1e-3, 1e-3), Math.expm1, 3e-7],
    ['preciseTan(x)', line(-20, 20), Math.tan, 5e-7],
    ['preciseAsin(x)', line(-1, 1), Math.asin, 4e-7],
    ['preciseAcos(x)', line(-1, 1), Math.acos, 4e-7, 1e-3],
    ['preciseAtan(x)', line(-10, 10), Math.atan, 3e-7],
    ['preciseAtan(x)', logarithmic(1e-20, 1e20), Math.atan, 3e-7],
    ['preciseSinh(x)', line(-89, 89), Math.sinh, 6e-7],
    ['preciseSinh(x)', line(-1, 1), Math.sinh, 4e-7],
    ['preciseCosh(x)', line(-89, 89), Math.cosh, 6e-7],
    ['preciseSin(x)', line(-10, 10), Math.sin, 2e-7, 1e-3],
    ['preciseCos(x)', line(-10, 10), Math.cos, 2e-7, 1e-3],
    ['preciseSin(x)', line(-12_800, 12_800), Math.sin, 2e-7, 1e-2],
    ['preciseSin(x)', logarithmic(12_800, 3e38), Math.sin, 2e-7, 1e-2],
    ['preciseCos(x)', logarithmic(12_800, 3e38).map((x) => -x), Math.cos, 2e-7, 1e-2],
    ['preciseTanh(x)', line(-12, 12), Math.tanh, 3e-7],
    ['preciseTanh(x)', logarithmic(1e-30, 1e30), Math.tanh, 3e-7],
    ['erf(x)', line(-5, 5), erf, 3e-7],
    ['erf(x)', logarithmic(1e-30, 1), erf, 3e-7],
    ['erfc(x)', line(-4, 4), erfc, 3e-6],
    ['sigmoid(x)', line(-80, 80), sigmoid, 5e-7],
    ['softplus(x)', line(-40, 100), (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 5e-7],
    ['gelu(x)', line(-4, 10), (x) => x * cdf(x), 3e-6],
    ['geluGrad(x)', line(-6, 6), (x) => cdf(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI), 2e-6, 0.1],
  ];
  it.each(relative)('%s', async (expression, x, want, bound, floor) => {
    const got = worst(await map(expression, x), x, want, floor);
    if (process.env['HEDDLE_PRINT']) console.log(expression, x[0], x.at(-1), got.toExponential(2));
    expect(got).toBeLessThan(bound);
  });

  it('geluTanh and its slope', async () => {
    const x = line(-6, 6);
    const inner = (v: number): number => Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3);
    const want = (v: number): number => 0.5 * v * (1 + Math.tanh(inner(v)));
    expect(worst(await map('geluTanh(x)', x), x, want, 0.1)).toBeLessThan(1e-6);
    const slope = (v: number): number => (want(v + 1e-5) - want(v - 1e-5)) / 2e-5;
    expect(worst(await map('geluTanhGrad(x)', x), x, slope, 0.1)).toBeLessThan(3e-6);
  });

  it('pow: general, whole exponents, negative bases, zero', async () => {
    const base = Float32Array.from({ length: 4000 }, (_, i) => 0.01 + (i % 200) / 7);
    const exponent = Float32Array.from({ length: 4000 }, (_, i) => ((i % 37) - 18) / 3.7);
    const got = await map('precisePow(x, y)', base, exponent);
    let most = 0;
    got.forEach((g, i) => {
      const want = base[i]! ** exponent[i]!;
      most = Math.max(most, Math.abs(g / want - 1));
    });
    if (process.env['HEDDLE_PRINT']) console.log('pow', most);
    expect(most).toBeLessThan(3e-6);
    const special = await map(
      'precisePow(x, y)',
      Float32Array.of(-2, -2, -3, 0, 0, 0, 7, -1.5, -2, 2),
      Float32Array.of(3, -2, 101, 2, 0, -1.5, 0, 65, 0.5, 0.5),
    );
    const want = [-8, 0.25, -(3 ** 101), 0, 1, Number.POSITIVE_INFINITY, 1, (-1.5) ** 65, Number.NaN, Math.SQRT2];
    want[2] = Number.NEGATIVE_INFINITY;
    special.forEach((g, i) => {
      if (Number.isFinite(want[i]!)) expect(Math.abs(g - want[i]!)).toBeLessThanOrEqual(1e-5 * Math.abs(want[i]!));
      else expect(g).toBe(want[i]);
    });
  });

  it('passes NaN and infinity on', async () => {
    const x = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    expect([...(await map('preciseExp(x)', x))]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0]);
    expect([...(await map('preciseLog(x)', x))]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NaN]);
    expect([...(await map('preciseTanh(x)', x))]).toEqual([Number.NaN, 1, -1]);
    expect([...(await map('preciseSin(x)', x))]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect([...(await map('erf(x)', x))]).toEqual([Number.NaN, 1, -1]);
    expect([...(await map('preciseLog(x)', Float32Array.of(0, -1)))]).toEqual([Number.NEGATIVE_INFINITY, Number.NaN]);
  });
});

describe('lib/philox.wgsl', () => {
  const shader = reflectShader(
    `// @include lib/philox.wgsl
struct Params { counter: vec4<u32>, seed: vec2<u32>, stream: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<storage, read_write> draws: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x == 0u) {
    let words = philox(params.counter, params.seed);
    for (var i = 0u; i < 4u; i++) { output[i] = words[i]; }
  }
  draws[id.x] = randomUniform(id.x, params.stream, params.seed);
}
`,
    'draw',
  ) as unknown as Shader;

  const draw = async (counter: number[], seed: number[], stream = 0): Promise<[Uint32Array, Float32Array]> => {
    const bindings = { output: operand(4), draws: operand(64) };
    gpu.run({ shader, bindings, uniforms: { counter, seed, stream }, workgroups: [1] });
    const words = new Uint32Array(await gpu.read(bindings.output.buffer, 0, 16));
    const draws = new Float32Array(await gpu.read(bindings.draws.buffer, 0, 256));
    for (const { buffer } of Object.values(bindings)) gpu.free(buffer);
    return [words, draws];
  };

  // Known answers of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds).
  const all = 0xffffffff;
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [all, all, all, all],
      [all, all],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('philox(%j, %j)', async (counter, seed, want) => {
    expect([...(await draw(counter, seed))[0]]).toEqual(want);
  });

  it('gives each element the number the engine gives it', async () => {
    const [, draws] = await draw([0, 0, 0, 0], [123456, 789], 5);
    const want = Array.from({ length: 64 }, (_, i) => {
      const block = philox(i >> 2, 0, 5, 0, 123456, 789);
      return (block[i & 3]! >>> 8) * 2 ** -24;
    });
    expect([...draws]).toEqual(want);
  });
});
