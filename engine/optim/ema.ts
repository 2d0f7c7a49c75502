import { noGrad } from '../autograd.ts';
import { ArgumentError } from '../errors.ts';
import { unscoped } from '../memory.ts';
import { accumulate, fill } from '../ops/accumulate.ts';
import { clone } from '../ops/contiguous.ts';
import { Tensor } from '../tensor.ts';
import { type Span, sgdStep, spanOf } from './kernels.ts';
import { checkSetting } from './optimizer.ts';
import { layBeside, mergeRows } from './spans.ts';

/** An average on the host. */
export interface AverageState {
  /** Steps it has seen. */
  readonly step: number;
  /** The average of each parameter, in the order of the parameters; empty before the first step. */
  readonly values: readonly Float32Array[];
}

/**
 * Exponential moving average of parameters, corrected for its beginning: after t steps
 *
 *     a = Σ d^(t−i) p_i / Σ d^(t−i),  i = 1 … t
 *
 * which is the plain mean of the first few values and forgets with factor d from then on. Computed in place as
 * a = a − r (a − p) with r = (1 − d) / (1 − dᵗ), one launch for each range of parameters that lie one after another: one
 * in all for a flattened model. Source: Polyak and Juditsky 1992; the correction as in Adam (Kingma and Ba 2015).
 */
export class ExponentialAverage implements Disposable {
  readonly decay: number;
  readonly #parameters: readonly Tensor[];
  /** Where the average of each parameter begins. */
  readonly #offsets: readonly number[];
  readonly #size: number;
  #average: Tensor | null = null;
  #minusOne: Tensor | null = null;
  #step = 0;
  #swapped = false;

  /** @throws {ArgumentError} for no parameters, and for a decay outside of [0, 1) */
  constructor(parameters: readonly Tensor[], decay = 0.999) {
    const [first] = parameters;
    if (first === undefined) throw new ArgumentError('ExponentialAverage: no parameters. Pass model.parameters().');
    checkSetting('ExponentialAverage', 'decay', decay, 0, 1 - Number.EPSILON);
    this.decay = decay;
    this.#parameters = [...new Set(parameters)];
    for (const p of this.#parameters) {
      if (p.dtype === 'float32' && p.isLeaf && p.device === first.device) continue;
      throw new ArgumentError(
        `ExponentialAverage: ${p.describe()} is no parameter of this model. Expected float32 leaves on one device.`,
      );
    }
    const { offsets, size } = layBeside(this.#parameters);
    this.#offsets = offsets;
    this.#size = size;
  }

  /** Steps it has seen. */
  get steps(): number {
    return this.#step;
  }

  /** Takes the parameters as they are now into the average. Nothing is read back. */
  update(): void {
    if (this.#swapped) {
      throw new ArgumentError(
        'ExponentialAverage.update: the parameters hold the average now. swap() them back first.',
      );
    }
    const average = this.#memory();
    const scale = spanOf(this.#minusOne!);
    const t = ++this.#step;
    const rate = (1 - this.decay) / (1 - this.decay ** t);
    // a − r (a − p) is a step of gradient descent with rate r, decay 1 and the "gradient" −p
    for (const [averages, parameters] of this.#ranges(average)) {
      sgdStep(
        { parameters: averages, gradients: parameters, velocity: null, gradScale: scale },
        { lr: rate, momentum: 0, weightDecay: 1, nesterov: false },
      );
    }
  }

  /**
   * Exchanges the parameters with their average; a second call exchanges them back, to the last bit. For evaluation:
   * no step may be taken in between.
   *
   * @throws {ArgumentError} before the first step
   */
  swap(): void {
    if (this.#average === null || this.#step === 0) {
      throw new ArgumentError('ExponentialAverage.swap: no average before the first update().');
    }
    const average = this.#average;
    unscoped(() =>
      noGrad(() => {
        for (const [mean, parameter] of this.#ranges(average)) {
          const [a, p] = [asTensor(mean), asTensor(parameter)];
          const kept = clone(a);
          accumulate(a, p, true);
          accumulate(p, kept, true);
          for (const t of [a, p, kept]) t.dispose();
        }
      }),
    );
    this.#swapped = !this.#swapped;
  }

  /** True while the parameters hold the average. */
  get swapped(): boolean {
    return this.#swapped;
  }

  /** The average, read off the device, whichever way round it lies. */
  async state(): Promise<AverageState> {
    if (this.#average === null || this.#step === 0) return { step: 0, values: [] };
    const step = this.#step;
    if (this.#swapped) {
      return { step, values: (await Promise.all(this.#parameters.map((p) => p.data()))) as Float32Array[] };
    }
    const all = (await this.#average.data()) as Float32Array;
    return {
      step,
      values: this.#parameters.map(({ size }, i) => all.slice(this.#offsets[i]!, this.#offsets[i]! + size)),
    };
  }

  /**
   * Goes on from a state.
   *
   * @throws {ArgumentError} for a state of other parameters
   */
  load({ step, values }: AverageState): void {
    const all = new Float32Array(this.#size);
    if (step > 0) {
      for (const [i, p] of this.#parameters.entries()) {
        const part = values[i];
        if (part?.length !== p.size || values.length !== this.#parameters.length) {
          throw new ArgumentError(
            `ExponentialAverage.load: ${part?.length ?? 'no'} values for parameter ${i}, ${p.describe()}, ` +
              `of ${values.length} averages for ${this.#parameters.length} parameters. The state is of another model.`,
          );
        }
        all.set(part, this.#offsets[i]!);
      }
    }
    this.#memory().copyFrom(all);
    this.#step = step;
    this.#swapped = false;
  }

  /** Bytes on the device. */
  get bytes(): number {
    return 4 * this.#size;
  }

  /** Gives the memory back; the parameters stay as they are. */
  dispose(): void {
    this.#average?.dispose();
    this.#minusOne?.dispose();
    this.#average = null;
    this.#minusOne = null;
    this.#step = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #memory(): Tensor {
    const { device } = this.#parameters[0]!;
    const make = (n: number, value: number): Tensor => unscoped(() => noGrad(() => fill([n], value, { device })));
    this.#minusOne ??= make(1, -1);
    this.#average ??= make(this.#size, 0);
    return this.#average;
  }

  /** Averages and the parameters they belong to, as few ranges as there can be. */
  #ranges(average: Tensor): [Span, Span][] {
    const rows = this.#parameters.map((p, i) => ({
      spans: [{ storage: average.storage, offset: this.#offsets[i]!, size: p.size }, spanOf(p)],
      // between the parameters of a flat model lie zeros
      flat: p.gradSlot !== null,
      key: null,
    }));
    return mergeRows(rows).map(({ spans }) => [spans[0]!, spans[1]!]);
  }
}

/** A handle on a range of memory. */
const asTensor = ({ storage, offset, size }: Span): Tensor =>
  new Tensor(storage.retain(), { shape: [size], strides: [1], offset }, 'float32');
