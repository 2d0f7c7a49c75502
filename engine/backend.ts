import type { Shader, ShaderBindings, ShaderParams, ShaderUniforms } from '../shaders/shader.ts';
import { type DType, elementBytes, type RawData } from './dtype.ts';
import type { Layout } from './shape.ts';

export type {
  Binding,
  Shader,
  ShaderBindings,
  ShaderParams,
  ShaderUniforms,
  UniformField,
  UniformKind,
  UniformRecord,
} from '../shaders/shader.ts';

/** The kinds of device there are. */
export type BackendName = 'wasm' | 'webgpu';

/** Memory of a device; only its backend looks inside. `bytes` is what was asked for. */
export interface DeviceBuffer {
  readonly bytes: number;
}

/** What a kernel is handed for one tensor. Offset and strides in elements of its dtype. */
export interface Operand extends Layout {
  readonly buffer: DeviceBuffer;
  readonly dtype: DType;
}

/**
 * One call of an exported WebAssembly function: `kernel(...args, begin, end, scratch)`, for disjoint ranges that cover
 * [0, range), on as many threads as pay off. An operand becomes the address of its first element.
 */
export interface WasmLaunch {
  readonly kernel: string;
  readonly args: readonly (Operand | number)[];
  /** Integers the kernel reads from memory, such as sizes and strides; their address is one more argument. */
  readonly layout?: readonly number[];
  readonly range: number;
  /** The least part of the range worth a thread of its own. Default: the whole range, on the calling thread. */
  readonly grain?: number;
  /** Bytes of private scratch memory each call gets; its address is the last argument. */
  readonly scratch?: number;
  /** Parts to cut the range into for each thread, so that a slow one is helped out. Default 4. */
  readonly partsPerThread?: number;
}

/**
 * A kernel in JavaScript, for operations of users on wasm: called once, on the calling thread, with the elements of each
 * operand. The arrays show device memory and are good only during the call; float16 comes as Uint16Array.
 */
export interface HostLaunch {
  /** What traces call it. */
  readonly host: string;
  readonly operands: readonly Operand[];
  // biome-ignore lint/suspicious/noExplicitAny: which array comes follows the dtype of the operand
  readonly call: (...arrays: any[]) => void;
}

/** One dispatch of a compute shader. A binding begins at its operand's offset, a multiple of its `alignment`. */
export interface WebGPULaunch {
  readonly shader: Shader;
  readonly bindings: Readonly<Record<string, Operand>>;
  readonly uniforms: Readonly<Record<string, number | readonly number[]>>;
  /** Values of the shader's `// @param` lines. */
  readonly params?: Readonly<Record<string, number | string>>;
  readonly workgroups: readonly [number, number?, number?];
}

export type Launch = WasmLaunch | HostLaunch | WebGPULaunch;

/** A dispatch whose binding, uniform and parameter names the type checker holds against the shader. */
export const dispatch = <S extends Shader>(launch: {
  shader: S;
  bindings: Readonly<Record<ShaderBindings<S>, Operand>>;
  uniforms: ShaderUniforms<S>;
  params?: Partial<Record<ShaderParams<S>, number | string>>;
  workgroups: readonly [number, number?, number?];
}): WebGPULaunch => launch as WebGPULaunch;

/** A WebGPU binding begins at a multiple of this many elements: 256 bytes, which every device takes. */
export const alignment = (dtype: DType): number => 256 / elementBytes(dtype);

/** Workgroups for `items` work items of `size` each: two dimensions above the 65,535 that one may have. */
export function grid(items: number, size: number): [number, number] {
  const n = Math.max(1, Math.ceil(items / size));
  const y = Math.ceil(n / 65535);
  return [Math.ceil(n / y), y];
}

/** What a device holds just now, in bytes and pieces. */
export interface MemoryStats {
  /** Buffers handed out and not freed. */
  readonly liveBytes: number;
  readonly liveBuffers: number;
  /** Freed, kept for reuse. */
  readonly pooledBytes: number;
  /** The most that was live at one time. */
  readonly peakBytes: number;
  /** What there is for all buffers together; null where the device does not tell. */
  readonly limitBytes: number | null;
  /** The largest single buffer that it takes. */
  readonly bufferLimitBytes: number;
}

/** What a device has been given to do since it was opened; differences count a step. */
export interface WorkStats {
  /** Kernel calls: dispatches of compute shaders on WebGPU. */
  readonly dispatches: number;
  /** Submissions to the queue; 0 where there is none. */
  readonly submits: number;
  /** Bind groups made; one that is found again is not counted. */
  readonly bindGroups: number;
  /** Buffers asked of the system; one that a pool gives again is not counted. */
  readonly buffers: number;
}

/**
 * The whole contract between the engine and a device. Calls take effect in the order made; `run` may be carried out
 * later, but before anything that could tell. `alloc`, `free`, `write` and `run` never wait; `read` and `sync` do.
 */
export interface Backend {
  readonly name: BackendName;
  /** One line a person can read: `wasm, 2 threads, relaxed SIMD`. */
  readonly description: string;
  /** True for a WebGPU adapter that runs on the CPU. */
  readonly software: boolean;

  /** Memory of at least `bytes`; contents undefined. Throws OutOfMemoryError with the numbers. */
  alloc(bytes: number): DeviceBuffer;
  /** Gives memory back; work already run may still use it. */
  free(buffer: DeviceBuffer): void;
  /** Copies `data` in at byte `offset`, before any later run. */
  write(buffer: DeviceBuffer, offset: number, data: RawData): void;
  /** The bytes as they are after everything run so far. */
  read(buffer: DeviceBuffer, offset: number, bytes: number): Promise<ArrayBuffer>;
  /** Appends one kernel call. */
  run(launch: Launch): void;
  /** The same, and the milliseconds the kernel itself took; null where the device cannot tell. For traces. */
  runTimed(launch: Launch): Promise<number | null>;

  /** Waits until everything run so far is done, and throws what went wrong on the way. */
  sync(): Promise<void>;
  /** Waits only while the device is too far behind: call it once a training step. */
  throttle(): Promise<void>;
  memory(): MemoryStats;
  work(): WorkStats;
  /** Frees everything; the device cannot be used again. */
  destroy(): void;
}
