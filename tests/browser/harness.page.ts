import { specialize } from '../../shaders/shader.ts';
import scale from '../shaders/scale.wgsl';

/** What the page found out. */
export interface HarnessResult {
  readonly values: readonly number[];
  readonly architecture: string;
  readonly isolated: boolean;
}

/** Runs the sample shader on the browser's WebGPU: y = x · factor + bias. */
export default async function page({ factor }: { factor: number }): Promise<HarnessResult> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error('the browser has no WebGPU adapter');
  const device = await adapter.requestDevice();
  const x = new Float32Array([1, 2, 3, 4]);
  const module = device.createShaderModule({ code: specialize(scale, { WORKGROUP: 4 }) });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });

  const uniforms = new ArrayBuffer(scale.uniforms?.bytes ?? 0);
  const view = new DataView(uniforms);
  view.setUint32(0, x.length, true);
  view.setFloat32(4, factor, true);
  view.setInt32(8, -1, true);
  const { UNIFORM, STORAGE, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const buffers = [
    device.createBuffer({ size: uniforms.byteLength, usage: UNIFORM | COPY_DST }),
    device.createBuffer({ size: x.byteLength, usage: STORAGE | COPY_DST }),
    device.createBuffer({ size: x.byteLength, usage: STORAGE | COPY_SRC }),
  ] as const;
  const readback = device.createBuffer({ size: x.byteLength, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(buffers[0], 0, uniforms);
  device.queue.writeBuffer(buffers[1], 0, x);

  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(buffers[2], 0, readback, 0, x.byteLength);
  device.queue.submit([encoder.finish()]);
  await readback.mapAsync(GPUMapMode.READ);
  const values = [...new Float32Array(readback.getMappedRange())];
  device.destroy();
  return { values, architecture: adapter.info.architecture, isolated: crossOriginIsolated };
}
