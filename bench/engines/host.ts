import type { Outputs } from '../check/compare.ts';
import type { BenchCase } from '../suite/case.ts';
import type { Bench, Counts, Engine, EngineFacts, EngineName, EngineOptions, SampleOptions, Task } from './engine.ts';
import { HeddleEngine } from './heddle.ts';
import { Timer } from './timing.ts';

/** An engine in this process. */
export class Host implements Bench {
  readonly name: EngineName;
  readonly #engine: Engine;
  #task: Task | null = null;
  #timer: Timer | null = null;

  constructor(name: EngineName, engine: Engine) {
    this.name = name;
    this.#engine = engine;
  }

  static async open(name: EngineName, options: EngineOptions): Promise<Host> {
    return new Host(name, await openEngine(name, options));
  }

  get facts(): EngineFacts {
    return this.#engine.facts;
  }

  async prepare(c: BenchCase): Promise<string | null> {
    await this.release();
    const made = await this.#engine.prepare(c);
    if (typeof made === 'string') return made;
    this.#task = made;
    this.#timer = new Timer(made);
    return null;
  }

  outputs(): Promise<Outputs> {
    return this.#ready().outputs();
  }

  sample(options: SampleOptions): Promise<number[]> {
    this.#ready();
    return this.#timer!.sample(options);
  }

  async counts(): Promise<Counts> {
    return (await this.#ready().counts?.()) ?? {};
  }

  async release(): Promise<void> {
    this.#task?.dispose();
    this.#task = null;
    this.#timer = null;
  }

  async close(): Promise<void> {
    await this.release();
    await this.#engine.close();
  }

  #ready(): Task {
    if (this.#task === null) throw new Error(`bench: ${this.name} has no case. Call prepare() first.`);
    return this.#task;
  }
}

/** Peers are loaded when they are asked for: they may not be installed. PyTorch has a process of its own, see remote.ts. */
async function openEngine(name: EngineName, options: EngineOptions): Promise<Engine> {
  switch (name) {
    case 'heddle':
      return HeddleEngine.open(options);
    case 'tensorflow':
      return (await import('../peers/tensorflow.ts')).open(options);
    case 'onnxruntime':
      return (await import('../peers/onnxruntime.ts')).open(options);
    case 'jax':
      return (await import('../peers/jax.ts')).open(options);
    case 'pytorch':
      throw new Error('bench: PyTorch runs in a Python process; ask for it in Node.');
  }
}

/** A call of a {@link Bench} as it goes between processes. */
export interface Call {
  readonly id: number;
  readonly method: 'open' | 'prepare' | 'outputs' | 'sample' | 'counts' | 'release' | 'close';
  readonly argument?: unknown;
}

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Answers the calls of another process or thread, one after another. `open` makes the engine. */
export function serveCalls(send: (answer: Answer) => void): (call: Call) => void {
  let host: Host | null = null;
  const answer = async ({ method, argument }: Call): Promise<unknown> => {
    if (method === 'open') {
      const { name, options } = argument as { name: EngineName; options: EngineOptions };
      host = await Host.open(name, options);
      return host.facts;
    }
    if (host === null) throw new Error('bench: no engine is open.');
    return host[method](argument as never);
  };
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    last = last
      .then(() => answer(call))
      .then(
        (result) => send({ id: call.id, result }),
        (error: unknown) =>
          send({ id: call.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  };
}
