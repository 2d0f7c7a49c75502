import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grid, type Operand, type WebGPULaunch } from '../engine/backend.ts';
import { DeviceError, DeviceLostError, DisposedError, OutOfMemoryError, ShaderError } from '../engine/errors.ts';
import { sizeOf } from '../engine/shape.ts';
import { WebGPUBackend } from '../engine/webgpu/backend.ts';
import { blockSize } from '../engine/webgpu/pool.ts';
import { reflectShader } from '../shaders/plugin.mjs';
import type { Shader } from '../shaders/shader.ts';

const inline = (name: string, source: string): Shader => reflectShader(source, name) as unknown as Shader;

/** y[i] = a·x[i] + b for i below n, with any number of workgroups. */
const axpb = inline(
  'axpb',
  `struct Params { n: u32, a: f32, b: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
const WG: u32 = 64u; // @param
@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) w: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_id) l: vec3u) {
  let i = (w.y * n.x + w.x) * WG + l.x;
  if (i < params.n) { y[i] = params.a * x[i] + params.b; }
}
`,
);

describe('the WebGPU backend', () => {
  let gpu: WebGPUBackend;
  beforeAll(async () => {
    gpu = await WebGPUBackend.create();
  });
  afterAll(() => gpu.destroy());

  const operand = (n: number, values?: Float32Array, backend = gpu): Operand => {
    const buffer = backend.alloc(n * 4);
    if (values !== undefined) backend.write(buffer, 0, values);
    return { buffer, dtype: 'float32', shape: [n], strides: [1], offset: 0 };
  };
  const launch = (x: Operand, y: Operand, a: number, b: number, more: Partial<WebGPULaunch> = {}): WebGPULaunch => {
    const n = sizeOf(y.shape);
    return { shader: axpb, bindings: { x, y }, uniforms: { n, a, b }, workgroups: grid(n, 64), ...more };
  };
  const data = async (x: Operand, backend = gpu): Promise<Float32Array> =>
    new Float32Array(await backend.read(x.buffer, x.offset * 4, sizeOf(x.shape) * 4));
  const free = (...list: Operand[]): void => {
    for (const { buffer } of list) gpu.free(buffer);
  };

  it('says what it is', () => {
    expect(gpu.name).toBe('webgpu');
    expect(gpu.description).toMatch(/^webgpu: .+ \((software|Dawn|browser)\)$/);
    expect(gpu.software).toBe(gpu.description.includes('software'));
  });

  it('refuses a software adapter when told to', async () => {
    if (!gpu.software) return;
    await expect(WebGPUBackend.create({ allowSoftware: false })).rejects.toThrow(/computes on the CPU/);
  });

  it('runs a chain of launches in order', async () => {
    const x = operand(
      1000,
      Float32Array.from({ length: 1000 }, (_, i) => i),
    );
    const [y, z] = [operand(1000), operand(1000)];
    gpu.run(launch(x, y, 2, 1));
    gpu.run(launch(y, z, -1, 0));
    expect([...(await data(z)).subarray(0, 3)]).toEqual([-1, -3, -5]);
    expect((await data(z))[999]).toBe(-1999);
    free(x, y, z);
  });

  it('runs more launches than one submission or the uniform buffer holds', async () => {
    const ping = [operand(64, new Float32Array(64)), operand(64)] as const;
    for (let i = 0; i < 3000; i++) gpu.run(launch(ping[i % 2]!, ping[(i + 1) % 2]!, 1, i % 7));
    let want = 0;
    for (let i = 0; i < 3000; i++) want += i % 7;
    expect((await data(ping[0]))[63]).toBe(want);
    free(...ping);
  });

  it('takes more than 65,535 workgroups by way of grid()', async () => {
    const n = 64 * 65535 + 64 * 3 + 5;
    const x = operand(n, new Float32Array(n).fill(3));
    const y = operand(n);
    gpu.run(launch(x, y, 1, 1));
    const got = await data(y);
    expect([got[0], got[64 * 65535 + 1], got[n - 1]]).toEqual([4, 4, 4]);
    free(x, y);
  });

  it('reads views and zero bytes', async () => {
    const x = operand(
      256,
      Float32Array.from({ length: 256 }, (_, i) => i),
    );
    const y = operand(64);
    gpu.run(launch({ ...x, shape: [64], offset: 128 }, y, 1, 0));
    expect((await data(y))[1]).toBe(129);
    expect([...new Float32Array(await gpu.read(x.buffer, 40, 8))]).toEqual([10, 11]);
    expect((await gpu.read(x.buffer, 0, 0)).byteLength).toBe(0);
    free(x, y);
  });

  it('submits what uses a buffer before it is rewritten', async () => {
    const x = operand(64, new Float32Array(64).fill(1));
    const [y, z] = [operand(64), operand(64)];
    gpu.run(launch(x, y, 1, 0));
    gpu.write(x.buffer, 0, new Float32Array(64).fill(2));
    gpu.run(launch(x, z, 1, 0));
    expect([(await data(y))[0], (await data(z))[0]]).toEqual([1, 2]);
    free(x, y, z);
  });

  it('reuses freed buffers at once, also under a write', async () => {
    const x = operand(64, new Float32Array(64).fill(1));
    const y = operand(64);
    gpu.run(launch(x, y, 5, 0));
    const { block } = x.buffer as unknown as { block: object };
    free(x);
    const again = operand(64, new Float32Array(64).fill(9));
    expect((again.buffer as unknown as { block: object }).block).toBe(block);
    expect([(await data(y))[0], (await data(again))[0]]).toEqual([5, 9]);
    free(y, again);
  });

  it('counts what is live, what is pooled, and the peak', () => {
    const before = gpu.memory();
    const x = operand(1000);
    expect(gpu.memory()).toMatchObject({
      liveBytes: before.liveBytes + 4000,
      liveBuffers: before.liveBuffers + 1,
    });
    free(x);
    expect(gpu.memory().liveBytes).toBe(before.liveBytes);
    expect(gpu.memory().pooledBytes).toBeGreaterThanOrEqual(before.pooledBytes);
    expect(gpu.memory().peakBytes).toBeGreaterThanOrEqual(before.liveBytes + 4000);
  });

  it('counts what it was given to do; what is found again is not counted', async () => {
    await gpu.sync();
    const before = gpu.work();
    // of a size that no other test has: one buffer and one group of its own
    const [x, y] = [operand(999_983), operand(4)];
    for (const a of [2, 3]) gpu.run(launch(x, y, a, 1));
    gpu.run(launch(x, y, 4, 1, { workgroups: [0] }));
    await gpu.sync();
    free(x);
    free(operand(999_983));
    const { dispatches, submits, bindGroups, buffers } = gpu.work();
    expect([dispatches - before.dispatches, submits - before.submits]).toEqual([2, 1]);
    expect([bindGroups - before.bindGroups, buffers - before.buffers]).toEqual([1, 1]);
    free(y);
  });

  it('keeps size classes within an eighth above a mebibyte', () => {
    for (const bytes of [0, 1, 256, 257, 4096, 2 ** 20 + 4, 3_000_000, 2 ** 30 - 4, 2 ** 31 + 1]) {
      const got = blockSize(bytes);
      expect(got % 256).toBe(0);
      expect(got).toBeGreaterThanOrEqual(bytes);
      expect(got).toBeLessThanOrEqual(Math.max(256, bytes > 2 ** 20 ? bytes * 1.126 : 2 * bytes));
    }
  });

  it('holds no more freed bytes than its cap, and destroys none that is still to be used', async () => {
    const small = await WebGPUBackend.create({ poolBytes: 4096 });
    const x = operand(1024, new Float32Array(1024).fill(7), small);
    const many = Array.from({ length: 8 }, () => operand(1024, undefined, small));
    for (const y of many) small.run(launch(x, y, 1, 1));
    for (const { buffer } of many.slice(1)) small.free(buffer);
    expect(small.memory().pooledBytes).toBeLessThanOrEqual(4096);
    expect((await data(many[0]!, small))[1023]).toBe(8);
    await small.sync();
    small.destroy();
  });

  it('names the numbers and the limit when it is out of memory', async () => {
    const { maxBufferSize } = gpu.limits;
    expect(() => gpu.alloc(maxBufferSize + 4)).toThrow(OutOfMemoryError);
    expect(() => gpu.alloc(maxBufferSize + 4)).toThrow(`maxBufferSize is`);
    const capped = await WebGPUBackend.create({ maxBytes: 1000 });
    capped.alloc(800);
    expect(() => capped.alloc(400)).toThrow(/400 bytes was asked for with 800 bytes live.*maxBytes is 1000 bytes/);
    capped.destroy();
  });

  it('recovers when the device had no memory after all', async () => {
    if (!gpu.software) return; // A card would really be filled up.
    const backend = await WebGPUBackend.create();
    // SwiftShader promises buffers of a gibibyte and never has the memory.
    const large = backend.alloc(backend.limits.maxBufferSize);
    const { block } = large as unknown as { block: object };
    const failure: unknown = await backend.sync().catch((error: unknown) => error);
    backend.free(large);
    if (failure !== undefined) {
      expect(failure).toBeInstanceOf(OutOfMemoryError);
      const again = backend.alloc(backend.limits.maxBufferSize) as unknown as { block: object };
      expect(again.block).not.toBe(block);
      await expect(backend.sync()).rejects.toThrow(OutOfMemoryError);
    }
    const small = operand(4, Float32Array.of(1, 2, 3, 4), backend);
    expect([...(await data(small, backend))]).toEqual([1, 2, 3, 4]);
    backend.destroy();
  });

  it('finds freed buffers, freed twice and foreign ones', async () => {
    const x = operand(64);
    free(x);
    expect(() => gpu.free(x.buffer)).toThrow(DisposedError);
    expect(() => gpu.write(x.buffer, 0, new Float32Array(1))).toThrow(/freed already/);
    await expect(gpu.read(x.buffer, 0, 4)).rejects.toThrow(DisposedError);
    await expect(gpu.read({ bytes: 64 }, 0, 4)).rejects.toThrow(/another device/);
  });

  it('refuses ranges outside a buffer', async () => {
    const x = operand(4);
    expect(() => gpu.write(x.buffer, 8, new Float32Array(3))).toThrow(/12 bytes at byte 8 of a buffer of 16/);
    await expect(gpu.read(x.buffer, 0, 20)).rejects.toThrow(/20 bytes at byte 0/);
    free(x);
  });

  it('checks every launch', () => {
    const [x, y] = [operand(256), operand(256)];
    const good = launch(x, y, 1, 0);
    const bad = (change: object): (() => void) => {
      return () => gpu.run({ ...good, ...change } as WebGPULaunch);
    };
    expect(bad({ bindings: { x } })).toThrow('launch of axpb: binding "y" is missing. Expected x, y.');
    expect(bad({ bindings: { x, y, z: y } })).toThrow('there is no binding "z"');
    expect(bad({ bindings: { x: y, y } })).toThrow('"y" is written and "x" (read) lies in the same buffer');
    expect(bad({ bindings: { x: { ...x, offset: 32 }, y } })).toThrow('multiple of 64');
    expect(bad({ bindings: { x: { ...x, offset: 64 }, y } })).toThrow('reaches byte 1280');
    expect(bad({ uniforms: { n: 1, a: 1 } })).toThrow('uniform "b" is missing');
    expect(bad({ uniforms: { n: 1.5, a: 1, b: 0 } })).toThrow('uniform "n" is 1.5. Expected u32');
    expect(bad({ uniforms: { n: -1, a: 1, b: 0 } })).toThrow(DeviceError);
    expect(bad({ uniforms: { n: [1, 2], a: 1, b: 0 } })).toThrow('2 numbers');
    expect(bad({ uniforms: { n: 1, a: 1, b: 0, c: 0 } })).toThrow('there is no uniform "c"');
    expect(bad({ params: { XX: 3 } })).toThrow('no parameter "XX"');
    expect(bad({ workgroups: [65536] })).toThrow('65535');
    expect(bad({ workgroups: [1.5] })).toThrow('65535');
    expect(bad({ workgroups: [0] })).not.toThrow();
    expect(() => gpu.run({ kernel: 'add', args: [], range: 1 })).toThrow('wasm kernel add');
    free(x, y);
  });

  it('reports a shader that does not compile with its line, at the next read, and every launch after', async () => {
    const broken = inline('broken', axpb.source.replace('params.a * x[i]', 'params.a * nothing[i]'));
    const x = operand(64, new Float32Array(64));
    const y = operand(64);
    gpu.run(launch(x, y, 1, 0, { shader: broken }));
    const reads = [data(y), data(x)];
    const [first, second] = await Promise.allSettled(reads);
    expect(first).toMatchObject({ status: 'rejected', reason: expect.any(ShaderError) });
    expect(second!.status).toBe('rejected');
    const { message } = (first as PromiseRejectedResult).reason as Error;
    expect(message).toContain('broken:9:');
    expect(message).toContain('nothing');
    expect(message).toMatch(/\n {2}.*y\[i\] = params\.a \* nothing\[i\]/);
    expect(() => gpu.run(launch(x, y, 1, 0, { shader: broken }))).toThrow(ShaderError);
    gpu.run(launch(x, y, 1, 4));
    expect((await data(y))[0]).toBe(4);
    free(x, y);
  });

  it('reports a pipeline that the limits forbid', async () => {
    const x = operand(64, new Float32Array(64));
    const y = operand(64);
    gpu.run(launch(x, y, 1, 0, { params: { WG: 4096 } }));
    await expect(gpu.sync()).rejects.toThrow(/axpb \(WG=4096\) makes no pipeline/);
    await gpu.sync();
    free(x, y);
  });

  it('passes on what the device refuses later', async () => {
    const lying = inline('lying', axpb.source);
    const twisted = {
      ...lying,
      bindings: lying.bindings.map((each) => ({
        ...each,
        access: each.access === 'read' ? 'read_write' : each.access,
      })),
    } as Shader;
    const [x, y] = [operand(64, new Float32Array(64)), operand(64)];
    gpu.run(launch(x, y, 1, 0, { shader: twisted }));
    await expect(data(y)).rejects.toThrow(DeviceError);
    gpu.run(launch(x, y, 1, 2));
    expect((await data(y))[5]).toBe(2);
    free(x, y);
  });

  it('times a launch where the device has a clock', async () => {
    const [x, y] = [operand(64, new Float32Array(64)), operand(64)];
    gpu.run(launch(x, y, 1, 1));
    const time = await gpu.runTimed(launch(y, x, 2, 0));
    if (gpu.features.has('timestamp-query')) expect(time).toBeGreaterThanOrEqual(0);
    else expect(time).toBeNull();
    expect(await gpu.runTimed(launch(y, x, 2, 0, { workgroups: [0] }))).toBe(
      gpu.features.has('timestamp-query') ? 0 : null,
    );
    expect((await data(x))[63]).toBe(2);
    free(x, y);
  });

  it('bounds how far it runs ahead', async () => {
    const [x, y] = [operand(64, new Float32Array(64)), operand(64)];
    for (let i = 0; i < 10; i++) {
      gpu.run(launch(x, y, 1, i));
      await gpu.throttle();
    }
    expect((await data(y))[0]).toBe(9);
    free(x, y);
  });

  it('takes the same parameters in any order as one pipeline, and arrays of vectors as uniforms', async () => {
    const strided = inline(
      'strided',
      `struct Params { rows: u32, strides: array<vec4<i32>, 2>, v: vec2f }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.rows) { y[id.x] = f32(params.strides[id.x / 4u][id.x % 4u]) + params.v.y; }
}
`,
    );
    const y = operand(8);
    const uniforms = { rows: 8, strides: [0, -1, 2, 3, 4, 5, 6, 7], v: [1, 0.5] };
    gpu.run({ shader: strided, bindings: { y }, uniforms, workgroups: [1] });
    expect([...(await data(y))]).toEqual([0.5, -0.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]);
    free(y);
  });

  it('fails every call after it was destroyed', async () => {
    const gone = await WebGPUBackend.create();
    const x = operand(64, new Float32Array(64), gone);
    const y = operand(64, undefined, gone);
    gone.run(launch(x, y, 1, 0));
    const pending = gone.read(y.buffer, 0, 4);
    gone.destroy();
    await expect(pending).rejects.toThrow(DeviceLostError);
    expect(() => gone.alloc(4)).toThrow(DeviceLostError);
    expect(() => gone.run(launch(x, y, 1, 0))).toThrow(/destroyed/);
    expect(() => gone.write(x.buffer, 0, new Float32Array(1))).toThrow(DeviceLostError);
    await expect(gone.read(y.buffer, 0, 4)).rejects.toThrow(DeviceLostError);
    await expect(gone.sync()).rejects.toThrow(DeviceLostError);
    gone.free(x.buffer);
    gone.destroy();
  });

  it('turns the loss of the device into an error of what comes after', async () => {
    // The device is taken away behind the backend's back.
    let device: GPUDevice | undefined;
    const found = typeof navigator === 'undefined' ? undefined : navigator.gpu;
    const dawn: GPU = found ?? (await import('webgpu')).create([]);
    const watched = {
      requestAdapter: async (options?: GPURequestAdapterOptions) => {
        const adapter = (await dawn.requestAdapter(options))!;
        const { info, limits, features } = adapter;
        const requestDevice = async (descriptor: GPUDeviceDescriptor): Promise<GPUDevice> =>
          (device = await adapter.requestDevice(descriptor));
        return { info, limits, features, requestDevice };
      },
    } as unknown as GPU;
    const backend = await WebGPUBackend.create({ gpu: watched });
    const x = operand(64, new Float32Array(64), backend);
    device!.destroy();
    await expect(backend.read(x.buffer, 0, 4)).rejects.toThrow(DeviceLostError);
    await expect(backend.sync()).rejects.toThrow(/was lost/);
    expect(() => backend.alloc(4)).toThrow(DeviceLostError);
    backend.free(x.buffer);
    backend.destroy();
  });
});
