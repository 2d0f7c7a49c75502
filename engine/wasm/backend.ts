import type { Backend, DeviceBuffer, HostLaunch, Launch, MemoryStats, WasmLaunch, WorkStats } from '../backend.ts';
import { elementBytes, type RawData } from '../dtype.ts';
import { ArgumentError, DeviceError } from '../errors.ts';
import { sizeOf } from '../shape.ts';
import { turnIfDue } from '../turn.ts';
import { binary } from './binaries.ts';
import { hardwareThreads, hasRelaxedSimd, hasSimd, threadsRefused } from './features.ts';
import { LinearMemory } from './memory.ts';
import { Threads } from './threads.ts';
import { CONTROL } from './worker.ts';

export interface WasmOptions {
  /** Threads to compute on, the caller's included. Default: as many as the machine has, at most 8. */
  readonly threads?: number;
  /** The same bits on every machine: plain SIMD only, no fused multiply-add. */
  readonly deterministic?: boolean;
  /**
   * Where a page's threads get their program, under a policy that refuses `blob:`: a URL of the file `heddle/worker`, or
   * what makes one worker of it, `() => new Worker(new URL('heddle/worker', import.meta.url))`. Default: a blob.
   */
  readonly worker?: string | URL | (() => Worker);
  /** Largest memory in bytes; 4 GB, or what the system grants. */
  readonly maxBytes?: number;
}

const MAX_THREADS = 8;
const PARTS_PER_THREAD = 4;
/** The last arguments of every kernel: begin, end, scratch. */
const RANGE_ARGUMENTS = 3;

/** Memory of this backend: where it lies, and whether it was freed. */
class WasmBuffer implements DeviceBuffer {
  readonly bytes: number;
  readonly address: number;
  readonly backend: WasmBackend;
  freed = false;
  constructor(backend: WasmBackend, address: number, bytes: number) {
    this.backend = backend;
    this.address = address;
    this.bytes = bytes;
  }
}

type Kernel = (...args: number[]) => void;

/** Compiles the kernels, or says which policy of the page refuses it. */
function compile(bytes: BufferSource): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    throw new DeviceError(
      `wasm: this page does not compile WebAssembly: ${cause.message} ` +
        "Where it has a Content-Security-Policy, add 'wasm-unsafe-eval' to its script-src.",
      { cause },
    );
  }
}

/**
 * The engine on the CPU: AssemblyScript kernels over one shared memory, on the calling thread and its workers. A kernel
 * has run when `run` returns; `read`, `sync` and `throttle` only let the event loop go round. Every range is cut so that
 * each part computes its own outputs in a fixed order: results do not depend on the number of threads.
 */
export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly software = false;
  /** Whether kernels use fused multiply-add. */
  readonly relaxed: boolean;
  #memory: LinearMemory;
  #module: WebAssembly.Module;
  #kernels: ReadonlyMap<string, { readonly call: Kernel; readonly index: number }>;
  #threads: Threads;
  #control: number;
  #scratch = { base: 0, step: 0 };
  #live = { bytes: 0, buffers: 0, peak: 0 };
  #work = { dispatches: 0, submits: 0, bindGroups: 0, buffers: 0 };
  #note = '';
  #destroyed = false;

  /** One thread, ready at once. */
  static createSync(options: WasmOptions = {}): WasmBackend {
    return new WasmBackend(options);
  }

  /** With worker threads, where the machine has processors for them and the page may share memory. */
  static async create(options: WasmOptions = {}): Promise<WasmBackend> {
    const { threads = Math.min(MAX_THREADS, hardwareThreads()) } = options;
    if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
      throw new ArgumentError(`wasm: ${threads} threads, expected a whole number from 1 to 64.`);
    }
    const backend = new WasmBackend(options);
    if (threads > 1) await backend.#startThreads(threads, options);
    return backend;
  }

  private constructor({ deterministic = false, maxBytes }: WasmOptions) {
    if (!hasSimd()) throw new DeviceError('wasm: this engine has no WebAssembly SIMD. Use a newer Node or browser.');
    this.relaxed = !deterministic && hasRelaxedSimd();
    this.#memory = new LinearMemory(maxBytes);
    this.#module = compile(binary(this.relaxed));
    const abort = (): never => {
      throw new DeviceError('wasm: a kernel aborted.');
    };
    const { exports } = new WebAssembly.Instance(this.#module, { env: { memory: this.#memory.memory, abort } });
    const functions = Object.entries(exports).filter((e): e is [string, Kernel] => typeof e[1] === 'function');
    this.#kernels = new Map(functions.map(([name, call], index) => [name, { call, index }]));
    this.#memory.openHeap((exports['heapBase'] as () => number)() >>> 0);
    this.#control = this.#memory.alloc(CONTROL.bytes);
    this.#threads = new Threads(
      this.#memory.memory,
      this.#control,
      functions.map(([, call]) => call),
    );
  }

  /** Workers that cannot be had leave one thread, unless a number of them was asked for. */
  async #startThreads(count: number, { threads, worker }: WasmOptions): Promise<void> {
    const refused = threadsRefused();
    if (refused !== null) {
      this.#note = ` (${refused})`;
      return;
    }
    const [module, { memory }, kernels] = [this.#module, this.#memory, [...this.#kernels.keys()]];
    try {
      await this.#threads.start(count - 1, { module, memory, kernels, control: this.#control }, worker);
    } catch (error) {
      if (threads !== undefined) throw error;
      this.#note = ' (workers did not start)';
    }
  }

  get threads(): number {
    return this.#threads.count;
  }

  get description(): string {
    const threads = `${this.threads} thread${this.threads === 1 ? '' : 's'}`;
    return `wasm: ${threads}${this.#note}, ${this.relaxed ? 'relaxed SIMD' : 'SIMD'}`;
  }

  alloc(bytes: number): DeviceBuffer {
    this.#check();
    const address = this.#memory.alloc(Math.max(16, bytes));
    const live = this.#live;
    live.bytes += bytes;
    live.buffers++;
    this.#work.buffers++;
    live.peak = Math.max(live.peak, live.bytes);
    return new WasmBuffer(this, address, bytes);
  }

  free(buffer: DeviceBuffer): void {
    if (this.#destroyed) return;
    const { address, bytes } = this.#own('free', buffer);
    this.#memory.free(address);
    (buffer as WasmBuffer).freed = true;
    this.#live.bytes -= bytes;
    this.#live.buffers--;
  }

  write(buffer: DeviceBuffer, offset: number, data: RawData): void {
    const { address } = this.#own('write', buffer, offset, data.byteLength);
    this.#memory.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), address + offset);
  }

  async read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const { address } = this.#own('read', buffer, offset, bytes);
    // copied out of the shared memory, which may grow and change
    const copy = new Uint8Array(bytes);
    copy.set(this.#memory.bytes.subarray(address + offset, address + offset + bytes));
    await turnIfDue();
    return copy.buffer;
  }

  run(launch: Launch): void {
    this.#check();
    if ('host' in launch) {
      this.#runHost(launch);
      return;
    }
    if (!('kernel' in launch)) throw new DeviceError(`wasm: ${launch.shader.name} is a shader. Use a WebGPU device.`);
    const { kernel, range, grain = range, scratch = 0, partsPerThread = PARTS_PER_THREAD } = launch;
    const found = this.#kernels.get(kernel);
    if (found === undefined) {
      throw new DeviceError(`wasm: no kernel is called ${kernel}. Export it in assembly/index.ts.`);
    }
    const numbers = this.#arguments(launch);
    const expected = found.call.length - RANGE_ARGUMENTS;
    if (numbers.length !== expected) {
      throw new DeviceError(
        `wasm: kernel ${kernel} got ${numbers.length} arguments, expected ${expected} before its range.`,
      );
    }
    if (range <= 0) return;
    this.#work.dispatches++;
    const { count } = this.#threads;
    const most = Math.min(CONTROL.maxParts, count * partsPerThread);
    const parts = count === 1 ? 1 : Math.max(1, Math.min(most, Math.floor(range / Math.max(1, grain))));
    const own = this.#scratchFor(scratch);
    try {
      if (parts === 1) found.call(...numbers, 0, range, own.base);
      else this.#threads.call(found.index, numbers, range, parts, own);
    } catch (error) {
      if (error instanceof DeviceError && error.message.startsWith('wasm:')) throw error;
      throw new DeviceError(`wasm: kernel ${kernel} failed: ${(error as Error).message}`, { cause: error });
    }
  }

  #runHost({ host, operands, call }: HostLaunch): void {
    this.#work.dispatches++;
    const arrays = operands.map(({ buffer, offset, dtype, shape }) => {
      const { address } = this.#own(host, buffer);
      const Values = dtype === 'float32' ? Float32Array : dtype === 'float16' ? Uint16Array : Int32Array;
      return new Values(this.#memory.memory.buffer, address + offset * elementBytes(dtype), sizeOf(shape));
    });
    call(...arrays);
  }

  runTimed(launch: Launch): Promise<number | null> {
    const start = performance.now();
    this.run(launch);
    return Promise.resolve(performance.now() - start);
  }

  async sync(): Promise<void> {
    await turnIfDue();
  }

  async throttle(): Promise<void> {
    await turnIfDue();
  }

  work(): WorkStats {
    return { ...this.#work };
  }

  memory(): MemoryStats {
    const { bytes, buffers, peak } = this.#live;
    const { pooledBytes, limit } = this.#memory;
    const held = { liveBytes: bytes, liveBuffers: buffers, pooledBytes, peakBytes: peak };
    return { ...held, limitBytes: limit, bufferLimitBytes: limit };
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#threads.stop();
  }

  #check(): void {
    if (this.#destroyed) throw new DeviceError('wasm: the device was destroyed. Open another one.');
  }

  /** The buffer as ours, live, and with [offset, offset + bytes) inside it. */
  #own(what: string, buffer: DeviceBuffer, offset = 0, bytes = 0): WasmBuffer {
    this.#check();
    if (!(buffer instanceof WasmBuffer) || buffer.backend !== this) {
      throw new DeviceError(`wasm: ${what} of a buffer of another device.`);
    }
    if (buffer.freed) throw new DeviceError(`wasm: ${what} of a buffer of ${buffer.bytes} bytes that was freed.`);
    if (offset < 0 || offset + bytes > buffer.bytes) {
      throw new DeviceError(`wasm: ${what} of bytes ${offset} to ${offset + bytes} in a buffer of ${buffer.bytes}.`);
    }
    return buffer;
  }

  /** All arguments before the range. A kernel has run when `run` returns, so one place serves every layout. */
  #arguments({ kernel, args, layout }: WasmLaunch): number[] {
    const numbers = args.map((a) =>
      typeof a === 'number' ? a : this.#own(kernel, a.buffer).address + a.offset * elementBytes(a.dtype),
    );
    if (layout !== undefined) numbers.push(this.#threads.setLayout(layout));
    if (numbers.length > CONTROL.maxArgs) {
      throw new DeviceError(`wasm: ${kernel} has ${numbers.length} arguments, at most ${CONTROL.maxArgs}.`);
    }
    return numbers;
  }

  /** Room for `bytes` for each thread, kept from call to call. */
  #scratchFor(bytes: number): { base: number; step: number } {
    if (bytes > this.#scratch.step) {
      if (this.#scratch.base !== 0) this.#memory.free(this.#scratch.base);
      this.#scratch = { base: 0, step: 0 };
      const step = Math.ceil(bytes / 64) * 64;
      this.#scratch = { base: this.#memory.alloc(step * this.#threads.count), step };
    }
    return this.#scratch;
  }
}
