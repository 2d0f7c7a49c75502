import type { Encoder } from './encoder.ts';
import { MAP_MODE_READ, USAGE } from './pool.ts';

const BYTES = 16;

/** Measures one dispatch on the device's own clock, where it offers one. */
export class Timer {
  readonly #device: GPUDevice;
  readonly #encoder: Encoder;
  #queries: { readonly set: GPUQuerySet; readonly resolved: GPUBuffer } | null = null;

  constructor(device: GPUDevice, encoder: Encoder) {
    this.#device = device;
    this.#encoder = encoder;
  }

  get offered(): boolean {
    return this.#device.features.has('timestamp-query');
  }

  /** Where the pass of the dispatch writes its times. One pair will do: the queue keeps the order of those who use it. */
  writes(): GPUComputePassTimestampWrites {
    this.#queries ??= {
      set: this.#device.createQuerySet({ type: 'timestamp', count: 2 }),
      resolved: this.#device.createBuffer({ size: BYTES, usage: USAGE.QUERY_RESOLVE | USAGE.COPY_SRC }),
    };
    return { querySet: this.#queries.set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  /** Submits, and gives the milliseconds between the two times; null where the clock made no sense. */
  async finish(): Promise<number | null> {
    const { set, resolved } = this.#queries!;
    const staging = this.#device.createBuffer({ size: BYTES, usage: USAGE.MAP_READ | USAGE.COPY_DST });
    this.#encoder.resolve(set, resolved, staging, BYTES);
    this.#encoder.flush();
    try {
      await staging.mapAsync(MAP_MODE_READ);
      const [begin, end] = new BigUint64Array(staging.getMappedRange());
      // A device may set its clock back between the two.
      return begin === undefined || end === undefined || end < begin ? null : Number(end - begin) / 1e6;
    } finally {
      staging.destroy();
    }
  }

  destroy(): void {
    this.#queries?.set.destroy();
    this.#queries?.resolved.destroy();
    this.#queries = null;
  }
}
