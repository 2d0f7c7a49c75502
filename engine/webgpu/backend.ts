import { loadTexts } from '../../shaders/text.ts';
import {
  alignment,
  type Backend,
  type DeviceBuffer,
  type Launch,
  type MemoryStats,
  type Operand,
  type WebGPULaunch,
  type WorkStats,
} from '../backend.ts';
import { elementBytes, type RawData, storageBytes } from '../dtype.ts';
import { DeviceError, OutOfMemoryError } from '../errors.ts';
import { messageOf, type OpenDevice, openDevice, type WebGPUOptions } from './device.ts';
import { Encoder } from './encoder.ts';
import { Faults } from './faults.ts';
import { BindGroupCache, type Bound } from './groups.ts';
import { PipelineCache } from './pipelines.ts';
import { BufferPool, size } from './pool.ts';
import { Readback } from './readback.ts';
import { Timer } from './timer.ts';
import { packUniforms } from './uniforms.ts';

/** Dispatches after which the gathered work is submitted without being asked for: the device should not stand idle. */
const MAX_DISPATCHES = 256;

/** Calls of `throttle` whose work may be unfinished when it returns. */
const RUN_AHEAD = 2;

/**
 * The engine on WebGPU, in browsers and in Node (Dawn). Launches are checked and encoded when they are made and submitted
 * together; nothing read from the device comes back before all that led to it is known to have worked.
 */
export class WebGPUBackend implements Backend {
  readonly name = 'webgpu';
  readonly description: string;
  readonly software: boolean;
  /** For optional kernels: what the adapter said about itself, and what was switched on. */
  readonly info: GPUAdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: GPUSupportedLimits;

  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #pool: BufferPool;
  readonly #encoder: Encoder;
  readonly #pipelines: PipelineCache;
  readonly #groups: BindGroupCache;
  readonly #readback: Readback;
  readonly #timer: Timer;
  readonly #ahead: Promise<void>[] = [];

  /** Opens a device. Throws DeviceError where there is none, saying what is missing. */
  static async create(options: WebGPUOptions = {}): Promise<WebGPUBackend> {
    const [opened] = await Promise.all([openDevice(options), loadTexts()]);
    return new WebGPUBackend(opened, options);
  }

  private constructor({ device, info, description, software }: OpenDevice, options: WebGPUOptions) {
    this.description = description;
    this.software = software;
    this.info = info;
    this.features = device.features;
    this.limits = device.limits;
    this.#device = device;
    this.#faults = new Faults(device);
    this.#encoder = new Encoder(device, this.#faults, {
      maxDispatches: MAX_DISPATCHES,
      onSubmit: () => this.#pool.afterSubmit(),
    });
    this.#groups = new BindGroupCache(device, this.#encoder.uniformBuffer);
    this.#pool = new BufferPool(device, {
      maxBytes: options.maxBytes,
      poolBytes: options.poolBytes,
      epoch: () => this.#encoder.epoch,
      allocating: (make, failed) => this.#faults.allocating(make, failed),
      onDestroy: (block) => this.#groups.release(block),
    });
    this.#pipelines = new PipelineCache(device, this.#faults);
    this.#readback = new Readback(device, this.#encoder);
    this.#timer = new Timer(device, this.#encoder);
  }

  alloc(bytes: number): DeviceBuffer {
    this.#faults.throwKnown();
    return this.#pool.alloc(bytes);
  }

  free(buffer: DeviceBuffer): void {
    // Tensors outlive a lost device and are disposed after it; there is nothing left to give back then.
    if (!this.#faults.lost) this.#pool.free(buffer);
  }

  write(buffer: DeviceBuffer, offset: number, data: RawData): void {
    this.#faults.throwKnown();
    const block = this.#pool.blockOf('write', buffer);
    checkRange('write', buffer, offset, data.byteLength);
    if (data.byteLength === 0) return;
    // A write takes effect at once, before the dispatches that are still being gathered.
    if (block.usedIn === this.#encoder.epoch) this.#encoder.flush();
    this.#device.queue.writeBuffer(block.gpu, offset, data as RawData & ArrayBufferView<ArrayBuffer>);
  }

  async read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    if (this.#faults.lost) this.#faults.throwKnown();
    const block = this.#pool.blockOf('read', buffer);
    checkRange('read', buffer, offset, bytes);
    if (bytes === 0) {
      await this.sync();
      return new ArrayBuffer(0);
    }
    const since = this.#faults.count;
    try {
      return await this.#readback.read(block, offset, bytes, () => this.#faults.settle(since));
    } catch (error) {
      if (error instanceof DeviceError) throw error;
      this.#faults.throwKnown();
      throw new DeviceError(`webgpu: read of ${bytes} bytes failed: ${messageOf(error)}`, { cause: error });
    }
  }

  run(launch: Launch): void {
    this.#run(launch);
  }

  async runTimed(launch: Launch): Promise<number | null> {
    if (!this.#timer.offered) {
      this.#run(launch);
      return null;
    }
    const since = this.#faults.count;
    if (!this.#run(launch, this.#timer.writes())) return 0;
    const time = await this.#timer.finish().catch(() => null);
    await this.#faults.settle(since);
    return time;
  }

  async sync(): Promise<void> {
    if (this.#faults.lost) this.#faults.throwKnown();
    const since = this.#faults.count;
    this.#encoder.flush();
    await this.#workDone();
    await this.#faults.settle(since);
  }

  async throttle(): Promise<void> {
    this.#faults.throwKnown();
    this.#encoder.flush();
    this.#ahead.push(this.#workDone());
    while (this.#ahead.length > RUN_AHEAD) await this.#ahead.shift()!;
    this.#faults.throwKnown();
  }

  memory(): MemoryStats {
    return this.#pool.memory();
  }

  work(): WorkStats {
    const { dispatches, submits } = this.#encoder.work;
    return { dispatches, submits, bindGroups: this.#groups.made, buffers: this.#pool.made };
  }

  destroy(): void {
    this.#faults.retire();
    this.#groups.clear();
    this.#pipelines.clear();
    this.#readback.destroy();
    this.#timer.destroy();
    this.#encoder.destroy();
    this.#device.destroy();
  }

  /** False when there was nothing to do. */
  #run(launch: Launch, timestamps?: GPUComputePassTimestampWrites): boolean {
    this.#faults.throwKnown();
    if (!('shader' in launch)) {
      throw new DeviceError(
        `webgpu: was handed the wasm kernel ${'host' in launch ? launch.host : launch.kernel}. Expected a shader.`,
      );
    }
    const { shader, uniforms } = launch;
    const workgroups = this.#checkWorkgroups(launch);
    const bound = this.#bind(launch);
    const pipeline = this.#pipelines.get(shader, launch.params);
    if (workgroups[0] === 0 || workgroups[1] === 0 || workgroups[2] === 0) return false;
    const step = {
      pipeline,
      group: this.#groups.get(pipeline, bound),
      blocks: bound.map(({ block }) => block),
      workgroups,
    };
    this.#encoder.dispatch(step, (to, at) => packUniforms(shader, uniforms, to, at), timestamps);
    return true;
  }

  /** Resolves when what was submitted is done, or will never be. */
  async #workDone(): Promise<void> {
    try {
      await this.#device.queue.onSubmittedWorkDone();
    } catch {
      // Only a lost device refuses to tell; whoever waits asks for that next.
    }
  }

  #checkWorkgroups({ shader, workgroups }: WebGPULaunch): [number, number, number] {
    const counts: [number, number, number] = [workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1];
    const limit = this.limits.maxComputeWorkgroupsPerDimension;
    for (const count of counts) {
      if (!Number.isInteger(count) || count < 0 || count > limit) {
        throw new DeviceError(
          `webgpu: launch of ${shader.name} with ${counts.join(' × ')} workgroups. Expected whole numbers up to ` +
            `${limit} (maxComputeWorkgroupsPerDimension); grid() spreads larger counts over two dimensions.`,
        );
      }
    }
    return counts;
  }

  /** Looks up and checks the operands, in the order of the shader's bindings. */
  #bind({ shader, bindings }: WebGPULaunch): Bound[] {
    const bound = shader.bindings.map(({ name, binding }): Bound => {
      const operand = bindings[name];
      if (operand === undefined) refuse(shader.name, `binding "${name}" is missing`, expectedBindings(shader));
      const block = this.#pool.blockOf(`launch of ${shader.name}, binding "${name}",`, operand.buffer);
      const align = alignment(operand.dtype);
      if (operand.offset % align !== 0) {
        refuse(shader.name, `binding "${name}" begins at element ${operand.offset}`, `a multiple of ${align}`);
      }
      this.#checkExtent(shader.name, name, operand);
      return { binding, block, offset: operand.offset * elementBytes(operand.dtype) };
    });
    if (Object.keys(bindings).length > bound.length) {
      const extra = Object.keys(bindings).filter((name) => !shader.bindings.some((each) => each.name === name));
      refuse(shader.name, `there is no binding "${extra.join('", "')}"`, expectedBindings(shader));
    }
    for (const [i, { access, name }] of shader.bindings.entries()) {
      if (access === 'read') continue;
      const other = bound.findIndex(({ block }, j) => j !== i && block === bound[i]!.block);
      if (other >= 0) {
        const also = shader.bindings[other]!;
        refuse(
          shader.name,
          `"${name}" is written and "${also.name}" (${also.access}) lies in the same buffer`,
          'a fresh buffer for each output',
        );
      }
    }
    return bound;
  }

  /** The elements an operand names must lie in its buffer, and within what one binding can reach. */
  #checkExtent(shader: string, name: string, { buffer, shape, strides, offset, dtype }: Operand): void {
    let last = 0;
    for (let d = 0; d < shape.length; d++) {
      if (shape[d] === 0) return;
      last += (shape[d]! - 1) * strides[d]!;
    }
    const bytes = storageBytes(dtype, last + 1);
    const end = offset * elementBytes(dtype) + bytes;
    if (end > buffer.bytes) {
      refuse(shader, `binding "${name}" reaches byte ${end}`, `at most ${buffer.bytes}, the buffer's size`);
    }
    const limit = this.limits.maxStorageBufferBindingSize;
    if (bytes > limit) {
      throw new OutOfMemoryError(
        `webgpu: launch of ${shader}: "${name}" takes ${size(bytes)}, and this device's maxStorageBufferBindingSize is ` +
          `${size(limit)}. Use a smaller batch, or split the tensor.`,
      );
    }
  }
}

const expectedBindings = (shader: { bindings: readonly { name: string }[] }): string =>
  shader.bindings.map(({ name }) => name).join(', ');

function refuse(shader: string, came: string, expected: string): never {
  throw new DeviceError(`webgpu: launch of ${shader}: ${came}. Expected ${expected}.`);
}

function checkRange(op: string, buffer: DeviceBuffer, offset: number, bytes: number): void {
  if (offset % 4 !== 0 || bytes % 4 !== 0 || offset < 0 || bytes < 0 || offset + bytes > buffer.bytes) {
    throw new DeviceError(
      `webgpu: ${op} of ${bytes} bytes at byte ${offset} of a buffer of ${buffer.bytes}. ` +
        'Expected multiples of 4 inside the buffer.',
    );
  }
}
