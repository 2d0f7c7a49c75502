import type { DeviceBuffer, MemoryStats } from '../backend.ts';
import { DeviceError, DisposedError, OutOfMemoryError } from '../errors.ts';

/** GPUBufferUsage and GPUMapMode as the specification fixes them: Node has no such globals. */
export const USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128, QUERY_RESOLVE: 512 } as const;
export const MAP_MODE_READ = 1;

const MIB = 2 ** 20;
const LEAST_BLOCK = 256;
const LEAST_POOL_CAP = 256 * MIB;

/** A GPU buffer of the pool. It outlives the handles given out for it, one after another. */
export interface Block {
  readonly id: number;
  readonly gpu: GPUBuffer;
  readonly capacity: number;
  /** The epoch of the encoder in which it was last used. Equal to the current one: not submitted yet. */
  usedIn: number;
  /** Keys of the cached bind groups that name it. */
  readonly groups: Set<string>;
  /** Found out later: the device had no memory for it. */
  broken: boolean;
}

/** What `alloc` hands out. Without a block once it was freed, so that a stale handle is found out. */
export interface PoolBuffer extends DeviceBuffer {
  block: Block | null;
}

export interface PoolOptions {
  readonly maxBytes?: number | undefined;
  readonly poolBytes?: number | undefined;
  /** The encoder's epoch: blocks used in it must not be destroyed before it is over. */
  readonly epoch: () => number;
  /** Calls `make`, and `failed` when it turns out that there was no memory for it. */
  readonly allocating: <T>(make: () => T, failed: () => void) => T;
  /** Told before a block is destroyed. */
  readonly onDestroy: (block: Block) => void;
}

/**
 * Size of the block for `bytes`: powers of two up to a mebibyte, then steps of an eighth, so that little is wasted and
 * tensors of nearly equal size share blocks.
 */
export function blockSize(bytes: number): number {
  if (bytes <= LEAST_BLOCK) return LEAST_BLOCK;
  const power = 2 ** Math.ceil(Math.log2(bytes));
  if (bytes <= MIB) return power;
  const step = power / 16;
  return Math.ceil(bytes / step) * step;
}

/**
 * Storage buffers by size class. A freed block is reused at once, the one made first before the others: a training step
 * that finds the same blocks free as the step before it takes the same ones for the same purposes, and so finds its bind
 * groups made. Later dispatches run after the ones that still use a block, because the queue keeps their order. Destroying
 * is different and waits for the submission.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #options: PoolOptions;
  /** By capacity; each list from the youngest block to the oldest. */
  readonly #free = new Map<number, Block[]>();
  /** Free blocks that may not be destroyed before the encoder's epoch is over. */
  #doomed: Block[] = [];
  #nextId = 0;
  #liveBytes = 0;
  #liveBuffers = 0;
  #pooledBytes = 0;
  #peakBytes = 0;

  constructor(device: GPUDevice, options: PoolOptions) {
    this.#device = device;
    this.#options = options;
  }

  alloc(bytes: number): PoolBuffer {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new DeviceError(`webgpu: cannot allocate ${bytes} bytes. Expected a whole number from 0.`);
    }
    const { maxBufferSize } = this.#device.limits;
    const { maxBytes } = this.#options;
    if (bytes > maxBufferSize) {
      throw new OutOfMemoryError(
        `webgpu: a buffer of ${size(bytes)} was asked for, and this device's maxBufferSize is ${size(maxBufferSize)}. ` +
          'Use a smaller batch, or split the tensor.',
      );
    }
    if (maxBytes !== undefined && this.#liveBytes + bytes > maxBytes) {
      throw new OutOfMemoryError(
        `webgpu: a buffer of ${size(bytes)} was asked for with ${size(this.#liveBytes)} live in ${this.#liveBuffers} ` +
          `buffers, and maxBytes is ${size(maxBytes)}. Free tensors, use a smaller batch, or raise maxBytes.`,
      );
    }
    const capacity = Math.min(blockSize(bytes), Math.floor(maxBufferSize / 4) * 4);
    const block = this.#take(capacity) ?? this.#create(capacity);
    this.#liveBytes += bytes;
    this.#liveBuffers += 1;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return { bytes, block };
  }

  free(buffer: DeviceBuffer): void {
    const handle = buffer as PoolBuffer;
    const block = this.blockOf('free', handle);
    handle.block = null;
    this.#liveBytes -= handle.bytes;
    this.#liveBuffers -= 1;
    const list = this.#free.get(block.capacity);
    if (list === undefined) this.#free.set(block.capacity, [block]);
    else insert(list, block);
    this.#pooledBytes += block.capacity;
    const cap = this.#options.poolBytes ?? Math.max(LEAST_POOL_CAP, this.#peakBytes);
    if (this.#pooledBytes > cap) this.#shrink(cap);
  }

  /** The block behind a handle, or an error that names the operation. */
  blockOf(op: string, buffer: DeviceBuffer): Block {
    const { block } = buffer as PoolBuffer;
    if (block === undefined) {
      throw new DeviceError(
        `webgpu: ${op} was given a buffer of another device. Move the tensor to this device first.`,
      );
    }
    if (block === null) {
      throw new DisposedError(`webgpu: ${op} of a buffer of ${buffer.bytes} bytes that was freed already.`);
    }
    return block;
  }

  /** Buffers made so far, those since destroyed too. */
  get made(): number {
    return this.#nextId;
  }

  /** Destroys what only waited for its submission. Call when the encoder's epoch has moved on. */
  afterSubmit(): void {
    const doomed = this.#doomed;
    if (doomed.length === 0) return;
    this.#doomed = [];
    for (const block of doomed) this.#destroy(block);
  }

  memory(): MemoryStats {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    return {
      liveBytes: this.#liveBytes,
      liveBuffers: this.#liveBuffers,
      pooledBytes: this.#pooledBytes,
      peakBytes: this.#peakBytes,
      limitBytes: this.#options.maxBytes ?? null,
      bufferLimitBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    };
  }

  #take(capacity: number): Block | undefined {
    const list = this.#free.get(capacity);
    while (list !== undefined && list.length > 0) {
      const block = list.pop()!;
      this.#pooledBytes -= capacity;
      if (!block.broken) return block;
      this.#release(block);
    }
    return undefined;
  }

  #create(capacity: number): Block {
    const id = this.#nextId++;
    const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
    const failed = (): void => {
      block.broken = true;
      // What is only kept for later may be what the next attempt needs.
      this.#shrink(0);
    };
    const make = (): GPUBuffer => this.#device.createBuffer({ label: `block ${id}`, size: capacity, usage });
    const gpu = this.#options.allocating(make, failed);
    const block: Block = { id, gpu, capacity, usedIn: -1, groups: new Set(), broken: false };
    return block;
  }

  /** Lets go of free blocks, the largest class and its youngest first, until the pool fits its cap. */
  #shrink(cap: number): void {
    const sizes = [...this.#free.keys()].sort((a, b) => b - a);
    for (const capacity of sizes) {
      const list = this.#free.get(capacity)!;
      while (list.length > 0 && this.#pooledBytes > cap) {
        const block = list.shift()!;
        this.#pooledBytes -= capacity;
        this.#release(block);
      }
      if (list.length === 0) this.#free.delete(capacity);
      if (this.#pooledBytes <= cap) return;
    }
  }

  /** Destroys a block that nobody holds, once nothing that is not submitted yet uses it. */
  #release(block: Block): void {
    if (block.usedIn === this.#options.epoch()) this.#doomed.push(block);
    else this.#destroy(block);
  }

  #destroy(block: Block): void {
    this.#options.onDestroy(block);
    block.gpu.destroy();
  }
}

/** Puts a block in its place in a list that runs from the highest id to the lowest. */
function insert(list: Block[], block: Block): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.id > block.id) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, block);
}

/** Bytes for people: `1.5 GiB (1610612736 bytes)`. */
export function size(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = '';
  while (value >= 1024 && units.length > 0) {
    value /= 1024;
    unit = units.shift()!;
  }
  return unit === '' ? `${bytes} bytes` : `${Number(value.toFixed(2))} ${unit} (${bytes} bytes)`;
}
