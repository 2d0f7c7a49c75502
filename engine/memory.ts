import type { Backend, DeviceBuffer } from './backend.ts';
import { type DType, storageBytes } from './dtype.ts';
import { DisposedError, OutOfMemoryError } from './errors.ts';
import { type Shape, sizeOf } from './shape.ts';
import { advice, type Held, unwatch, watch } from './unowned.ts';

// Engines without explicit resource management (Safari) still get `using`, compiled to a look-up of this symbol.
(Symbol as { dispose: symbol }).dispose ??= Symbol.for('Symbol.dispose');

/**
 * A piece of device memory, counted: every tensor handle over it and every tape entry that saved it holds one
 * reference. Nobody outside the engine sees this.
 */
export class Storage {
  readonly backend: Backend;
  readonly buffer: DeviceBuffer;
  /** Counts the times the content was changed in place: a saved tensor that changed cannot be used for a gradient. */
  version = 0;
  #references = 1;
  #attached: Set<Owned> | null = null;

  constructor(backend: Backend, bytes: number) {
    this.backend = backend;
    this.buffer = alloc(backend, bytes);
  }

  static ofShape(backend: Backend, shape: Shape, dtype: DType = 'float32'): Storage {
    return new Storage(backend, storageBytes(dtype, sizeOf(shape)));
  }

  retain(): this {
    if (this.#references === 0) throw new DisposedError('storage: used after it was freed.');
    this.#references++;
    return this;
  }

  release(): void {
    if (--this.#references > 0) return;
    this.backend.free(this.buffer);
    for (const item of this.#attached ?? []) item.dispose();
    this.#attached = null;
  }

  /** Disposes `item` when this storage is freed, if not before: it was computed from this and is of no use without. */
  attach(item: Owned): void {
    (this.#attached ??= new Set()).add(item);
  }

  detach(item: Owned): void {
    this.#attached?.delete(item);
  }
}

function alloc(backend: Backend, bytes: number): DeviceBuffer {
  try {
    return backend.alloc(bytes);
  } catch (error) {
    if (error instanceof OutOfMemoryError) error.message += advice();
    throw error;
  }
}

/** What a scope owns. */
export interface Owned {
  /** What will free this, or null when nobody will. */
  owner: Owner | null;
  dispose(): void;
}

/** What frees things when its time comes. */
export interface Owner {
  add(item: Owned): void;
  remove(item: Owned): void;
}

/** Owns what the tape saved: an entry counts its uses and frees it itself. */
export const tape: Owner = { add: () => {}, remove: () => {} };

let current: Scope | null = null;

/**
 * Owns what is made while it is open and frees it when it closes, but for what was kept:
 *
 * ```ts
 * using s = scope();
 * const y = model.forward(x).softmax(-1);
 * return s.keep(y);             // everything else is freed here
 * ```
 *
 * Scopes nest; `keep` hands a tensor to the scope outside. A scope belongs to one flow of control: two asynchronous
 * flows with scopes open at the same time free each other's tensors (the error then names the tensor).
 */
export class Scope implements Disposable, Owner {
  readonly parent: Scope | null;
  #owned = new Set<Owned>();
  #open = true;

  constructor() {
    this.parent = current;
    current = this;
  }

  /** Hands tensors over to the scope outside this one, or to nobody when there is none. Returns what it was given. */
  keep<T>(value: T): T {
    for (const item of ownedIn(value)) {
      if (item.owner !== this) continue;
      this.#owned.delete(item);
      adopt(item, this.parent);
    }
    return value;
  }

  /** @internal */
  add(item: Owned): void {
    this.#owned.add(item);
  }

  /** @internal */
  remove(item: Owned): void {
    this.#owned.delete(item);
  }

  get size(): number {
    return this.#owned.size;
  }

  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    while (current !== null && !current.#open) current = current.parent;
    for (const item of [...this.#owned]) item.dispose();
    this.#owned.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * `scope()` opens one for `using`; `scope(f)` runs f in one and keeps what f returns (a tensor, or an array or record
 * of tensors).
 */
export function scope(): Scope;
export function scope<T>(body: (s: Scope) => T): T;
export function scope<T>(body?: (s: Scope) => T): Scope | T {
  const opened = new Scope();
  if (body === undefined) return opened;
  try {
    return opened.keep(body(opened));
  } finally {
    opened.dispose();
  }
}

/** Runs `body` with no scope open: what it makes lives until it is disposed (parameters, optimizer state). */
export function unscoped<T>(body: () => T): T {
  const before = current;
  current = null;
  try {
    return body();
  } finally {
    current = before;
  }
}

export const currentScope = (): Scope | null => current;

/** Something to watch for being dropped while nobody owns it. */
export interface Watched extends Owned {
  readonly held: Held;
}

const isWatched = (item: Owned): item is Watched => 'held' in item;

/** Gives `item` to `owner`, taking it from the one before; null leaves it to `dispose()`, and to the leak report. */
export function adopt(item: Owned, owner: Owner | null): void {
  item.owner?.remove(item);
  item.owner = owner;
  if (owner !== null) owner.add(item);
  else if (isWatched(item)) watch(item, item.held);
}

/** Takes `item` from its owner: it is freed now. */
export function abandon(item: Owned): void {
  if (item.owner !== null) item.owner.remove(item);
  else if (isWatched(item)) unwatch(item, item.held);
  item.owner = null;
}

function* ownedIn(value: unknown): Generator<Owned> {
  if (typeof value !== 'object' || value === null) return;
  if ('owner' in value && 'dispose' in value) yield value as Owned;
  else if (Array.isArray(value)) for (const v of value) yield* ownedIn(v);
  else if (Object.getPrototypeOf(value) === Object.prototype) for (const v of Object.values(value)) yield* ownedIn(v);
}
