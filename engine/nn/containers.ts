import { ArgumentError } from '../errors.ts';
import { scope } from '../memory.ts';
import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

/** A step of a Sequential: a module that takes one tensor and gives one, or a function without parameters. */
export type Step = (Module & { forward(x: Tensor): Tensor }) | ((x: Tensor) => Tensor);

/** Names its parts by number, as PyTorch does: `0.weight`. */
abstract class Numbered<T> extends Module implements Iterable<T> {
  readonly #items: T[];

  constructor(items: Iterable<T>) {
    super();
    this.#items = [...items];
  }

  protected override *parts(): Iterable<readonly [string, unknown]> {
    for (const [i, item] of this.#items.entries()) yield [String(i), item];
  }

  get length(): number {
    return this.#items.length;
  }

  /** The part at a place, counted from the end where negative. Throws an ArgumentError for a place outside. */
  at(index: number): T {
    const item = this.#items.at(index);
    if (item !== undefined && Number.isInteger(index)) return item;
    throw new ArgumentError(`${this.constructor.name}: there is no part ${index} of ${this.length}.`);
  }

  /** Adds a part at the end. */
  append(item: T): this {
    this.#items.push(item);
    return this;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]();
  }
}

/**
 * Modules one after another, each given what the one before gave; functions may stand between them:
 * `new Sequential(new Linear(8, 32), relu, new Linear(32, 2))`. What lies between is freed on the way.
 */
export class Sequential extends Numbered<Step> {
  constructor(...steps: readonly Step[]) {
    super(steps);
  }

  forward(x: Tensor): Tensor {
    return scope(() => {
      let y = x;
      for (const step of this) y = typeof step === 'function' ? step(y) : step.forward(y);
      return y === x ? x.alias() : y;
    });
  }
}

/** A list of modules that its parent runs as it likes; a plain array in a field does the same. */
export class ModuleList<M extends Module = Module> extends Numbered<M> {
  constructor(modules: Iterable<M> = []) {
    super(modules);
  }

  protected override get container(): boolean {
    return true;
  }

  /** There is none: the parent runs the parts. */
  forward(): never {
    throw new ArgumentError('ModuleList: it has no forward. Run its parts one by one, or use Sequential.');
  }
}

/** Modules by name, which are their names in checkpoints too. */
export class ModuleDict<M extends Module = Module> extends Module implements Iterable<[string, M]> {
  readonly #modules: Map<string, M>;

  constructor(modules: Readonly<Record<string, M>> = {}) {
    super();
    this.#modules = new Map();
    for (const [name, module] of Object.entries(modules)) this.set(name, module);
  }

  protected override parts(): Iterable<readonly [string, unknown]> {
    return this.#modules;
  }

  protected override torchName(key: string): string {
    return key;
  }

  protected override get container(): boolean {
    return true;
  }

  get size(): number {
    return this.#modules.size;
  }

  has(name: string): boolean {
    return this.#modules.has(name);
  }

  /** The module of a name; throws an ArgumentError that lists the names where there is none. */
  get(name: string): M {
    const found = this.#modules.get(name);
    if (found !== undefined) return found;
    throw new ArgumentError(`ModuleDict: there is no ${name}. There are ${[...this.#modules.keys()].join(', ')}.`);
  }

  set(name: string, module: M): this {
    if (name === '' || name.includes('.')) {
      throw new ArgumentError(`ModuleDict: the name '${name}'. Expected one without dots, which part names.`);
    }
    this.#modules.set(name, module);
    return this;
  }

  keys(): Iterable<string> {
    return this.#modules.keys();
  }

  [Symbol.iterator](): Iterator<[string, M]> {
    return this.#modules[Symbol.iterator]();
  }

  /** There is none: the parent runs the parts. */
  forward(): never {
    throw new ArgumentError('ModuleDict: it has no forward. Run its parts by name.');
  }
}
