import type { Encoder } from './encoder.ts';
import { type Block, blockSize, MAP_MODE_READ, USAGE } from './pool.ts';

/** Staging buffers kept for the next read, at most this many bytes of them. */
const KEEP_BYTES = 64 * 2 ** 20;

/** Copies device memory out. Reads may be under way side by side, each with a staging buffer of its own. */
export class Readback {
  readonly #device: GPUDevice;
  readonly #encoder: Encoder;
  #idle: { readonly gpu: GPUBuffer; readonly capacity: number }[] = [];
  #idleBytes = 0;

  constructor(device: GPUDevice, encoder: Encoder) {
    this.#device = device;
    this.#encoder = encoder;
  }

  /** The bytes as they are after everything run so far; `clean` is awaited before they are handed out. */
  async read(block: Block, offset: number, bytes: number, clean: () => Promise<void>): Promise<ArrayBuffer> {
    const staging = this.#take(blockSize(bytes));
    this.#encoder.copy(block, offset, staging.gpu, bytes);
    this.#encoder.flush();
    let failure: unknown;
    try {
      await staging.gpu.mapAsync(MAP_MODE_READ, 0, bytes);
    } catch (error) {
      failure = error;
    }
    try {
      // First: what made the mapping fail tells more than the failure.
      await clean();
      if (failure !== undefined) throw failure;
    } catch (error) {
      staging.gpu.destroy();
      throw error;
    }
    const copy = staging.gpu.getMappedRange(0, bytes).slice(0);
    staging.gpu.unmap();
    this.#give(staging);
    return copy;
  }

  destroy(): void {
    for (const { gpu } of this.#idle) gpu.destroy();
    this.#idle = [];
    this.#idleBytes = 0;
  }

  #take(capacity: number): { gpu: GPUBuffer; capacity: number } {
    const at = this.#idle.findIndex((each) => each.capacity === capacity);
    if (at >= 0) {
      this.#idleBytes -= capacity;
      return this.#idle.splice(at, 1)[0]!;
    }
    const usage = USAGE.MAP_READ | USAGE.COPY_DST;
    return { gpu: this.#device.createBuffer({ label: 'readback', size: capacity, usage }), capacity };
  }

  #give(staging: { gpu: GPUBuffer; capacity: number }): void {
    this.#idle.push(staging);
    this.#idleBytes += staging.capacity;
    while (this.#idleBytes > KEEP_BYTES && this.#idle.length > 0) {
      const oldest = this.#idle.shift()!;
      this.#idleBytes -= oldest.capacity;
      oldest.gpu.destroy();
    }
  }
}
