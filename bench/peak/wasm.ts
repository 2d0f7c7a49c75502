/**
 * What one thread of this machine can do in WebAssembly, by two functions assembled here: multiply-adds that touch registers
 * alone, and a copy that touches memory alone. No kernel can be faster.
 */

const V128 = 0x7b;
const I32 = 0x7f;
const ACCUMULATORS = 12;
/** Times the accumulators are gone through in one round of the loop. */
const UNROLLED = 4;
const [COUNT, FACTOR, SUMMAND] = [0, ACCUMULATORS + 1, ACCUMULATORS + 2];
const COPIED = 32 * 2 ** 20;

function unsigned(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const sized = (body: readonly number[]): number[] => [...unsigned(body.length), ...body];
const text = (s: string): number[] => sized([...s].map((c) => c.charCodeAt(0)));
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const ZERO = [0x41, 0x00];
const load = (offset: number): number[] => [...ZERO, 0xfd, 0x00, 0x04, ...unsigned(offset)];
const store = (offset: number): number[] => [0xfd, 0x0b, 0x04, ...unsigned(offset)];
const simd = (op: number): number[] => [0xfd, ...unsigned(op)];
const [ADD, MUL, RELAXED_MADD] = [simd(0xe4), simd(0xe6), simd(0x105)];

/** `multiplyAdd(count)`: acc = acc · factor + summand; both constants come from memory, or a compiler makes them anew each time. */
function loop(relaxed: boolean): number[] {
  const accumulators = Array.from({ length: ACCUMULATORS }, (_, i) => i + 1);
  const step = accumulators.flatMap((i) =>
    relaxed
      ? [...get(i), ...get(FACTOR), ...get(SUMMAND), ...RELAXED_MADD, ...set(i)]
      : [...get(i), ...get(FACTOR), ...MUL, ...get(SUMMAND), ...ADD, ...set(i)],
  );
  const body = [
    ...[1, ...unsigned(ACCUMULATORS + 2), V128],
    ...[...load(0), ...set(FACTOR), ...load(16), ...set(SUMMAND)],
    ...accumulators.flatMap((i) => [...load(16), ...set(i)]),
    ...[0x03, 0x40],
    ...Array.from({ length: UNROLLED }, () => step).flat(),
    // count -= 1; again while it is not 0
    ...[...get(COUNT), 0x41, 0x01, 0x6b, 0x22, COUNT, 0x0d, 0x00],
    0x0b,
    ...accumulators.flatMap((i) => [...ZERO, ...get(i), ...store(16 + 16 * i)]),
    0x0b,
  ];
  return sized(body);
}

/** `copy(to, from, bytes)`: memory.copy */
const COPY = sized([0, ...get(0), ...get(1), ...get(2), 0xfc, 0x0a, 0x00, 0x00, 0x0b]);

function moduleBytes(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const types = [2, 0x60, 1, I32, 0, 0x60, 3, I32, I32, I32, 0];
  const pages = (2 * COPIED) / 65536 + 1;
  const exports = [3, ...text('multiplyAdd'), 0, 0, ...text('copy'), 0, 1, ...text('memory'), 2, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(3, [2, 0, 1]),
    ...section(5, [1, 0, ...unsigned(pages)]),
    ...section(7, exports),
    ...section(10, [2, ...loop(relaxed), ...COPY]),
  ]);
}

interface Exports {
  readonly multiplyAdd: (count: number) => void;
  readonly copy: (to: number, from: number, bytes: number) => void;
  readonly memory: WebAssembly.Memory;
}

export interface Peak {
  readonly name: string;
  readonly gflops?: number;
  readonly gbps?: number;
  readonly ms: number;
}

/** The least milliseconds of several runs: noise only adds. */
function fastest(run: () => void): number {
  for (let i = 0; i < 5; i++) run();
  let ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 15; i++) {
    const begun = performance.now();
    run();
    ms = Math.min(ms, performance.now() - begun);
  }
  return ms;
}

/** Relaxed SIMD is behind a flag in Node 20, as heddle finds it too. */
async function hasRelaxed(): Promise<boolean> {
  if (WebAssembly.validate(moduleBytes(true))) return true;
  if (typeof process === 'undefined') return false;
  (await import('node:v8')).setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(moduleBytes(true));
}

/** One thread: multiply-adds in both kinds of SIMD, and copying. */
export async function wasmPeaks(): Promise<Peak[]> {
  const peaks: Peak[] = [];
  const kinds = (await hasRelaxed()) ? [true, false] : [false];
  for (const relaxed of kinds) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(relaxed)));
    const { multiplyAdd, copy, memory } = exports as unknown as Exports;
    new Float32Array(memory.buffer, 0, 8).set([0.999, 0.999, 0.999, 0.999, 0.001, 0.001, 0.001, 0.001]);
    const count = 200_000;
    const ms = fastest(() => multiplyAdd(count));
    const flops = count * UNROLLED * ACCUMULATORS * 4 * 2;
    peaks.push({ name: relaxed ? 'multiply-add, relaxed SIMD' : 'multiply, then add', gflops: flops / ms / 1e6, ms });
    if (relaxed !== kinds[0]) continue;
    const copied = fastest(() => copy(65536 + COPIED, 65536, COPIED - 65536));
    peaks.push({ name: 'copy', gbps: (2 * (COPIED - 65536)) / copied / 1e6, ms: copied });
  }
  return peaks;
}
