import { setImmediate } from 'node:timers/promises';
import { EXIT } from '../errors.ts';

/** npm and a wrapper pass Ctrl-C on to a process that the terminal has told already: that is one, not two. */
const SAME_MS = 300;

/**
 * Ctrl-C while something runs that can stop well: the first asks it to, the second ends the process at once. SIGTERM
 * counts as the first.
 */
export class Interrupt implements Disposable {
  #at: number | null = null;
  readonly #onFirst: () => void;
  readonly #handle = (): void => {
    const now = performance.now();
    if (this.#at === null) {
      this.#at = now;
      this.#onFirst();
    } else if (now - this.#at > SAME_MS) process.exit(EXIT.interrupted);
  };

  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    process.on('SIGINT', this.#handle).on('SIGTERM', this.#handle);
  }

  /**
   * Whether somebody asked to stop. Signals are delivered only when the event loop turns, which a device that has its
   * answers at once (wasm) never lets it do: this does.
   */
  async requested(): Promise<boolean> {
    await setImmediate();
    return this.wasRequested;
  }

  /** The same, as far as is known by now. */
  get wasRequested(): boolean {
    return this.#at !== null;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#handle).off('SIGTERM', this.#handle);
  }
}
