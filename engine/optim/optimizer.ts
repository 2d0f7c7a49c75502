import { noGrad } from '../autograd.ts';
import { storageBytes } from '../dtype.ts';
import { ArgumentError, given, show } from '../errors.ts';
import { unscoped } from '../memory.ts';
import { fill } from '../ops/accumulate.ts';
import type { Tensor } from '../tensor.ts';
import { tracing } from '../trace.ts';
import { type Span, spanOf } from './kernels.ts';
import { observe } from './observe.ts';
import { layBeside, mergeRows, replaceGrad, rowOf } from './spans.ts';

/** Parameters with settings of their own; what is not named is as the optimizer was told. */
export type GroupOptions<O> = { readonly params: readonly Tensor[] } & { readonly [K in keyof O]?: O[K] | undefined };

/** A group as the optimizer holds it: settings may be changed between steps. */
export type ParamGroup<O> = O & { readonly params: readonly Tensor[] };

/** The state of one parameter, on the host. */
export interface ParamState {
  /** Steps it took. */
  readonly step: number;
  /** Its running means by name, in row-major order. */
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** All that a run needs to go on, besides the parameters. */
export interface OptimizerState<O> {
  /** By the place of the parameter, counted through all groups. Parameters that took no step are missing. */
  readonly state: Readonly<Record<number, ParamState>>;
  readonly paramGroups: readonly (O & { readonly params: readonly number[] })[];
}

export interface StepOptions {
  /** One element that all gradients are multiplied by, as `gradNorm` gives it: clipping without a pass of its own. */
  readonly gradScale?: Tensor;
}

interface Slot {
  readonly p: Tensor;
  /** Of its first element in every running mean. */
  readonly offset: number;
  step: number;
}

/** What an optimizer is handed for parameters it steps together. */
export interface StepRange {
  readonly parameters: Span;
  readonly gradients: Span;
  /** In the order of the names. */
  readonly state: readonly Span[];
  readonly gradScale: Span;
  /** From 1. */
  readonly step: number;
}

/**
 * What optimizers have in common: groups, running means, and one launch for each range of parameters that lie one after
 * another in memory, which for a flattened model is one in all. Parameters whose `grad` is null are left alone.
 */
export abstract class Optimizer<O extends { lr: number }> implements Disposable {
  readonly paramGroups: readonly ParamGroup<O>[];
  readonly #names: readonly string[];
  readonly #slots: readonly (readonly Slot[])[];
  /** Of each running mean. */
  readonly #size: number;
  #means: readonly Tensor[] | null = null;
  #one: Tensor | null = null;

  /** `names`: of the running means an optimizer keeps for every parameter; they begin as zeros. */
  protected constructor(
    params: readonly Tensor[] | readonly GroupOptions<O>[],
    known: O,
    options: Partial<O>,
    names: readonly string[],
  ) {
    const name = new.target.name;
    if (!Array.isArray(params)) {
      throw new ArgumentError(`${name}: the parameters are ${given(params)}, expected an array: model.parameters().`);
    }
    checkOptions(name, known, options);
    const defaults = { ...known, ...options };
    const groups = params.length > 0 && 'params' in params[0]! ? params : [{ params }];
    for (const { params: _, ...own } of groups as readonly GroupOptions<O>[]) checkOptions(name, known, own);
    this.paramGroups = (groups as readonly GroupOptions<O>[]).map(({ params: list, ...options }) => {
      const own = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
      return { ...defaults, ...own, params: [...list] };
    });
    this.#names = names;
    const all = this.paramGroups.flatMap((g) => g.params);
    if (all.length === 0) throw new ArgumentError(`${name}: no parameters were given. Pass model.parameters().`);
    for (const group of this.paramGroups) this.check(group);
    const seen = new Set<Tensor>();
    for (const p of all) {
      if (seen.has(p)) throw new ArgumentError(`${name}: ${p.describe()} was given twice. Name each parameter once.`);
      if (!p.isLeaf || p.dtype !== 'float32') {
        throw new ArgumentError(`${name}: ${p.describe()} is no parameter. Expected float32 leaves.`);
      }
      if (p.device !== all[0]!.device) {
        throw new ArgumentError(
          `${name}: parameters on ${all[0]!.device.name} and on ${p.device.name}. One device, one optimizer.`,
        );
      }
      seen.add(p);
    }
    const { offsets, size } = layBeside(all);
    let place = 0;
    this.#slots = this.paramGroups.map(({ params: list }) =>
      list.map((p) => ({ p, offset: offsets[place++]!, step: 0 })),
    );
    this.#size = size;
  }

  /** Throws an ArgumentError for settings out of their range. */
  protected abstract check(group: ParamGroup<O>): void;

  /** Steps one range. */
  protected abstract update(range: StepRange, group: ParamGroup<O>): void;

  /** The running means of one parameter, corrected for their start at 0; for traces. */
  protected corrected(
    _state: Readonly<Record<string, Tensor>>,
    _step: number,
    _group: ParamGroup<O>,
  ): Readonly<Record<string, Tensor>> {
    return {};
  }

  /** The learning rate, of the first group where they differ; setting it sets that of every group. */
  get lr(): number {
    return this.paramGroups[0]!.lr;
  }

  set lr(lr: number) {
    for (const group of this.paramGroups) group.lr = lr;
  }

  /** Changes the parameters in place by their gradients. What the tape saved of them is out of date from then on. */
  step({ gradScale }: StepOptions = {}): void {
    if (gradScale !== undefined && gradScale.size !== 1) {
      throw new ArgumentError(`step: gradScale is ${show(gradScale.shape)}, expected one element.`);
    }
    const means = this.#state();
    const scale = spanOf(gradScale ?? this.#one!);
    this.paramGroups.forEach((group, i) => {
      this.check(group);
      const active = this.#slots[i]!.filter(({ p }) => p.grad !== null);
      for (const slot of active) slot.step++;
      const rows = active.map(({ p, offset, step }) =>
        rowOf(
          p,
          means.map((mean) => ({ storage: mean.storage, offset, size: p.size })),
          step,
        ),
      );
      const observations = tracing() ? active.map((slot) => this.#observe(slot, group, gradScale ?? this.#one!)) : [];
      for (const { spans, key } of mergeRows(rows)) {
        const [parameters, gradients, ...state] = spans;
        this.update(
          { parameters: parameters!, gradients: gradients!, state, gradScale: scale, step: key as number },
          group,
        );
      }
      for (const done of observations) done();
    });
  }

  #observe({ p, offset, step }: Slot, group: ParamGroup<O>, gradScale: Tensor): () => void {
    const { params: _, ...settings } = group;
    return observe({
      ...{ parameter: p, optimizer: this.constructor.name, step, settings, gradScale, offset },
      means: Object.fromEntries(this.#names.map((name, k) => [name, this.#means![k]!])),
      correct: (state) => this.corrected(state, step, group),
    });
  }

  /** Forgets all gradients: the next backward() begins anew. */
  zeroGrad(): void {
    for (const { params } of this.paramGroups) for (const p of params) replaceGrad(p, null);
  }

  /** Settings and running means, read off the device. */
  async stateDict(): Promise<OptimizerState<O>> {
    const slots = this.#slots.flat().map((slot) => ({ ...slot }));
    const means = (await Promise.all(this.#means?.map((mean) => mean.data()) ?? [])) as readonly Float32Array[];
    const state: Record<number, ParamState> = {};
    slots.forEach(({ p, offset, step }, i) => {
      if (step === 0) return;
      const values = this.#names.map((name, k) => [name, means[k]!.slice(offset, offset + p.size)]);
      state[i] = { step, values: Object.fromEntries(values) };
    });
    let first = 0;
    const paramGroups = this.paramGroups.map(({ params, ...options }) => {
      const places = params.map((_, i) => first + i);
      first += params.length;
      return { ...options, params: places } as unknown as O & { readonly params: readonly number[] };
    });
    return { state, paramGroups };
  }

  /** Goes on from a state. Groups and sizes must be those of the optimizer it was taken from. */
  loadStateDict({ state, paramGroups }: OptimizerState<O>): void {
    const counts = (groups: readonly { readonly params: readonly unknown[] }[]): number[] =>
      groups.map((g) => g.params.length);
    const [have, stored] = [counts(this.paramGroups), counts(paramGroups)];
    if (show(have) !== show(stored)) {
      throw new ArgumentError(`loadStateDict: groups of ${show(stored)} parameters for an optimizer of ${show(have)}.`);
    }
    const slots = this.#slots.flat();
    const values = this.#names.map((name) => {
      const all = new Float32Array(this.#size);
      slots.forEach(({ p, offset }, i) => {
        const entry = state[i];
        if (entry === undefined) return;
        const part = entry.values[name];
        if (part?.length !== p.size) {
          throw new ArgumentError(
            `loadStateDict: ${name} of parameter ${i}, ${p.describe()}, has ${part?.length ?? 'no'} values, expected ${p.size}.`,
          );
        }
        all.set(part, offset);
      });
      return all;
    });
    slots.forEach((slot, i) => {
      slot.step = state[i]?.step ?? 0;
    });
    this.paramGroups.forEach((group, i) => {
      const { params: _, ...options } = paramGroups[i]!;
      Object.assign(group, options);
    });
    this.#state().forEach((mean, k) => {
      mean.copyFrom(values[k]!);
    });
  }

  /** Bytes of the running means on the device. */
  get stateBytes(): number {
    return this.#means === null ? 0 : this.#means.length * storageBytes('float32', this.#size);
  }

  /** Gives the memory of the running means back. */
  dispose(): void {
    for (const t of this.#means ?? []) t.dispose();
    this.#one?.dispose();
    this.#means = null;
    this.#one = null;
    for (const slot of this.#slots.flat()) slot.step = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The running means, made at the first step. */
  #state(): readonly Tensor[] {
    const { device } = this.paramGroups.flatMap((g) => g.params)[0]!;
    const make = (n: number, value: number): Tensor => unscoped(() => noGrad(() => fill([n], value, { device })));
    this.#one ??= make(1, 1);
    this.#means ??= this.#names.map(() => make(this.#size, 0));
    return this.#means;
  }
}

/** Throws unless `value` lies in [low, high]; for the settings of optimizers. */
export function checkSetting(
  optimizer: string,
  name: string,
  value: number,
  low: number,
  high = Number.POSITIVE_INFINITY,
): void {
  if (value >= low && value <= high) return;
  const range = high === Number.POSITIVE_INFINITY ? `at least ${low}` : `a number from ${low} to ${high}`;
  throw new ArgumentError(`${optimizer}: ${name} is ${value}, expected ${range}.`);
}

/** Throws an ArgumentError for options that are no object, or hold a name the optimizer does not know. */
function checkOptions(name: string, known: object, options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    const hint = typeof options === 'number' ? `{ lr: ${options} }` : '{ lr: 0.001 }';
    throw new ArgumentError(`${name}: the options are ${given(options)}, expected an object such as ${hint}.`);
  }
  for (const key of Object.keys(options)) {
    if (key in known) continue;
    throw new ArgumentError(`${name}: no option is called ${key}. Expected ${Object.keys(known).join(', ')}.`);
  }
}
