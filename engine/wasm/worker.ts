/**
 * The control block: how one kernel call is shared out. It lies in the shared memory, so that a call costs no message.
 *
 * A call is cut into parts. Whoever wants work lowers LEFT by one with a compare-and-exchange and owns that part; the
 * rest of the block is read only after that, and the caller changes it only when all parts are DONE. A worker that
 * wakes up late therefore never sees half of one call and half of the next.
 *
 * Word indices (LEFT and DONE on cache lines of their own), then byte offsets.
 */
export const CONTROL = {
  epoch: 0, // + 1 for each call: what sleeping workers wait on
  stop: 1,
  left: 16, // parts nobody has taken
  done: 32, // parts finished
  parts: 48,
  kernel: 49,
  argCount: 50,
  error: 51, // 0 none, 1 the message is being written
  errorLength: 52,
  scratchBytes: 256, // f64[2]: base and step from thread to thread
  boundBytes: 272, // f64[maxParts + 1]: part i covers [bound i, bound i + 1)
  argBytes: 272 + 8 * 129, // f64[maxArgs]
  layoutBytes: 272 + 8 * 129 + 8 * 48, // i32[maxLayout]
  errorBytes: 272 + 8 * 129 + 8 * 48 + 4 * 64, // u16[maxError]
  maxParts: 128,
  maxArgs: 48,
  maxLayout: 64,
  maxError: 512,
  bytes: 4096,
} as const;

/** What a worker is started with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Names of the kernels; a call names one by its place. */
  readonly kernels: readonly string[];
  readonly control: number;
  /** 0 is the calling thread. */
  readonly thread: number;
}

/** Time a worker looks for work before it sleeps: longer than the gap between two kernels of a training step. */
const SPIN_MS = 0.15;

/**
 * The program of a worker, as text: it needs no file of its own, whatever bundles the engine. It is plain JavaScript
 * and knows only `CONTROL`.
 */
export const workerSource = `
'use strict';
const C = ${JSON.stringify(CONTROL)};
function work({ module, memory, kernels, control, thread }, ready) {
  const env = { memory, abort() { throw new Error('abort'); } };
  const { exports } = new WebAssembly.Instance(module, { env });
  const calls = kernels.map((name) => exports[name]);
  const words = new Int32Array(memory.buffer, control, C.bytes / 4);
  const scratch = new Float64Array(memory.buffer, control + C.scratchBytes, 2);
  const bounds = new Float64Array(memory.buffer, control + C.boundBytes, C.maxParts + 1);
  const args = new Float64Array(memory.buffer, control + C.argBytes, C.maxArgs);
  const text = new Uint16Array(memory.buffer, control + C.errorBytes, C.maxError);

  const report = (error) => {
    if (Atomics.compareExchange(words, C.error, 0, 1) !== 0) return;
    const message = String(error && error.message || error).slice(0, C.maxError);
    for (let i = 0; i < message.length; i++) text[i] = message.charCodeAt(i);
    words[C.errorLength] = message.length;
  };
  const part = (left) => {
    const parts = words[C.parts];
    const i = parts - left;
    try {
      const list = Array.from(args.subarray(0, words[C.argCount]));
      calls[words[C.kernel]](...list, bounds[i], bounds[i + 1], scratch[0] + thread * scratch[1]);
    } catch (error) {
      report(error);
    }
    if (Atomics.add(words, C.done, 1) + 1 === parts) Atomics.notify(words, C.done);
  };
  const spin = () => {
    const end = performance.now() + ${SPIN_MS};
    do {
      for (let i = 0; i < 128; i++) if (Atomics.load(words, C.left) > 0) return true;
    } while (performance.now() < end && Atomics.load(words, C.stop) === 0);
    return false;
  };

  ready();
  while (Atomics.load(words, C.stop) === 0) {
    const epoch = Atomics.load(words, C.epoch);
    for (;;) {
      const left = Atomics.load(words, C.left);
      if (left <= 0) break;
      if (Atomics.compareExchange(words, C.left, left, left - 1) === left) part(left);
    }
    if (!spin()) Atomics.wait(words, C.epoch, epoch);
  }
}
`;

/** Around the program in Node, where the start comes as worker data. */
export const nodeWorker = `${workerSource}
const { parentPort, workerData } = require('node:worker_threads');
work(workerData, () => parentPort.postMessage('ready'));
process.exit();
`;

/** Around the program in a browser, where the start is the first message. */
export const browserWorker = `${workerSource}
onmessage = ({ data }) => {
  work(data, () => postMessage('ready'));
  close();
};
`;
