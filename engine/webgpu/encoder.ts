import type { Faults } from './faults.ts';
import type { Pipeline } from './pipelines.ts';
import { type Block, USAGE } from './pool.ts';
import { type Words, words } from './uniforms.ts';

/** One dispatch with everything looked up: what a recorded plan would keep. */
export interface Step {
  readonly pipeline: Pipeline;
  readonly group: GPUBindGroup;
  readonly blocks: readonly Block[];
  readonly workgroups: readonly [number, number, number];
}

/** Where uniform structs begin in their buffer: WebGPU's minUniformBufferOffsetAlignment is at most this. */
const SLOT = 256;
const SLOTS = 1024;

export interface EncoderOptions {
  /** Dispatches gathered before they are submitted on their own. */
  readonly maxDispatches: number;
  /** Called after each submission. */
  readonly onSubmit: () => void;
}

/**
 * Gathers dispatches into one compute pass and submits them together: with a submission, and the upload of its uniforms,
 * for each dispatch, small kernels would spend their time in the driver.
 */
export class Encoder {
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #options: EncoderOptions;
  readonly #uniforms: GPUBuffer;
  readonly #staging: Words = words(SLOTS * SLOT);
  #commands: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #pipeline: Pipeline | null = null;
  #slots = 0;
  #dispatches = 0;
  #epoch = 0;
  #work = { dispatches: 0, submits: 0 };

  constructor(device: GPUDevice, faults: Faults, options: EncoderOptions) {
    this.#device = device;
    this.#faults = faults;
    this.#options = options;
    this.#uniforms = device.createBuffer({
      label: 'uniforms',
      size: SLOTS * SLOT,
      usage: USAGE.UNIFORM | USAGE.COPY_DST,
    });
  }

  /** Counts submissions. Blocks used since the last one carry this number. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Dispatches and submissions so far. */
  get work(): { readonly dispatches: number; readonly submits: number } {
    return this.#work;
  }

  /** The buffer behind every shader's binding 0, bound with a dynamic offset. */
  get uniformBuffer(): GPUBuffer {
    return this.#uniforms;
  }

  /** Appends one dispatch; `pack` writes its uniforms at the word it is told. With `timestamps` it gets its own pass. */
  dispatch(step: Step, pack: (to: Words, at: number) => void, timestamps?: GPUComputePassTimestampWrites): void {
    const { pipeline, group, blocks, workgroups } = step;
    const bytes = pipeline.shader.uniforms?.bytes ?? 0;
    const slots = Math.ceil(bytes / SLOT);
    if (this.#slots + slots > SLOTS) this.flush();
    // Before anything is encoded: a uniform that does not fit throws.
    if (slots > 0) pack(this.#staging, (this.#slots * SLOT) / 4);
    if (timestamps !== undefined) this.#endPass();
    if (this.#pass === null) {
      const descriptor = timestamps === undefined ? {} : { timestampWrites: timestamps };
      this.#pass = this.#encoder().beginComputePass(descriptor);
      this.#pipeline = null;
    }
    if (this.#pipeline !== pipeline) {
      this.#pass.setPipeline(pipeline.gpu);
      this.#pipeline = pipeline;
    }
    if (slots > 0) this.#pass.setBindGroup(0, group, [this.#slots * SLOT]);
    else this.#pass.setBindGroup(0, group);
    this.#pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    this.#slots += slots;
    for (const block of blocks) block.usedIn = this.#epoch;
    if (timestamps !== undefined) this.#endPass();
    this.#work.dispatches++;
    if (++this.#dispatches >= this.#options.maxDispatches) this.flush();
  }

  /** Appends a copy out of a block, after everything run so far. */
  copy(block: Block, offset: number, to: GPUBuffer, bytes: number): void {
    this.#endPass();
    this.#encoder().copyBufferToBuffer(block.gpu, offset, to, 0, bytes);
    block.usedIn = this.#epoch;
  }

  /** Appends the reading of timestamps into `to`. */
  resolve(queries: GPUQuerySet, through: GPUBuffer, to: GPUBuffer, bytes: number): void {
    this.#endPass();
    this.#encoder().resolveQuerySet(queries, 0, bytes / 8, through, 0);
    this.#encoder().copyBufferToBuffer(through, 0, to, 0, bytes);
  }

  /** Submits what was gathered. */
  flush(): void {
    this.#endPass();
    if (this.#commands !== null) {
      if (this.#slots > 0) {
        this.#device.queue.writeBuffer(this.#uniforms, 0, this.#staging.u32, 0, (this.#slots * SLOT) / 4);
      }
      this.#device.queue.submit([this.#commands.finish()]);
      this.#commands = null;
      this.#slots = 0;
      this.#dispatches = 0;
      this.#epoch++;
      this.#work.submits++;
      this.#options.onSubmit();
    }
    this.#faults.nextWindow();
  }

  destroy(): void {
    this.#pass = null;
    this.#commands = null;
    this.#uniforms.destroy();
  }

  #encoder(): GPUCommandEncoder {
    return (this.#commands ??= this.#device.createCommandEncoder());
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
  }
}
