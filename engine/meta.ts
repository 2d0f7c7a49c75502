import type { Backend, BackendName, DeviceBuffer, MemoryStats, WorkStats } from './backend.ts';
import { DeviceError } from './errors.ts';

/** A place that is counted, and holds nothing. */
class MetaBuffer implements DeviceBuffer {
  readonly bytes: number;
  readonly device: MetaDevice;
  freed = false;
  constructor(device: MetaDevice, bytes: number) {
    this.device = device;
    this.bytes = bytes;
  }
}

/**
 * A device without memory, as PyTorch's `meta`: shapes and storage are real, no kernel runs, and all that is read is 0.
 * What it reports of its memory is what the device it is `like` would report, since the very same operations ask for the
 * very same buffers; a training step of any size is counted in milliseconds.
 */
export class MetaDevice implements Backend {
  readonly name: BackendName;
  readonly description: string;
  readonly software = false;
  #liveBytes = 0;
  #liveBuffers = 0;
  #peakBytes = 0;
  #largestBytes = 0;
  #dispatches = 0;
  #buffers = 0;

  constructor(like: Pick<Backend, 'name'>) {
    this.name = like.name;
    this.description = `meta: counts what ${like.name} would hold`;
  }

  /** The largest buffer asked for so far. */
  get largestBytes(): number {
    return this.#largestBytes;
  }

  alloc(bytes: number): DeviceBuffer {
    this.#liveBytes += bytes;
    this.#liveBuffers++;
    this.#buffers++;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    this.#largestBytes = Math.max(this.#largestBytes, bytes);
    return new MetaBuffer(this, bytes);
  }

  free(buffer: DeviceBuffer): void {
    const own = this.#own('free', buffer);
    own.freed = true;
    this.#liveBytes -= own.bytes;
    this.#liveBuffers--;
  }

  write(buffer: DeviceBuffer): void {
    this.#own('write', buffer);
  }

  async read(buffer: DeviceBuffer, _offset: number, bytes: number): Promise<ArrayBuffer> {
    this.#own('read', buffer);
    return new ArrayBuffer(bytes);
  }

  run(): void {
    this.#dispatches++;
  }

  async runTimed(): Promise<number | null> {
    this.run();
    return null;
  }

  async sync(): Promise<void> {}

  async throttle(): Promise<void> {}

  memory(): MemoryStats {
    return {
      liveBytes: this.#liveBytes,
      liveBuffers: this.#liveBuffers,
      pooledBytes: 0,
      peakBytes: this.#peakBytes,
      limitBytes: null,
      bufferLimitBytes: Number.POSITIVE_INFINITY,
    };
  }

  /** Kernel calls and buffers as they come; nothing is submitted, and nothing bound. */
  work(): WorkStats {
    return { dispatches: this.#dispatches, submits: 0, bindGroups: 0, buffers: this.#buffers };
  }

  /** Starts the count of the peak anew, from what is live now. */
  resetPeak(): void {
    this.#peakBytes = this.#liveBytes;
  }

  destroy(): void {}

  #own(what: string, buffer: DeviceBuffer): MetaBuffer {
    if (!(buffer instanceof MetaBuffer) || buffer.device !== this) {
      throw new DeviceError(`meta: ${what} of a buffer of another device.`);
    }
    if (buffer.freed) throw new DeviceError(`meta: ${what} of a buffer of ${buffer.bytes} bytes that was freed.`);
    return buffer;
  }
}
