import { DeviceError, OutOfMemoryError } from '../errors.ts';
import { ALIGNMENT, Allocator } from './allocator.ts';

const PAGE = 65536;
const FIRST_PAGES = 32;
const GIB = 2 ** 30;

/** Bytes as a person reads them: `1.5 MB`. */
export const showBytes = (bytes: number): string => {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let i = 0;
  let n = bytes;
  for (; n >= 1024 && i < 3; i++) n /= 1024;
  return `${i === 0 ? n : n.toFixed(n < 10 ? 2 : 1)} ${units[i]}`;
};

/**
 * One shared linear memory, and who has which part of it. Shared even for one thread, so that there is one build of the
 * kernels: the type of memory is part of a module.
 */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly limit: number;
  #allocator: Allocator | null = null;
  #bytes: Uint8Array;

  /** Reserves address space for `limit` bytes, or for less where that is refused: 4, 2 and 1 GB are tried. */
  constructor(limit = 4 * GIB) {
    const sizes = [limit, ...[2 * GIB, GIB, GIB / 4].filter((size) => size < limit)];
    let made: WebAssembly.Memory | undefined;
    let maximum = 0;
    let cause: unknown;
    for (const size of sizes) {
      maximum = Math.max(FIRST_PAGES, Math.floor(size / PAGE));
      try {
        made = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared: true });
        break;
      } catch (error) {
        cause = error;
      }
    }
    if (!made) {
      const tried = sizes.map(showBytes).join(', ');
      throw new DeviceError(`wasm: no shared memory to be had (tried ${tried}). Use a newer browser or free memory.`, {
        cause,
      });
    }
    this.memory = made;
    this.limit = maximum * PAGE;
    this.#bytes = new Uint8Array(made.buffer);
  }

  /** The whole memory as bytes. A view from before a growth ends too early, so it is rebuilt. */
  get bytes(): Uint8Array {
    const { buffer } = this.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }

  get pooledBytes(): number {
    return this.#allocator?.freedBytes ?? 0;
  }

  /** Everything from `base` up is handed out by this object; the kernels' constants lie below. */
  openHeap(base: number): void {
    const start = Math.ceil(base / ALIGNMENT) * ALIGNMENT;
    this.#allocator = new Allocator(start, this.memory.buffer.byteLength, (bytes) => this.#grow(bytes));
  }

  /** The address of `bytes` of memory, aligned to a cache line. */
  alloc(bytes: number): number {
    const allocator = this.#allocator;
    const address = allocator?.alloc(bytes) ?? -1;
    if (address >= 0) return address;
    const used = showBytes(allocator?.usedBytes ?? 0);
    throw new OutOfMemoryError(
      `alloc: ${showBytes(bytes)} asked, ${used} in use, the limit is ${showBytes(this.limit)}. ` +
        'Free tensors (scopes do it for you), or take smaller batches.',
    );
  }

  free(address: number): boolean {
    return this.#allocator?.free(address) ?? false;
  }

  /** Adds at least `bytes`, by a quarter of what there is so that growth is rare; gives the bytes added, 0 for none. */
  #grow(bytes: number): number {
    const now = this.memory.buffer.byteLength / PAGE;
    const most = this.limit / PAGE - now;
    const need = Math.ceil(bytes / PAGE);
    if (need > most) return 0;
    for (const pages of [Math.min(most, Math.max(need, now >> 2)), need]) {
      try {
        this.memory.grow(pages);
        return pages * PAGE;
      } catch {
        // The system is short of memory: less may do.
      }
    }
    return 0;
  }
}
