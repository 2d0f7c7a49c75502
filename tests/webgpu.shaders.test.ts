import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operand } from '../engine/backend.ts';
import { WebGPUBackend } from '../engine/webgpu/backend.ts';
import { reflectShader } from '../shaders/plugin.mjs';
import type { Shader } from '../shaders/shader.ts';

const FOLDER = new URL('../shaders/', import.meta.url);
const files = [...readdirSync(FOLDER), ...readdirSync(new URL('lib/', FOLDER)).map((file) => `lib/${file}`)]
  .filter((file) => file.endsWith('.wgsl'))
  .map((file) => [file, fileURLToPath(new URL(file, FOLDER))] as const);

/** What WGSL promises every device: a shader that needs more runs on few. */
const PORTABLE = { buffers: 8, uniformBytes: 65536 };

describe('every shader', () => {
  let gpu: WebGPUBackend;
  beforeAll(async () => {
    gpu = await WebGPUBackend.create();
  });
  afterAll(() => gpu.destroy());

  it.each(files.filter(([file]) => !file.startsWith('lib/')))('%s compiles on the device', async (file, path) => {
    const shader = reflectShader(readFileSync(path, 'utf8'), file.replace('.wgsl', ''), path) as unknown as Shader;
    expect(shader.bindings.length).toBeLessThanOrEqual(PORTABLE.buffers);
    expect(shader.uniforms?.bytes ?? 0).toBeLessThanOrEqual(PORTABLE.uniformBytes);
    const operand = (): Operand => ({ buffer: gpu.alloc(4), dtype: 'float32', shape: [1], strides: [1], offset: 0 });
    const bindings = Object.fromEntries(shader.bindings.map(({ name }) => [name, operand()]));
    gpu.run({ shader, bindings, uniforms: {}, workgroups: [0] });
    await gpu.sync();
    for (const { buffer } of Object.values(bindings)) gpu.free(buffer);
  });

  // Dawn sets such a variable to zero once for each call of the function, not each time round, as WGSL has it.
  it.each(files)('%s gives every variable inside a block a value', (_file, path) => {
    const lines = readFileSync(path, 'utf8').split('\n');
    const bare = lines.filter((line) => /^\s{4,}(?:for \()?var \w+\s*(?::[^=;]*)?;/.test(line));
    expect(bare).toEqual([]);
  });
});
