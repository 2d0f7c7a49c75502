/** Epochs of batches from memory or from a stream, and going on where a run stopped. */

import { ArgumentError, Stream } from '../../../engine/index.ts';
import { type Batch, batchesByLength, type Example, exampleLength, makeBatch } from './batches.ts';
import { TokenBuckets } from './buckets.ts';
import { shuffleBuffer } from './shuffle.ts';

/** Streams of random numbers of epochs that are read as they come; epochs from memory have their own. */
const EPOCH_STREAMS = 2_000_000;

/** Where a run stands in its data: plain numbers, to be saved with a checkpoint. */
export interface DataPosition {
  readonly epoch: number;
  /** Batches of this epoch that are done. */
  readonly batch: number;
}

/** Epochs of batches. The same epoch of the same data and options always has the same batches in the same order. */
export interface BatchSource<B = Batch> {
  /** Batches of an epoch, where every epoch has as many and that is known before one is read. */
  readonly batchesPerEpoch?: number;
  /** One epoch, or what is left of it after the first `from` batches. */
  batches(epoch: number, from?: number): AsyncIterable<B>;
  /** Called when a batch was used, for batches that hold tensors. */
  release?(batch: B): void;
}

/** How batches are made. */
export interface BatchOptions {
  /** Rows × the longest side, padding counted, of a batch. 2048 unless told. */
  readonly batchTokens?: number;
  /** Decides every order. 0 unless told. */
  readonly seed?: number;
}

const BATCH_TOKENS = 2048;

/** How examples become batches. */
export interface LengthBatchOptions<T, B> extends BatchOptions {
  /** The tokens of an example. */
  readonly length: (example: T) => number;
  /** Makes a batch of examples. */
  readonly collate: (examples: readonly T[]) => B;
}

/**
 * Batches of examples that are all in memory: in every epoch they are shuffled, sorted by length and divided into batches
 * of at most `batchTokens`, and the batches are shuffled.
 */
export class LengthBatches<T, B> implements BatchSource<B> {
  readonly examples: readonly T[];
  readonly batchTokens: number;
  readonly seed: number;
  readonly #length: (example: T) => number;
  readonly #collate: (examples: readonly T[]) => B;
  #count: number | null = null;

  /** @throws {ArgumentError} for no examples */
  constructor(examples: readonly T[], options: LengthBatchOptions<T, B>) {
    if (examples.length === 0) throw new ArgumentError(`${new.target.name}: no examples. The data is empty.`);
    this.examples = examples;
    this.batchTokens = options.batchTokens ?? BATCH_TOKENS;
    this.seed = options.seed ?? 0;
    this.#length = options.length;
    this.#collate = options.collate;
  }

  /** Depends on lengths alone, which are the same in any order. */
  get batchesPerEpoch(): number {
    this.#count ??= this.#groups(0).length;
    return this.#count;
  }

  async *batches(epoch: number, from = 0): AsyncGenerator<B> {
    for (const examples of this.#groups(epoch).slice(from)) yield this.#collate(examples);
  }

  /** The batches of an epoch, all made: such as one to validate on. */
  all(epoch = 0): B[] {
    return this.#groups(epoch).map((examples) => this.#collate(examples));
  }

  #groups(epoch: number): T[][] {
    return batchesByLength(this.examples, this.#length, this.batchTokens, this.seed, epoch);
  }
}

/** Batches of pairs that are all in memory, by their longer side. */
export class MemoryBatches extends LengthBatches<Example, Batch> {
  constructor(examples: readonly Example[], options: BatchOptions = {}) {
    super(examples, { ...options, length: exampleLength, collate: makeBatch });
  }
}

/** How batches are made of a stream. */
export interface StreamOptions extends BatchOptions {
  /** Examples held for shuffling. The more, the better mixed; 50,000 unless told. */
  readonly shuffle?: number;
}

const SHUFFLE = 50_000;

/**
 * Batches of a corpus that need not fit into memory: examples are read anew each epoch, mixed in a buffer, and gathered
 * by length. Memory holds the buffer and one batch for each length bucket. Going on in the middle of an epoch reads
 * the epoch from its start, without handing on what was done.
 *
 *     const corpus = new StreamBatches(
 *       () => encodePairs(split.training(readPairs(openFile('corpus.tsv.gz'))), { source, target }),
 *       { batchTokens: 4096, seed: 1 },
 *     );
 */
export class StreamBatches implements BatchSource {
  readonly #open: (epoch: number) => AsyncIterable<Example> | Iterable<Example>;
  readonly options: Required<StreamOptions>;

  /** `open` gives the examples from the first on, each time it is called. */
  constructor(open: (epoch: number) => AsyncIterable<Example> | Iterable<Example>, options: StreamOptions = {}) {
    this.#open = open;
    this.options = { batchTokens: BATCH_TOKENS, seed: 0, shuffle: SHUFFLE, ...options };
  }

  async *batches(epoch: number, from = 0): AsyncGenerator<Batch> {
    const { batchTokens, seed, shuffle } = this.options;
    const stream = new Stream(seed, EPOCH_STREAMS + epoch);
    const buckets = new TokenBuckets(batchTokens);
    let done = 0;
    for await (const example of shuffleBuffer(this.#open(epoch), shuffle, stream)) {
      const batch = buckets.add(example);
      if (batch !== null && done++ >= from) yield batch;
    }
    for (const batch of buckets.rest(stream)) if (done++ >= from) yield batch;
  }
}

/** Batches that one step of training takes, and the position behind them. */
export interface BatchGroup<B = Batch> {
  readonly batches: readonly B[];
  readonly position: DataPosition;
}

/**
 * Batches epoch after epoch, without end, from a position on, in groups of `size`; the last group of an epoch has what is
 * left. Each comes with the position behind it: save that with the checkpoint of the step, and give it back to go on with
 * exactly the groups that would have come.
 */
export async function* batchGroups<B = Batch>(
  source: BatchSource<B>,
  size: number,
  position: DataPosition = { epoch: 0, batch: 0 },
): AsyncGenerator<BatchGroup<B>> {
  const { epoch: first, batch: from } = position;
  if (![first, from].every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ArgumentError(`batchGroups: position ${JSON.stringify(position)}. Expected { epoch, batch }, from 0.`);
  }
  let done = from;
  for (let epoch = first; ; epoch++) {
    const before = done;
    let group: B[] = [];
    const take = (): BatchGroup<B> => {
      const batches = group;
      group = [];
      return { batches, position: { epoch, batch: (done += batches.length) } };
    };
    for await (const batch of source.batches(epoch, before)) {
      group.push(batch);
      if (group.length === size) yield take();
    }
    if (group.length > 0) yield take();
    if (done === 0) throw new ArgumentError(`batchGroups: epoch ${epoch} has no batches. The data is empty.`);
    done = 0;
  }
}

/** The same, one batch at a time. */
export async function* batchesFrom<B = Batch>(
  source: BatchSource<B>,
  position?: DataPosition,
): AsyncGenerator<{ readonly batch: B; readonly position: DataPosition }> {
  for await (const group of batchGroups<B>(source, 1, position)) {
    yield { batch: group.batches[0]!, position: group.position };
  }
}
