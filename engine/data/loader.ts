import { noGrad } from '../autograd.ts';
import type { Backend } from '../backend.ts';
import { defaultDevice } from '../device.ts';
import type { DType } from '../dtype.ts';
import { ArgumentError } from '../errors.ts';
import { scope, unscoped } from '../memory.ts';
import { Stream } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { type Collated, collate as collateAll, tensorsIn } from './collate.ts';

/** Examples by number: an array, or anything that has as many and gives one at a time, at once or later. */
export interface Dataset<T> {
  readonly length: number;
  at(index: number): T | undefined | Promise<T | undefined>;
}

/** Where a loader is: what it needs to go on. */
export interface LoaderState {
  /** Epochs that are over. */
  readonly epoch: number;
  /** Batches of this epoch that were handed out. */
  readonly batch: number;
}

export interface LoaderOptions<T, B> {
  /** Examples in a batch. Default: 1. */
  readonly batchSize?: number;
  /** Another order in each epoch, a function of seed and epoch. Default: false. */
  readonly shuffle?: boolean;
  /** Default: 0. */
  readonly seed?: number;
  /** Leaves out a last batch that is not full. Default: false. */
  readonly dropLast?: boolean;
  /** Batches that are read ahead of the one handed out. Default: 2. */
  readonly prefetch?: number;
  /** Makes a batch of examples. Default: `collate`, which stacks numbers, arrays, tensors and records of them. */
  readonly collate?: (examples: readonly T[]) => B;
  /** Where batches are made. Default: the default device. */
  readonly device?: Backend;
  /** For the default collate: dtypes of the parts of a record, by name, such as `{ label: 'int32' }`. */
  readonly dtypes?: Readonly<Record<string, DType>>;
}

/**
 * Batches of examples, epoch by epoch:
 *
 * ```ts
 * const loader = new DataLoader(examples, { batchSize: 32, shuffle: true, seed: 1, dtypes: { label: 'int32' } });
 * for (let epoch = 0; epoch < 10; epoch++) {
 *   for await (const { pixels, label } of loader) { … }
 * }
 * ```
 *
 * Each `for await` runs the epoch that the loader is in, from the batch that it has come to. `state` says where it is;
 * setting it goes on from there, with the same batches. The tensors of a batch are freed when the next one is asked for:
 * `detach()` keeps one. Examples are read `prefetch` batches ahead.
 */
export class DataLoader<T, B = Collated<T>> implements AsyncIterable<B> {
  readonly dataset: Dataset<T>;
  readonly options: LoaderOptions<T, B>;
  readonly batchSize: number;
  #epoch = 0;
  #batch = 0;

  constructor(dataset: Dataset<T>, options: LoaderOptions<T, B> = {}) {
    const { batchSize = 1, prefetch = 2 } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1 || !Number.isInteger(prefetch) || prefetch < 0) {
      throw new ArgumentError(
        `DataLoader: batchSize ${batchSize}, prefetch ${prefetch}. Expected whole numbers from 1, and from 0.`,
      );
    }
    this.dataset = dataset;
    this.options = options;
    this.batchSize = batchSize;
  }

  /** Batches of an epoch. */
  get length(): number {
    const count = this.dataset.length / this.batchSize;
    return this.options.dropLast === true ? Math.floor(count) : Math.ceil(count);
  }

  get state(): LoaderState {
    return { epoch: this.#epoch, batch: this.#batch };
  }

  set state({ epoch, batch }: LoaderState) {
    if (!(Number.isInteger(epoch) && epoch >= 0 && Number.isInteger(batch) && batch >= 0 && batch <= this.length)) {
      throw new ArgumentError(
        `DataLoader: epoch ${epoch}, batch ${batch}. Expected whole numbers from 0, and at most ${this.length} batches.`,
      );
    }
    this.#epoch = epoch;
    this.#batch = batch;
  }

  /** The numbers of the examples in the order of an epoch. */
  order(epoch: number): number[] {
    const order = Array.from({ length: this.dataset.length }, (_, i) => i);
    return this.options.shuffle === true ? new Stream(this.options.seed ?? 0, epoch).shuffle(order) : order;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<B, void, void> {
    const order = this.order(this.#epoch);
    const { prefetch = 2 } = this.options;
    const read = (batch: number): Promise<T[]> => {
      const examples = order.slice(batch * this.batchSize, (batch + 1) * this.batchSize).map((i) => this.#example(i));
      const all = Promise.all(examples);
      // one that is never asked for must not end the program; one that is asked for throws where it is
      all.catch(() => {});
      return all;
    };
    const ahead: Promise<T[]>[] = [];
    let next = this.#batch;
    let made: readonly Tensor[] = [];
    try {
      while (this.#batch < this.length) {
        while (next < this.length && ahead.length <= prefetch) ahead.push(read(next++));
        const examples = await ahead.shift()!;
        const batch = this.#collate(examples);
        made = batch.made;
        this.#batch++;
        yield batch.value;
        free(made);
        made = [];
      }
      this.#epoch++;
      this.#batch = 0;
    } finally {
      free(made);
    }
  }

  async #example(index: number): Promise<T> {
    const example = await this.dataset.at(index);
    if (example !== undefined) return example;
    throw new ArgumentError(`DataLoader: the dataset of ${this.dataset.length} has no example ${index}.`);
  }

  /** A batch, and the tensors that were made for it: they belong to no scope of the loop. */
  #collate(examples: readonly T[]): { readonly value: B; readonly made: readonly Tensor[] } {
    const { collate, device, dtypes } = this.options;
    const make =
      collate ?? ((all: readonly T[]) => collateAll(all, { device: device ?? defaultDevice(), dtypes }) as B);
    let made: readonly Tensor[] = [];
    const value = unscoped(() =>
      scope((s) => {
        const batch = noGrad(() => make(examples));
        made = s.keep([...tensorsIn(batch)].filter((t) => t.owner === s)); // also those in objects of a class
        return batch;
      }),
    );
    return { value, made };
  }
}

function free(tensors: readonly Tensor[]): void {
  for (const t of tensors) t.dispose();
}
