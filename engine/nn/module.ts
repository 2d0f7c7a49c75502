import { requiresGrad } from '../autograd.ts';
import type { Backend } from '../backend.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { named, tracing } from '../trace.ts';
import { flattenParameters } from './flat.ts';

/** Values of one parameter on the host, as checkpoints hold them. */
export interface HostTensor {
  readonly shape: Shape;
  /** float16: values in a Float32Array, stored in two bytes each. */
  readonly dtype: 'float32' | 'float16' | 'int32';
  readonly data: Float32Array | Int32Array;
}

export type StateDict = Readonly<Record<string, HostTensor>>;

const registered = new WeakSet<Tensor>();

/** Marks a leaf as learnt: it appears in checkpoints and in `parameters()` even while it is frozen. */
export function parameter(leaf: Tensor): Tensor {
  registered.add(requiresGrad(leaf));
  return leaf;
}

/** What of a state dict and a module did not meet. */
export interface LoadReport {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/**
 * A part of a model: a plain class whose fields are parameters (leaf tensors that require a gradient), modules, and
 * arrays of modules. From the fields come the names: `selfAttention.inProjWeight` is `self_attn.in_proj_weight` in a
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

  constructor() {
    // Each instance gets its forward wrapped, so that a plain call puts the module's name in the path of a trace.
    const self = this as unknown as { forward: (...args: unknown[]) => unknown };
    const forward = self.forward;
    const wrapped = (...args: unknown[]): unknown => {
      if (!tracing()) return forward.apply(self, args);
      for (const _ of this.children());
      return named(this.#label, () => forward.apply(self, args));
    };
    Object.defineProperty(this, 'forward', { value: wrapped, enumerable: false });
  }

  abstract forward(...inputs: never[]): unknown;

  /** The modules right below this one, by field; those of an array as `layers.0`. */
  *children(): Generator<[string, Module]> {
    for (const [key, value] of Object.entries(this)) {
      const list: [string, unknown][] = Array.isArray(value) ? value.map((v, i) => [`${key}.${i}`, v]) : [[key, value]];
      for (const [name, child] of list) {
        if (!(child instanceof Module)) continue;
        child.#label = name;
        yield [name, child];
      }
    }
  }

  /** Every parameter under its PyTorch name; one that is shared appears under each of its names. */
  *namedParameters(prefix = ''): Generator<[string, Tensor]> {
    const names = (this.constructor as typeof Module).torchNames;
    const torch = (key: string): string => {
      const [field = '', ...rest] = key.split('.');
      return prefix + [names[field] ?? snakeCase(field), ...rest].join('.');
    };
    for (const [key, value] of Object.entries(this)) {
      if (value instanceof Tensor && (value.requiresGrad || registered.has(value))) yield [torch(key), value];
    }
    for (const [key, child] of this.children()) yield* child.namedParameters(`${torch(key)}.`);
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

  /** The values of every parameter, read off the device, under PyTorch's names. */
  async stateDict(): Promise<Record<string, HostTensor>> {
    const entries = [...this.namedParameters()].map(async ([name, p]): Promise<[string, HostTensor]> => {
      return [name, { shape: p.shape, dtype: 'float32', data: (await p.data()) as Float32Array }];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /**
   * Copies values in by name. With `strict` (the default) every name must be there, and no other. Shapes must agree.
   * Nothing is changed when anything is wrong.
   */
  loadStateDict(state: StateDict, { strict = true }: { readonly strict?: boolean } = {}): LoadReport {
    const own = new Map(this.namedParameters());
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

  /** The device of the parameters. */
  get device(): Backend {
    for (const [, p] of this.namedParameters()) return p.device;
    throw new ArgumentError(`${this.constructor.name}: a module without parameters has no device.`);
  }

  /** Frees every parameter, and what else the modules below hold. */
  dispose(): void {
    for (const p of this.parameters()) p.dispose();
    for (const [, child] of this.children()) child.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
