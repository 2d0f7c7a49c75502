import { DeviceError } from '../errors.ts';
import { mayBlock, nodeModule } from './features.ts';
import { browserWorker, CONTROL, nodeWorker, type WorkerStart } from './worker.ts';

/** Rounds of looking at DONE before the caller sleeps: about as long as one part of a kernel takes. */
const SPINS = 20_000;

/** Parts of at least this many elements are cut at multiples of 16. */
const LONG_PART = 256;

/** What Node's and a browser's workers have in common here. */
interface Helper {
  stop(): void;
}

/**
 * The threads that carry out one kernel call together: the caller and its workers. A call is described in the control
 * block (see worker.ts); all take parts until none is left.
 */
export class Threads {
  readonly #words: Int32Array;
  readonly #scratch: Float64Array;
  readonly #bounds: Float64Array;
  readonly #args: Float64Array;
  readonly #text: Uint16Array;
  readonly #layout: Int32Array;
  readonly #calls: readonly ((...args: number[]) => void)[];
  readonly #mayBlock = mayBlock();
  #helpers: Helper[] = [];

  constructor(memory: WebAssembly.Memory, control: number, calls: readonly ((...args: number[]) => void)[]) {
    const { buffer } = memory;
    this.#calls = calls;
    this.#words = new Int32Array(buffer, control, CONTROL.bytes / 4);
    this.#scratch = new Float64Array(buffer, control + CONTROL.scratchBytes, 2);
    this.#bounds = new Float64Array(buffer, control + CONTROL.boundBytes, CONTROL.maxParts + 1);
    this.#args = new Float64Array(buffer, control + CONTROL.argBytes, CONTROL.maxArgs);
    this.#text = new Uint16Array(buffer, control + CONTROL.errorBytes, CONTROL.maxError);
    this.#layout = new Int32Array(buffer, control + CONTROL.layoutBytes, CONTROL.maxLayout);
    this.#words.fill(0);
  }

  /** Writes the integers of the next call where every thread reads them; returns their address. */
  setLayout(layout: readonly number[]): number {
    if (layout.length > CONTROL.maxLayout) {
      throw new DeviceError(`wasm: a layout of ${layout.length} integers, at most ${CONTROL.maxLayout}.`);
    }
    this.#layout.set(layout);
    return this.#layout.byteOffset;
  }

  /** The caller and its workers. */
  get count(): number {
    return 1 + this.#helpers.length;
  }

  /** Starts workers and waits until each is ready. Where one fails to start, the others are ended too. */
  async start(
    count: number,
    options: Omit<WorkerStart, 'thread'>,
    program?: string | URL | (() => Worker),
  ): Promise<void> {
    const starts = Array.from({ length: count }, (_, i) => startWorker({ ...options, thread: i + 1 }, program));
    const results = await Promise.allSettled(starts);
    this.#helpers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    this.stop();
    throw failed.reason;
  }

  /**
   * Calls kernel number `kernel` for `parts` pieces of [0, range). Returns when all are done; what a piece threw is
   * thrown here.
   */
  call(
    kernel: number,
    args: readonly number[],
    range: number,
    parts: number,
    scratch: { base: number; step: number },
  ): void {
    const words = this.#words;
    this.#args.set(args);
    // cuts of long ranges fall between cache lines, as far as the operands lie on them
    const unit = range >= parts * LONG_PART ? 16 : 1;
    for (let i = 0; i < parts; i++) this.#bounds[i] = Math.floor((range * i) / (parts * unit)) * unit;
    this.#bounds[parts] = range;
    this.#scratch[0] = scratch.base;
    this.#scratch[1] = scratch.step;
    words[CONTROL.kernel] = kernel;
    words[CONTROL.argCount] = args.length;
    words[CONTROL.parts] = parts;
    words[CONTROL.error] = 0;
    words[CONTROL.errorLength] = 0;
    Atomics.store(words, CONTROL.done, 0);
    Atomics.store(words, CONTROL.left, parts);
    Atomics.add(words, CONTROL.epoch, 1);
    Atomics.notify(words, CONTROL.epoch);
    let failure: unknown = null;
    for (let left = Atomics.load(words, CONTROL.left); left > 0; left = Atomics.load(words, CONTROL.left)) {
      if (Atomics.compareExchange(words, CONTROL.left, left, left - 1) !== left) continue;
      const i = parts - left;
      try {
        this.#calls[kernel]!(...args, this.#bounds[i]!, this.#bounds[i + 1]!, scratch.base);
      } catch (error) {
        failure ??= error;
      }
      Atomics.add(words, CONTROL.done, 1);
    }
    this.#wait(parts);
    if (failure !== null) throw failure;
    if (Atomics.load(words, CONTROL.error) !== 0) {
      throw new DeviceError(String.fromCharCode(...this.#text.subarray(0, words[CONTROL.errorLength])));
    }
  }

  #wait(parts: number): void {
    const words = this.#words;
    for (let i = 0; Atomics.load(words, CONTROL.done) < parts; i++) {
      if (!this.#mayBlock || i < SPINS) continue;
      const done = Atomics.load(words, CONTROL.done);
      // the time limit only guards against a notification between the look and the wait
      if (done < parts) Atomics.wait(words, CONTROL.done, done, 1);
    }
  }

  stop(): void {
    Atomics.store(this.#words, CONTROL.stop, 1);
    Atomics.add(this.#words, CONTROL.epoch, 1);
    Atomics.notify(this.#words, CONTROL.epoch);
    for (const helper of this.#helpers) helper.stop();
    this.#helpers = [];
  }
}

function startWorker(start: WorkerStart, program?: string | URL | (() => Worker)): Promise<Helper> {
  const node = nodeModule<typeof import('node:worker_threads')>('worker_threads');
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void =>
      reject(
        new DeviceError(
          `wasm: worker ${start.thread} did not start: ${String(error ?? 'no reason given')}. ` +
            'Where a policy refuses blob: workers, give the file heddle/worker as { worker }; else ask for { threads: 1 }.',
        ),
      );
    if (node !== undefined) {
      // without the flags of this process: one of them may say that text like this is a module
      const worker = new node.Worker(nodeWorker, { eval: true, execArgv: [], workerData: start });
      // a process whose work is done should end, whether or not anybody said destroy()
      worker.unref();
      worker.once('message', () => resolve({ stop: () => void worker.terminate() }));
      worker.once('error', fail);
      return;
    }
    const blob =
      program === undefined ? URL.createObjectURL(new Blob([browserWorker], { type: 'text/javascript' })) : null;
    const worker = typeof program === 'function' ? program() : new Worker(program ?? blob!);
    worker.onmessage = () => {
      if (blob !== null) URL.revokeObjectURL(blob);
      resolve({ stop: () => worker.terminate() });
    };
    worker.onerror = (event) => fail(event.message);
    worker.postMessage(start);
  });
}
