import '../methods.ts';
import { requiresGrad } from '../autograd.ts';
import type { Backend } from '../backend.ts';
import { toRaw } from '../dtype.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import { type Owned, Storage } from '../memory.ts';
import { rowMajor, type Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { named, tracing } from '../trace.ts';
import { flattenParameters } from './flat.ts';
import { type ForwardHook, type ForwardPreHook, Hooks } from './hooks.ts';

/** Values of one parameter on the host, as checkpoints hold them. */
export interface HostTensor {
  readonly shape: Shape;
  /** float16: values in a Float32Array, stored in two bytes each. */
  readonly dtype: 'float32' | 'float16' | 'int32';
  readonly data: Float32Array | Int32Array;
}

export type StateDict = Readonly<Record<string, HostTensor>>;

const registered = new WeakSet<Tensor>();
/** Buffers, and whether checkpoints hold them. */
const buffers = new WeakMap<Tensor, boolean>();

/** Marks a leaf as learnt: it appears in checkpoints and in `parameters()` even while it is frozen. */
export function parameter(leaf: Tensor): Tensor {
  registered.add(requiresGrad(leaf));
  return leaf;
}

/**
 * Marks a leaf as part of a module that is not learnt, such as running statistics or a table: it appears in checkpoints
 * (unless `persistent` is false), in `namedBuffers()`, and goes with the module when that is freed.
 */
export function buffer(leaf: Tensor, { persistent = true }: { readonly persistent?: boolean } = {}): Tensor {
  if (!leaf.isLeaf || leaf.requiresGrad) {
    throw new ArgumentError(`buffer: ${leaf.describe()} is learnt, or a result on the tape. Pass detach() of it.`);
  }
  buffers.set(leaf, persistent);
  return leaf;
}

/** What of a state dict and a module did not meet. */
export interface LoadReport {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/**
 * A part of a model: a plain class whose fields are parameters (leaf tensors that require a gradient), buffers (see
 * `buffer`), modules, and arrays of modules. From the fields come the names: `selfAttention.inProjWeight` is `self_attn.in_proj_weight` in a
 * checkpoint (PyTorch's spelling, see `torchNames`) and `selfAttention` in the path of a trace.
 *
 * A subclass defines `forward`; call it directly.
 */
export abstract class Module {
  /** Fields whose PyTorch name is not simply their own in snake_case. */
  static readonly torchNames: Readonly<Record<string, string>> = {};

  training = true;
  /** The name the parent knows this module by; set whenever the parent's children are walked. */
  #label = '';
  #hooks: Hooks | null = null;

  constructor() {
    // Each instance gets its forward wrapped, so that a plain call puts the module's name in the path of a trace, and
    // runs the hooks.
    const self = this as unknown as { forward: (...args: unknown[]) => unknown };
    const forward = self.forward;
    const wrapped = (...args: unknown[]): unknown => {
      const hooks = this.#hooks;
      const body =
        hooks === null
          ? () => forward.apply(self, args)
          : () => hooks.run(this, args, (inputs) => forward.apply(self, inputs as unknown[]));
      if (!tracing()) return body();
      for (const _ of this.children());
      return named(this.#label, body);
    };
    Object.defineProperty(this, 'forward', { value: wrapped, enumerable: false });
  }

  abstract forward(...inputs: never[]): unknown;

  /** Where modules are looked for: the fields. A container names its parts itself. */
  protected parts(): Iterable<readonly [string, unknown]> {
    return Object.entries(this);
  }

  /** True of lists of modules, which only hold them: their name stands in the paths of their parts. */
  protected get container(): boolean {
    return false;
  }

  /** What a field, or `layers.0` of an array, is called in checkpoints. */
  protected torchName(key: string): string {
    const [field = '', ...rest] = key.split('.');
    return [(this.constructor as typeof Module).torchNames[field] ?? snakeCase(field), ...rest].join('.');
  }

  /** The modules right below this one, by field; those of an array as `layers.0`. */
  *children(): Generator<[string, Module]> {
    for (const [key, value] of this.parts()) {
      const list: [string, unknown][] = Array.isArray(value) ? value.map((v, i) => [`${key}.${i}`, v]) : [[key, value]];
      for (const [name, child] of list) {
        if (!(child instanceof Module)) continue;
        child.#label = this.container && this.#label !== '' ? `${this.#label}.${name}` : name;
        // the parts of a container run inside its parent
        if (child.container) for (const _ of child.children());
        yield [name, child];
      }
    }
  }

  /** Every parameter under its PyTorch name; one that is shared appears under each of its names. */
  namedParameters(prefix = ''): Generator<[string, Tensor]> {
    return this.#tensors(prefix, (t) => t.requiresGrad || registered.has(t));
  }

  /** Every buffer under its PyTorch name. */
  namedBuffers(prefix = ''): Generator<[string, Tensor]> {
    return this.#tensors(prefix, (t) => buffers.has(t));
  }

  *#tensors(prefix: string, wanted: (t: Tensor) => boolean): Generator<[string, Tensor]> {
    for (const [key, value] of Object.entries(this)) {
      if (value instanceof Tensor && wanted(value)) yield [prefix + this.torchName(key), value];
    }
    for (const [key, child] of this.children()) yield* child.#tensors(`${prefix}${this.torchName(key)}.`, wanted);
  }

  /** Every parameter once. */
  parameters(): Tensor[] {
    return [...new Set([...this.namedParameters()].map(([, p]) => p))];
  }

  /**
   * Moves all parameters into one buffer, and their gradients into another, so that an optimizer step is one kernel.
   * Call it once, when the model is complete and before the optimizer is made.
   */
  flattenParameters(): this {
    flattenParameters(this.parameters());
    return this;
  }

  /** Number of learnt values. */
  get parameterCount(): number {
    return this.parameters().reduce((n, p) => n + p.size, 0);
  }

  *modules(): Generator<Module> {
    yield this;
    for (const [, child] of this.children()) yield* child.modules();
  }

  /** Runs `body` for every module below and then for this one: to set first values, for one. */
  apply(body: (module: Module) => void): this {
    for (const [, child] of this.children()) child.apply(body);
    body(this);
    return this;
  }

  /**
   * Parameters that are not learnt from now on: those whose PyTorch name matches, or is `pattern` or lies below it; all
   * without a pattern. Gives their names. Frozen parameters get no gradient, and optimizers leave them alone.
   *
   * @throws {ArgumentError} where the pattern matches nothing
   */
  freeze(pattern?: string | RegExp): string[] {
    return this.#setLearnt(pattern, false, 'freeze');
  }

  /** The opposite of {@link freeze}. */
  unfreeze(pattern?: string | RegExp): string[] {
    return this.#setLearnt(pattern, true, 'unfreeze');
  }

  #setLearnt(pattern: string | RegExp | undefined, on: boolean, op: string): string[] {
    const matches = (name: string): boolean =>
      pattern === undefined ||
      (typeof pattern === 'string' ? name === pattern || name.startsWith(`${pattern}.`) : pattern.test(name));
    const all = [...this.namedParameters()];
    const found = all.filter(([name]) => matches(name));
    if (found.length === 0) {
      const some = all.slice(0, 5).map(([name]) => name);
      throw new ArgumentError(
        `${op}: no parameter is called ${pattern ?? 'anything'}. There are ${some.join(', ') || 'none'}${all.length > 5 ? ', …' : ''}.`,
      );
    }
    for (const [, p] of found) {
      requiresGrad(p, on);
      if (!on) {
        p.grad?.dispose();
        p.grad = null;
      }
    }
    return found.map(([name]) => name);
  }

  /**
   * Runs `hook` after each forward of this module; what it returns, if anything, takes the place of the output. It lives
   * until its handle is disposed, or the scope closes in which it was registered.
   */
  registerForwardHook<M extends Module>(this: M, hook: ForwardHook<NoInfer<M>>): Owned & Disposable {
    this.#hooks ??= new Hooks();
    return this.#hooks.add('after', hook as never);
  }

  /** Runs `hook` before each forward of this module; what it returns, if anything, takes the place of the inputs. */
  registerForwardPreHook<M extends Module>(this: M, hook: ForwardPreHook<NoInfer<M>>): Owned & Disposable {
    this.#hooks ??= new Hooks();
    return this.#hooks.add('before', hook as never);
  }

  /** Switches dropout on (train) or off (eval) in this module and all below. */
  train(on = true): this {
    for (const m of this.modules()) m.training = on;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  zeroGrad(): void {
    for (const p of this.parameters()) {
      p.grad?.dispose();
      p.grad = null;
    }
  }

  /** The values of every parameter and buffer, read off the device, under PyTorch's names. */
  async stateDict(): Promise<Record<string, HostTensor>> {
    const entries = [...this.#saved()].map(async ([name, t]): Promise<[string, HostTensor]> => {
      const data = await t.data();
      const dtype = data instanceof Float32Array ? 'float32' : 'int32';
      return [name, { shape: t.shape, dtype, data: data instanceof Uint8Array ? Int32Array.from(data) : data }];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /** What checkpoints hold. */
  *#saved(): Generator<[string, Tensor]> {
    yield* this.namedParameters();
    for (const [name, t] of this.namedBuffers()) if (buffers.get(t)) yield [name, t];
  }

  /**
   * Copies values in by name. With `strict` (the default) every name must be there, and no other. Shapes must agree.
   * Nothing is changed when anything is wrong.
   */
  loadStateDict(state: StateDict, { strict = true }: { readonly strict?: boolean } = {}): LoadReport {
    const own = new Map(this.#saved());
    const missing = [...own.keys()].filter((name) => !(name in state));
    const unexpected = Object.keys(state).filter((name) => !own.has(name));
    if (strict && missing.length + unexpected.length > 0) {
      const list = (names: string[]): string =>
        names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '') || 'none';
      throw new ArgumentError(
        `loadStateDict: missing ${list(missing)}; unexpected ${list(unexpected)}. ` +
          'The checkpoint is of another model; pass { strict: false } to load what fits.',
      );
    }
    for (const [name, p] of own) {
      const given = state[name];
      if (given !== undefined && show(given.shape) !== show(p.shape)) {
        throw new ShapeError(
          `loadStateDict: ${name} is ${show(given.shape)} in the checkpoint and ${show(p.shape)} in the model.`,
        );
      }
    }
    for (const [name, p] of own) {
      const given = state[name];
      if (given !== undefined) p.copyFrom(given.data);
    }
    return { missing, unexpected };
  }

  /**
   * Moves every parameter and buffer to `device`, in place: the tensors stay the same objects. Gradients are dropped. Move
   * a model before its optimizer is made.
   */
  async to(device: Backend): Promise<this> {
    const all = [...new Set([...this.parameters(), ...[...this.namedBuffers()].map(([, b]) => b)])];
    const moving = all.filter((t) => t.device !== device);
    const values = await Promise.all(moving.map((t) => t.data()));
    const flat = moving.some((t) => t.gradSlot !== null);
    moving.forEach((t, i) => {
      const storage = Storage.ofShape(device, t.shape, t.dtype);
      device.write(storage.buffer, 0, toRaw(t.dtype, values[i]!));
      t.relocate(storage, { shape: t.shape, strides: rowMajor(t.shape), offset: 0 });
      t.grad?.dispose();
      t.grad = null;
      t.gradSlot?.dispose();
      t.gradSlot = null;
    });
    if (flat) this.flattenParameters();
    return this;
  }

  /** The device of the parameters. */
  get device(): Backend {
    for (const [, p] of this.namedParameters()) return p.device;
    for (const [, b] of this.namedBuffers()) return b.device;
    throw new ArgumentError(`${this.constructor.name}: a module without parameters has no device.`);
  }

  /** Frees every parameter and buffer, and what else the modules below hold. */
  dispose(): void {
    for (const p of this.parameters()) p.dispose();
    for (const [, b] of this.namedBuffers()) b.dispose();
    for (const [, child] of this.children()) child.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
