import type { Outputs } from '../check/compare.ts';
import type { BenchCase } from '../suite/case.ts';
import type { Bench, Counts, EngineFacts, EngineName, EngineOptions, SampleOptions } from './engine.ts';
import type { Answer, Call } from './host.ts';

/** How calls reach an engine that lives elsewhere. */
export interface Channel {
  send(call: Call): void;
  /** Called once; `lost` says that no answer will come any more. */
  listen(answer: (answer: Answer) => void, lost: (why: string) => void): void;
  end(): void;
}

/**
 * An engine in another process (or a page's worker): its memory, its compiled code and its threads are its own, as they are
 * for whoever uses it alone.
 */
export class Remote implements Bench {
  readonly name: EngineName;
  readonly #channel: Channel;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #facts: EngineFacts | null = null;
  #lost: string | null = null;
  #next = 0;

  private constructor(name: EngineName, channel: Channel) {
    this.name = name;
    this.#channel = channel;
    channel.listen(
      ({ id, result, error }) => {
        const call = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error === undefined) call?.resolve(result as never);
        else call?.reject(new Error(error));
      },
      (why) => {
        this.#lost = why;
        for (const { reject } of this.#waiting.values()) reject(new Error(why));
        this.#waiting.clear();
      },
    );
  }

  static async open(name: EngineName, options: EngineOptions, channel: Channel): Promise<Remote> {
    const remote = new Remote(name, channel);
    try {
      remote.#facts = await remote.#call<EngineFacts>('open', { name, options });
    } catch (error) {
      channel.end();
      throw error;
    }
    return remote;
  }

  get facts(): EngineFacts {
    return this.#facts!;
  }

  prepare(c: BenchCase): Promise<string | null> {
    return this.#call('prepare', c);
  }

  outputs(): Promise<Outputs> {
    return this.#call('outputs');
  }

  sample(options: SampleOptions): Promise<number[]> {
    return this.#call('sample', options);
  }

  counts(): Promise<Counts> {
    return this.#call('counts');
  }

  release(): Promise<void> {
    return this.#call('release');
  }

  async close(): Promise<void> {
    if (this.#lost === null) await this.#call('close').catch(() => {});
    this.#channel.end();
  }

  #call<T>(method: Call['method'], argument?: unknown): Promise<T> {
    if (this.#lost !== null) return Promise.reject(new Error(this.#lost));
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#channel.send(argument === undefined ? { id, method } : { id, method, argument });
    });
  }
}
