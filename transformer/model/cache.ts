import {
  ArgumentError,
  type Device,
  embedSlice,
  indexSelect,
  narrow,
  select,
  type Tensor,
  tensor,
  unscoped,
  writeSlice,
} from '../../engine/index.ts';

/** Positions a growing cache has room for at first. */
const FIRST_CAPACITY = 16;

/**
 * The keys and values of one attention layer, projected once and read at every decoding step. Its tensors belong to no
 * scope: dispose() frees them.
 */
export class KeyValueCache implements Disposable {
  /** [2, rows, heads, capacity, d/heads]: keys, then values. */
  protected store: Tensor | null = null;
  /** Positions filled so far. */
  length = 0;

  /** Takes over keysAndValues: [2, rows, heads, S, d/heads]. */
  static of(keysAndValues: Tensor): KeyValueCache {
    const cache = new KeyValueCache();
    cache.store = keysAndValues;
    cache.length = keysAndValues.shape[3]!;
    return cache;
  }

  get rows(): number {
    return this.filled.shape[1]!;
  }

  /** Views [rows, heads, length, d/heads]. */
  get keys(): Tensor {
    return this.view(0);
  }
  get values(): Tensor {
    return this.view(1);
  }

  protected get filled(): Tensor {
    if (this.store === null) throw new ArgumentError('KeyValueCache: it is empty, or was disposed.');
    return this.store;
  }

  private view(part: 0 | 1): Tensor {
    return narrow(select(this.filled, 0, part), 2, 0, this.length);
  }

  /** Row i becomes what row `index[i]` is now; index: int32 [new rows]. */
  reorder(index: Tensor): void {
    if (this.store !== null) this.replace(unscoped(() => indexSelect(this.filled, 1, index)));
  }

  protected replace(store: Tensor): void {
    this.store?.dispose();
    this.store = store;
  }

  dispose(): void {
    this.store?.dispose();
    this.store = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The keys and values of all tokens so far: each step appends its own, to storage that doubles when it is full. */
export class GrowingKeyValueCache extends KeyValueCache {
  /** keysAndValues: [2, rows, heads, new positions, d/heads] */
  append(keysAndValues: Tensor): void {
    const added = keysAndValues.shape[3]!;
    const wanted = this.length + added;
    const capacity = this.store?.shape[3] ?? 0;
    if (wanted > capacity) {
      const grown = Math.max(FIRST_CAPACITY, 2 * capacity, 2 ** Math.ceil(Math.log2(wanted)));
      const shape = keysAndValues.shape.map((s, d) => (d === 3 ? grown : s));
      const before = this.store ?? keysAndValues;
      this.replace(unscoped(() => embedSlice(before, shape, 3, 0)));
      if (before === keysAndValues) {
        this.length = wanted;
        return;
      }
    }
    writeSlice(this.filled, keysAndValues, 3, this.length);
    this.length = wanted;
  }
}

/**
 * The state of decoding with a cache. Each step of the model reads one token per row and advances the state. Rows are the
 * sequences that are generated. Belongs to no scope: dispose it.
 */
export class DecodingState implements Disposable {
  /** Of the self-attention of each layer. */
  readonly selfAttention: readonly GrowingKeyValueCache[];
  readonly device: Device;
  /** Tokens read so far, left padding included: the position of the next one. */
  length = 0;
  #rows: number;
  /** Whether each token read so far was padding, by row; null while none was. */
  #isPadding: boolean[][] | null = null;
  #leftPadding: readonly number[] | null = null;

  /** Takes over the caches. */
  constructor(selfAttention: readonly GrowingKeyValueCache[], rows: number, device: Device) {
    this.selfAttention = selfAttention;
    this.device = device;
    this.#rows = rows;
  }

  /** The number of sequences. */
  get rows(): number {
    return this.#rows;
  }

  /** Padding tokens in front of each row; null where no row has any. Positions are counted from behind them. */
  get leftPadding(): readonly number[] | null {
    return this.#leftPadding;
  }

  /** bool [rows, length], true where a token read was padding; null where none was. A new tensor of the open scope. */
  get padding(): Tensor | null {
    return this.#isPadding === null ? null : tensor(this.#isPadding, { dtype: 'bool', device: this.device });
  }

  /** @internal Sets the number of padding tokens in front of each row; they are then read like any other token. */
  padLeft(counts: readonly number[]): void {
    if (counts.some((n) => n > 0)) this.#leftPadding = counts;
  }

  /** @internal Records which of the tokens about to be read, equally many per row, are padding. */
  advance(isPadding: readonly (readonly boolean[])[]): void {
    if (this.#isPadding === null && isPadding.some((row) => row.includes(true))) {
      this.#isPadding = isPadding.map(() => new Array<boolean>(this.length).fill(false));
    }
    this.#isPadding?.forEach((row, i) => void row.push(...isPadding[i]!));
    this.length += isPadding[0]?.length ?? 0;
  }

  /** Row i continues what is now row `from[i]`. Costs nothing where all rows stay. */
  reorder(from: readonly number[]): void {
    if (from.length === 0 || !from.every((row) => Number.isInteger(row) && row >= 0 && row < this.#rows)) {
      throw new ArgumentError(`${this.constructor.name}: rows [${from.join(', ')}] of ${this.#rows}.`);
    }
    if (from.length === this.#rows && from.every((row, i) => row === i)) return;
    const index = tensor(Int32Array.from(from), { device: this.device });
    for (const cache of this.selfAttention) cache.reorder(index);
    index.dispose();
    if (this.#isPadding !== null) this.#isPadding = from.map((row) => [...this.#isPadding![row]!]);
    if (this.#leftPadding !== null) this.#leftPadding = from.map((row) => this.#leftPadding![row]!);
    this.#rows = from.length;
  }

  dispose(): void {
    for (const cache of this.selfAttention) cache.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The caches of one decoder layer: the target's keys and values so far, and those of the encoder's output. */
export interface LayerCache {
  readonly self: GrowingKeyValueCache;
  readonly cross: KeyValueCache;
}

/**
 * The state of an encoder-decoder: `startDecoding` of a Transformer returns it, `decodeStep` advances it. Each source has
 * the same number of rows, next to each other (a beam).
 */
export class EncoderDecoderState extends DecodingState {
  readonly layers: readonly LayerCache[];
  #sources: number;
  /** bool [sources, S] */
  #memoryPadding: Tensor;

  /** Takes over the caches and the mask. */
  constructor(layers: readonly LayerCache[], memoryPadding: Tensor) {
    const sources = memoryPadding.shape[0]!;
    super(
      layers.map(({ self }) => self),
      sources,
      memoryPadding.device,
    );
    this.layers = layers;
    this.#memoryPadding = memoryPadding;
    this.#sources = sources;
  }

  /** bool [sources, S], true where a source token is padding. */
  get memoryPadding(): Tensor {
    return this.#memoryPadding;
  }

  /**
   * Row i continues what is now row `from[i]`: to keep the best hypotheses of a beam, to widen or narrow it, to drop
   * sources that have ended. Every source that is left must have the same number of rows, in the order of the sources. Costs
   * nothing where all rows stay.
   */
  override reorder(from: readonly number[]): void {
    const width = this.rows / this.#sources;
    const sources = [...new Set(from.map((row) => Math.floor(row / width)))];
    const beam = from.length / sources.length;
    if (!from.every((row, i) => Math.floor(row / width) === sources[Math.floor(i / beam)])) {
      throw new ArgumentError(
        `EncoderDecoderState: rows [${from.join(', ')}] of ${this.rows}, ${width} to a source. ` +
          'Every source that is left must have the same number of rows, in the order of the sources.',
      );
    }
    super.reorder(from);
    if (sources.length === this.#sources) return;
    const index = tensor(Int32Array.from(sources), { device: this.device });
    for (const { cross } of this.layers) cross.reorder(index);
    const padding = this.#memoryPadding;
    this.#memoryPadding = unscoped(() => indexSelect(padding, 0, index));
    padding.dispose();
    index.dispose();
    this.#sources = sources.length;
  }

  override dispose(): void {
    super.dispose();
    for (const { cross } of this.layers) cross.dispose();
    this.#memoryPadding.dispose();
  }
}
