import { DeviceError, DeviceLostError, OutOfMemoryError, ShaderError } from '../errors.ts';
import { messageOf } from './device.ts';

/** From worst to least telling: a broken shader also makes the submission invalid, and should be what is reported. */
const rank = (error: DeviceError): number =>
  error instanceof DeviceLostError ? 0 : error instanceof ShaderError ? 1 : error instanceof OutOfMemoryError ? 2 : 3;

/**
 * Gathers what goes wrong on the device. WebGPU reports errors later and drops the work that had them, which would leave
 * old numbers in a result: here every stretch of work up to a submission is a window of error scopes, and no result is
 * handed out before its window is known to be clean.
 */
export class Faults {
  readonly #device: GPUDevice;
  readonly #pending = new Set<Promise<void>>();
  /** Compilations whose outcome is open: they may explain an error that is known already. */
  #compiling = 0;
  readonly #errors: DeviceError[] = [];
  /** How many of the errors have been thrown. */
  #thrown = 0;
  #lost: DeviceLostError | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
    void device.lost.then((info) => {
      this.#lost ??= new DeviceLostError(
        `webgpu: the device was lost (${info.reason || 'unknown'}): ${info.message || 'no reason given'}. ` +
          'Every tensor on it is gone; open a new device.',
      );
    });
    device.onuncapturederror = (event) => {
      event.preventDefault();
      this.report(asDeviceError(event.error));
    };
    this.#open();
  }

  get lost(): boolean {
    return this.#lost !== null;
  }

  /** Errors reported so far. What `settle` is given to find those that came after. */
  get count(): number {
    return this.#errors.length;
  }

  /** Called when the owner gives the device up. */
  retire(): void {
    this.#lost = new DeviceLostError(
      'webgpu: the device was destroyed. Every tensor on it is gone; open a new device.',
    );
  }

  report(error: DeviceError): void {
    this.#errors.push(error);
  }

  /** Holds back results until `check`, which reports its own errors, is through. */
  watch(check: Promise<unknown>): void {
    const entry: Promise<void> = check
      .then(
        () => {},
        (error: unknown) => {
          // A check that cannot be made because the device is gone says nothing about the work.
          if (!this.lost) this.report(new DeviceError(`webgpu: ${messageOf(error)}`, { cause: error }));
        },
      )
      .finally(() => this.#pending.delete(entry));
    this.#pending.add(entry);
  }

  /** `watch` for the compilation of a shader. */
  watchCompilation(check: Promise<unknown>): void {
    this.#compiling++;
    this.watch(check.finally(() => this.#compiling--));
  }

  /** Ends the window of the work submitted just now and begins the next. */
  nextWindow(): void {
    this.watch(this.#device.popErrorScope().then((error) => this.#take(error)));
    this.watch(this.#device.popErrorScope().then((error) => this.#take(error)));
    this.#open();
  }

  /** Makes something that may not fit into memory; `failed` is told when it did not. */
  allocating<T>(make: () => T, failed: () => void): T {
    this.#device.pushErrorScope('out-of-memory');
    const made = make();
    this.watch(
      this.#device.popErrorScope().then((error) => {
        if (error !== null) failed();
        this.#take(error);
      }),
    );
    return made;
  }

  /** Throws what is known by now and was not thrown yet, without waiting. */
  throwKnown(since: number = this.#errors.length): void {
    if (this.#lost !== null) throw this.#lost;
    if (this.#compiling > 0) return;
    const errors = this.#errors.slice(Math.min(since, this.#thrown));
    if (errors.length === 0) return;
    this.#thrown = this.#errors.length;
    throw errors.reduce((worst, error) => (rank(error) < rank(worst) ? error : worst));
  }

  /**
   * Waits until every window closed so far is known, then throws the most telling error: any that nobody was told of, and
   * any that came after `since`, so that of several reads under way none hands out the wrong numbers.
   */
  async settle(since: number): Promise<void> {
    while (this.#pending.size > 0) await Promise.all([...this.#pending]);
    this.throwKnown(since);
  }

  #open(): void {
    this.#device.pushErrorScope('validation');
    this.#device.pushErrorScope('out-of-memory');
  }

  #take(error: GPUError | null): void {
    if (error !== null) this.report(asDeviceError(error));
  }
}

/** The engine's error for one of WebGPU's. They are told apart by name: Node has no such globals to compare with. */
function asDeviceError(error: GPUError): DeviceError {
  const kind = (error as { constructor?: { name?: string } }).constructor?.name;
  if (kind === 'GPUOutOfMemoryError') {
    return new OutOfMemoryError(
      `webgpu: the device is out of memory: ${error.message || 'a buffer could not be made'}. ` +
        'Free tensors or use a smaller batch.',
      { cause: error },
    );
  }
  return new DeviceError(`webgpu: the device refused the work: ${error.message}`, { cause: error });
}
