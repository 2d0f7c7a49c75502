import type { Backend, Operand } from './backend.ts';
import { type DType, elementBytes, fromRaw, storageBytes, type TensorData, toRaw } from './dtype.ts';
import { ArgumentError, DisposedError, DTypeError, GradientError, given, ShapeError, show } from './errors.ts';
import { abandon, adopt, currentScope, type Owner, Storage, type Watched } from './memory.ts';
import { isContiguous, type Layout, rowMajor, type Shape, sameShape, sizeOf } from './shape.ts';
import { type Held, makeRoom } from './unowned.ts';

/** What a tensor knows of the tape: the node that made it (or that collects its gradient). See autograd.ts. */
export interface TapeNode {
  readonly name: string;
  /** True for the node that collects the gradient of a leaf. */
  readonly leaf: boolean;
  /** Path of the record that a trace made of its operation; null where none listened, and of a leaf. */
  path: string | null;
  retain(): void;
  release(): void;
}

/** What a tensor holds of the device and of the tape: apart from it, so that it can be let go of when it was dropped. */
class Holding implements Held {
  readonly shape: Shape;
  readonly dtype: DType;
  storage: Storage;
  node: TapeNode | null;

  constructor(storage: Storage, shape: Shape, dtype: DType, node: TapeNode | null) {
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.node = node;
  }

  get bytes(): number {
    return Math.min(sizeOf(this.shape) * elementBytes(this.dtype), this.storage.buffer.bytes);
  }

  get made(): string | null {
    return this.node === null || this.node.leaf ? null : this.node.name;
  }

  release(): void {
    this.storage.release();
    this.node?.release();
  }
}

/**
 * An n-dimensional array on a device: shape, dtype and a layout over shared storage. Operations are functions
 * (`softmax(x, -1)`) and methods of the same name (`x.softmax(-1)`); reading is `await x.data()`.
 */
export class Tensor implements Watched, Layout {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly strides: readonly number[];
  /** Of the first element, in elements. */
  readonly offset: number;
  /** @internal */
  owner: Owner | null = null;
  /** The gradient that `backward()` collected, for a leaf that requires one. */
  grad: Tensor | null = null;
  /** @internal Where the gradient must lie (a view of the model's one gradient buffer), if anywhere. */
  gradSlot: Tensor | null = null;
  #holding: Holding;
  #disposed = false;

  /** @internal Takes over one reference of `storage` and one of `node`. */
  constructor(
    storage: Storage,
    layout: Layout,
    dtype: DType,
    node: TapeNode | null = null,
    owner: Owner | null = currentScope(),
  ) {
    this.#holding = new Holding(storage, layout.shape, dtype, node);
    this.shape = layout.shape;
    this.strides = layout.strides;
    this.offset = layout.offset;
    this.dtype = dtype;
    adopt(this, owner);
  }

  /** @internal A new tensor with undefined contents. */
  static empty(backend: Backend, shape: Shape, dtype: DType): Tensor {
    return new Tensor(Storage.ofShape(backend, shape, dtype), { shape, strides: rowMajor(shape), offset: 0 }, dtype);
  }

  /** @internal A new tensor holding `values` in row-major order. */
  static from(backend: Backend, values: ArrayLike<number | boolean>, shape: Shape, dtype: DType): Tensor {
    if (values.length !== sizeOf(shape)) {
      throw new ShapeError(`tensor: ${values.length} values for shape ${show(shape)}, which has ${sizeOf(shape)}.`);
    }
    const t = Tensor.empty(backend, shape, dtype);
    if (values.length > 0) backend.write(t.#holding.storage.buffer, 0, toRaw(dtype, values));
    return t;
  }

  get device(): Backend {
    return this.#holding.storage.backend;
  }

  /** @internal */
  get node(): TapeNode | null {
    return this.#holding.node;
  }
  /** @internal */
  set node(node: TapeNode | null) {
    this.#holding.node = node;
  }

  /** @internal */
  get held(): Held {
    return this.#holding;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** True when gradients flow to or through this tensor. */
  get requiresGrad(): boolean {
    return this.node !== null;
  }

  /** True when no operation on the tape made this tensor. */
  get isLeaf(): boolean {
    return this.node === null || this.node.leaf;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** @internal The storage, or an error that says what was used too late. */
  get storage(): Storage {
    if (this.#disposed) {
      throw new DisposedError(
        `${this.describe()} was used after it was freed. Keep it with scope.keep(), or make it outside the scope.`,
      );
    }
    return this.#holding.storage;
  }

  /** @internal What a kernel is handed. */
  operand(): Operand {
    const { shape, strides, offset, dtype } = this;
    return { buffer: this.storage.buffer, shape, strides, offset, dtype };
  }

  /** @internal A second handle on the same elements and the same place on the tape. */
  alias(layout: Layout = this, node: TapeNode | null = this.node, owner: Owner | null = currentScope()): Tensor {
    const t = new Tensor(this.storage.retain(), layout, this.dtype, node, owner);
    node?.retain();
    return t;
  }

  /** The same elements without their history: no gradient flows back through the result. */
  detach(): Tensor {
    return this.alias(this, null);
  }

  /**
   * The elements in row-major order, copied off the device. Waits for everything the elements depend on: the one way
   * to see numbers.
   */
  async data(): Promise<TensorData> {
    const count = this.size;
    if (count === 0) return fromRaw(this.dtype, new ArrayBuffer(0));
    const from = isContiguous(this) ? this : reader.contiguous(this);
    const width = elementBytes(this.dtype);
    // whole words are read: a view of halves may begin or end inside one
    const skip = from.offset % (4 / width);
    const bytes = from.device.read(
      from.storage.buffer,
      (from.offset - skip) * width,
      storageBytes(this.dtype, skip + count),
    );
    if (from !== this) from.dispose();
    const values = fromRaw(this.dtype, await bytes);
    const room = makeRoom(this.device);
    if (room !== null) await room;
    return values.length === count ? values : values.slice(skip, skip + count);
  }

  /** The one element of a tensor of size 1. */
  async item(): Promise<number> {
    if (this.size !== 1) {
      throw new ShapeError(
        `item: ${show(this.shape)} has ${this.size} elements, expected 1. Use data(), or index first.`,
      );
    }
    return (await this.data())[0]!;
  }

  /** The elements as nested arrays (a number for a scalar; booleans for bool). */
  async tolist(): Promise<NestedArray> {
    const flat = await this.data();
    const bool = this.dtype === 'bool';
    let at = 0;
    const build = (dim: number): NestedArray => {
      if (dim === this.shape.length) return bool ? flat[at++] === 1 : flat[at++]!;
      return Array.from({ length: this.shape[dim]! }, () => build(dim + 1));
    };
    return build(0);
  }

  /** Overwrites the elements in place with host values, in row-major order. Not on the tape: for leaves and buffers. */
  copyFrom(values: ArrayLike<number | boolean>): this {
    if (values.length !== this.size) {
      throw new ShapeError(`copyFrom: ${values.length} values for ${this.describe()}, which has ${this.size}.`);
    }
    if (!isContiguous(this))
      throw new ArgumentError(`copyFrom: ${this.describe()} is a view with gaps. Copy into its base.`);
    if (!this.isLeaf)
      throw new GradientError(`copyFrom: ${this.describe()} was made by ${this.node?.name}. Detach it first.`);
    const { storage } = this;
    const begin = this.offset * elementBytes(this.dtype);
    const end = begin + this.size * elementBytes(this.dtype);
    if (begin % 4 !== 0 || (end % 4 !== 0 && end + 2 < storage.buffer.bytes)) {
      throw new ArgumentError(`copyFrom: ${this.describe()} shares a word with its neighbours. Copy into its base.`);
    }
    storage.backend.write(storage.buffer, begin, toRaw(this.dtype, values));
    storage.version++;
    return this;
  }

  /** @internal Makes this handle show the same values where they were copied to. Takes over one reference. */
  relocate(storage: Storage, layout: Layout): void {
    const { owner } = this;
    const before = this.storage;
    abandon(this);
    before.release();
    this.#holding.storage = storage;
    (this as { strides: readonly number[] }).strides = layout.strides;
    (this as { offset: number }).offset = layout.offset;
    adopt(this, owner);
  }

  describe(): string {
    return `tensor ${show(this.shape)} ${this.dtype}`;
  }

  /** Gives the memory back, unless a view or the tape still needs it. A second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    abandon(this);
    this.#holding.release();
    this.grad?.dispose();
    this.gradSlot?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What it is, and how to see its values: they lie on the device, and reading them takes an await. */
  toString(): string {
    if (this.#disposed) return `Tensor [${this.shape.join(', ')}] ${this.dtype}, freed`;
    const grad = this.requiresGrad ? ', requiresGrad' : '';
    return `Tensor [${this.shape.join(', ')}] ${this.dtype} on ${this.device.name}${grad} (values: await x.show() or x.data())`;
  }

  /** @internal What Node's console prints. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** @internal What a browser's console prints before the braces. */
  get [Symbol.toStringTag](): string {
    return 'Tensor';
  }
}

/** Numbers or booleans nested to any depth. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** What tensors need from the operations above them, given at start-up by ops/contiguous.ts. */
export const reader: { contiguous: (x: Tensor) => Tensor } = {
  contiguous: () => {
    throw new ArgumentError('tensor: import the engine through engine/index.ts.');
  },
};

/** Shape of a nested array, which must be regular. */
export function nestedShape(values: NestedArray): number[] {
  if (typeof values === 'number' || typeof values === 'boolean') return [];
  if (!Array.isArray(values)) {
    const hint = ArrayBuffer.isView(values as unknown)
      ? 'Give a typed array by itself, with its shape: tensor(values, { shape: [2, 3] }).'
      : (values as unknown) instanceof Tensor
        ? 'Join tensors with stack() or cat().'
        : 'Convert it first.';
    throw new DTypeError(`tensor: the values hold ${given(values)}, expected numbers or booleans. ${hint}`);
  }
  const first = values[0];
  if (first === undefined) return [0];
  const inner = nestedShape(first);
  values.forEach((v, i) => {
    const other = nestedShape(v);
    if (!sameShape(other, inner)) {
      throw new ShapeError(
        `tensor: entry 0 has shape ${show(inner)} and entry ${i} has ${show(other)}. Rows must be alike.`,
      );
    }
  });
  return [values.length, ...inner];
}
