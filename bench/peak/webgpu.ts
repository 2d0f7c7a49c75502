/** What the GPU can do: the best of plain loops of multiply-adds in registers, and copying between buffers. */
import { ensureWebGPU } from '../engines/webgpu.ts';
import type { Peak } from './wasm.ts';

const ROUNDS = 256;
const COPIED = 64 * 2 ** 20;

const kernel = (vectors: number, workgroup: number): string => {
  const each = (f: (name: string) => string): string =>
    Array.from({ length: vectors }, (_, i) => f(`a${i}`)).join('\n');
  return `
@group(0) @binding(0) var<storage, read> given: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> found: array<vec4f>;
@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let factor = given[0];
  let summand = given[1];
  ${each((a) => `var ${a} = summand * f32(id.x);`)}
  for (var i = 0u; i < ${ROUNDS}u; i++) {
    ${each((a) => `${a} = fma(${a}, factor, summand);`)}
  }
  var sum = vec4f();
  ${each((a) => `sum += ${a};`)}
  found[id.x] = sum;
}`;
};

export async function webgpuPeaks(): Promise<Peak[]> {
  await ensureWebGPU();
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('bench: no WebGPU adapter');
  const device = await adapter.requestDevice();
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  try {
    const timed = async (encode: (encoder: GPUCommandEncoder) => void): Promise<number> => {
      let ms = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 6; i++) {
        const begun = performance.now();
        const encoder = device.createCommandEncoder();
        encode(encoder);
        device.queue.submit([encoder.finish()]);
        await device.queue.onSubmittedWorkDone();
        // the first one compiles
        if (i > 0) ms = Math.min(ms, performance.now() - begun);
      }
      return ms;
    };
    const given = device.createBuffer({ size: 32, usage: STORAGE | COPY_DST });
    device.queue.writeBuffer(given, 0, Float32Array.from([0.999, 0.999, 0.999, 0.999, 1e-3, 1e-3, 1e-3, 1e-3]));
    let best: Peak | null = null;
    for (const [vectors, workgroup] of [
      [4, 64],
      [8, 64],
      [8, 256],
    ] as const) {
      const module = device.createShaderModule({ code: kernel(vectors, workgroup) });
      const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
      // as many workgroups as take a while
      for (let groups = 64, ms = 0; ms < 15 && groups <= 65_535; groups = Math.min(65_536, groups * 4)) {
        const found = device.createBuffer({ size: groups * workgroup * 16, usage: STORAGE });
        const entries = [given, found].map((buffer, binding) => ({ binding, resource: { buffer } }));
        const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
        ms = await timed((encoder) => {
          const pass = encoder.beginComputePass();
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(groups);
          pass.end();
        });
        found.destroy();
        const gflops = (groups * workgroup * vectors * 4 * 2 * ROUNDS) / ms / 1e6;
        if (gflops > (best?.gflops ?? 0)) best = { name: 'multiply-add, best of plain loops', gflops, ms };
      }
    }
    const [from, to] = [COPY_SRC, COPY_DST].map((usage) => device.createBuffer({ size: COPIED, usage })) as [
      GPUBuffer,
      GPUBuffer,
    ];
    const ms = await timed((encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, COPIED));
    return [best!, { name: 'copy', gbps: (2 * COPIED) / ms / 1e6, ms }];
  } finally {
    device.destroy();
  }
}
