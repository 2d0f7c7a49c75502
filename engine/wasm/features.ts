/** What the running engine (Node, a browser page, a worker) can do. Asked once, when a backend is made. */

/** `() => {}` whose body is `code`: the smallest module that holds one instruction to ask about. */
const moduleWith = (code: readonly number[]): Uint8Array<ArrayBuffer> => {
  const body = [0, ...code, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x04, 0x01, 0x60, 0x00, 0x00],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, body.length + 2, 0x01, body.length, ...body],
  ]);
};

const ZEROS = [0x41, 0x00, 0xfd, 0x0f]; // i8x16.splat(0)
const DROP = 0x1a;

const SIMD = moduleWith([...ZEROS, DROP]);
const RELAXED = moduleWith([...ZEROS, ...ZEROS, ...ZEROS, 0xfd, 0x85, 0x02, DROP]); // f32x4.relaxed_madd

export const hasSimd = (): boolean => WebAssembly.validate(SIMD);

/** A Node module, or undefined anywhere else; nothing for a bundler to follow. */
export function nodeModule<T>(name: string): T | undefined {
  const node = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process;
  return node?.getBuiltinModule?.(`node:${name}`) as T | undefined;
}

/** Relaxed SIMD, which Node 20 has behind a flag that may be set until the first module uses it. */
export function hasRelaxedSimd(): boolean {
  if (WebAssembly.validate(RELAXED)) return true;
  try {
    nodeModule<typeof import('node:v8')>('v8')?.setFlagsFromString('--experimental-wasm-relaxed-simd');
  } catch {
    return false;
  }
  return WebAssembly.validate(RELAXED);
}

/** Processors to work on. */
export function hardwareThreads(): number {
  const os = nodeModule<typeof import('node:os')>('os');
  return Math.max(1, os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1);
}

/** Why memory cannot be shared with workers here, or null when it can. */
export function threadsRefused(): string | null {
  if (nodeModule('worker_threads')) return null;
  if (globalThis.crossOriginIsolated !== true) return 'page not cross-origin isolated';
  return typeof Worker === 'function' ? null : 'no workers here';
}

/** False on the main thread of a page, where a blocking wait throws. */
export function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
