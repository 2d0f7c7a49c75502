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

/** Places a growing cache begins with. */
const FIRST_CAPACITY = 16;

/**
 * The keys and values of one attention, projected once and read by every later step. Its tensors belong to no scope:
 * dispose() frees them.
 */
export class KeyValues implements Disposable {
  /** [2, rows, heads, capacity, d/heads]: keys, then values. */
  protected store: Tensor | null = null;
  /** Places filled so far. */
  length = 0;

  /** keysAndValues: [2, rows, heads, S, d/heads], which this takes over. */
  static of(keysAndValues: Tensor): KeyValues {
    const cache = new KeyValues();
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
    if (this.store === null) throw new ArgumentError('KeyValues: nothing was written, or it was disposed.');
    return this.store;
  }

  private view(part: 0 | 1): Tensor {
    return narrow(select(this.filled, 0, part), 2, 0, this.length);
  }

  /** Row i goes on from row `index[i]`; index: int32 [new rows]. */
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

/** Keys and values of what was decoded so far: each step writes its own behind them, in memory that doubles when full. */
export class GrowingKeyValues extends KeyValues {
  /** keysAndValues: [2, rows, heads, new places, d/heads] */
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
 * Where writing with a cache stands: each step of the model reads one token for each row and moves it on. Rows are the
 * sequences being written. Belongs to no scope: dispose it.
 */
export class WritingState implements Disposable {
  /** What self-attention of each layer remembers. */
  readonly written: readonly GrowingKeyValues[];
  readonly device: Device;
  /** Tokens read so far: the position of the next one, padding before the row counted. */
  length = 0;
  #rows: number;
  /** Whether each token read was padding, by row; null while none was. */
  #blank: boolean[][] | null = null;
  /** Tokens of padding before each row; null where there are none. */
  #behind: readonly number[] | null = null;

  /** Takes over the caches. */
  constructor(written: readonly GrowingKeyValues[], rows: number, device: Device) {
    this.written = written;
    this.device = device;
    this.#rows = rows;
  }

  /** Sequences being written. */
  get rows(): number {
    return this.#rows;
  }

  /** Places each row stands behind `length`, since it began with as much padding; null where all began together. */
  get behind(): readonly number[] | null {
    return this.#behind;
  }

  /** bool [rows, length], true where a token read was padding; null where none was. A new tensor of the open scope. */
  get padding(): Tensor | null {
    return this.#blank === null ? null : tensor(this.#blank, { dtype: 'bool', device: this.device });
  }

  /** @internal Rows begin later than others, behind this much padding, which is read like any other token. */
  align(behind: readonly number[]): void {
    if (behind.some((n) => n > 0)) this.#behind = behind;
  }

  /** @internal Notes which of the tokens to be read, as many for each row, are padding. */
  advance(blank: readonly (readonly boolean[])[]): void {
    if (this.#blank === null && blank.some((row) => row.includes(true))) {
      this.#blank = blank.map(() => new Array<boolean>(this.length).fill(false));
    }
    this.#blank?.forEach((row, i) => void row.push(...blank[i]!));
    this.length += blank[0]?.length ?? 0;
  }

  /** Row i goes on from what is now row `from[i]`. Costs nothing where all rows stay. */
  reorder(from: readonly number[]): void {
    if (from.length === 0 || !from.every((row) => Number.isInteger(row) && row >= 0 && row < this.#rows)) {
      throw new ArgumentError(`${this.constructor.name}: rows [${from.join(', ')}] of ${this.#rows}.`);
    }
    if (from.length === this.#rows && from.every((row, i) => row === i)) return;
    const index = tensor(Int32Array.from(from), { device: this.device });
    for (const cache of this.written) cache.reorder(index);
    index.dispose();
    if (this.#blank !== null) this.#blank = from.map((row) => [...this.#blank![row]!]);
    if (this.#behind !== null) this.#behind = from.map((row) => this.#behind![row]!);
    this.#rows = from.length;
  }

  dispose(): void {
    for (const cache of this.written) cache.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What one decoder layer remembers: of the target so far, and of the source. */
export interface LayerCache {
  readonly self: GrowingKeyValues;
  readonly cross: KeyValues;
}

/**
 * Where decoding with a cache stands: what `startDecoding` of a Transformer gives and `decodeStep` moves on. Each source
 * has the same number of rows, one after another (a beam).
 */
export class DecoderState extends WritingState {
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
   * Row i goes on from what is now row `from[i]`: to follow the best of a beam, to widen or narrow it, to drop sources
   * that are done. Every source that is left must have the same number of rows, in the order of the sources. Costs
   * nothing where all rows stay.
   */
  override reorder(from: readonly number[]): void {
    const width = this.rows / this.#sources;
    const sources = [...new Set(from.map((row) => Math.floor(row / width)))];
    const beam = from.length / sources.length;
    if (!from.every((row, i) => Math.floor(row / width) === sources[Math.floor(i / beam)])) {
      throw new ArgumentError(
        `DecoderState: rows [${from.join(', ')}] of ${this.rows}, ${width} to a source. ` +
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
