import { ShapeError, show } from './errors.ts';
import { unscoped } from './memory.ts';
import type { TapeNode, Tensor } from './tensor.ts';

/** An input of a recorded operation. */
export interface TraceInput {
  readonly name: string;
  readonly tensor: Tensor;
  /** Index of the record that made it; null for what came from outside the trace. */
  readonly from: number | null;
  /** PyTorch's name of the parameter that this is; null for anything else, and where the trace was given no model. */
  readonly parameter: string | null;
}

/** One operation of a recorded run. The tensors live as long as the trace; read them with `await record.output.data()`. */
export interface TraceRecord {
  readonly index: number;
  /**
   * Modules and composed operations around it, then its own name: `decoder.layers.1.crossAttention.softmax`. An operation
   * of the backward pass has the path of the forward operation whose gradient it computes.
   */
  readonly path: string;
  readonly phase: TracePhase;
  /** Of the backward pass: index of the forward record whose gradient this computes; null where none was recorded. */
  readonly of: number | null;
  readonly op: string;
  /** The formula of the operation, as its definition states it. */
  readonly formula: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly TraceInput[];
  readonly output: Tensor;
  /** d loss / d output, once backward() has passed. */
  grad: Tensor | null;
  /** The kernels that ran; empty for a view. */
  readonly kernels: readonly string[];
  /** Milliseconds the kernels took; null where the device cannot tell. Resolves when the device is done. */
  readonly time: Promise<number | null>;
}

/**
 * One step of an optimizer, as far as it concerns one parameter: all that is needed to compute it again by hand. Tensors
 * have the parameter's shape, and are copies: later steps do not change them.
 */
export interface TraceUpdate {
  readonly parameter: Tensor;
  /** PyTorch's name; null where the trace was given no model. */
  readonly name: string | null;
  /** `Adam`, `SGD`, … */
  readonly optimizer: string;
  /** Of this parameter, from 1. */
  readonly step: number;
  /** Of its group: learning rate, betas, … */
  readonly settings: Readonly<Record<string, unknown>>;
  /** d loss / d parameter, as backward() left it. */
  readonly gradient: Tensor;
  /** The gradient times `gradScale`, which clipping and loss scaling give: what the update is made of. */
  readonly clipped: Tensor;
  /** Running means after the step by name; Adam: `expAvg` (m) and `expAvgSq` (v). */
  readonly state: Readonly<Record<string, Tensor>>;
  /** Those means corrected for their start at 0; Adam: m/(1 − β1ᵗ), v/(1 − β2ᵗ). Empty where nothing is corrected. */
  readonly corrected: Readonly<Record<string, Tensor>>;
  readonly before: Tensor;
  readonly after: Tensor;
}

export type TracePhase = 'forward' | 'backward';

/** Which operations to take apart: all that can be, none, or those named. */
export type Decompose = boolean | readonly string[];

export interface TraceOptions {
  /**
   * Run fused operations in their composed form, so that every step of the formula is a record of its own, followed by
   * one for the whole. `true` takes all apart, down to softmax; a list takes apart those it names. Default: none.
   */
  readonly decompose?: Decompose;
  /**
   * Compute gradients by the formula in operations where a fused backward kernel would do it in one: softmax then shows
   * dP∘P, its row sums, and P∘(dP − sum). Names are those of forward operations. Default: none.
   */
  readonly decomposeBackward?: Decompose;
  /** The module whose parameters are known by name in `inputs`. */
  readonly model?: { namedParameters(): Iterable<readonly [string, Tensor]> };
  /**
   * Record kernels that change memory in place as well: the collecting of gradients, optimizers. What their operands show
   * is what lies there when it is read. Default: false.
   */
  readonly inPlace?: boolean;
  /** Parameters whose steps by an optimizer are recorded in `updates`. Default: none. */
  readonly updates?: readonly Tensor[];
}

/** What op.ts reports of an operation. */
export type TraceEvent = Pick<TraceRecord, 'op' | 'formula' | 'attrs' | 'kernels' | 'time'> & {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly output: Tensor;
};

const active: Trace[] = [];
const path: string[] = [];
/** The entry of the tape whose gradient is being computed; null in a forward pass. */
let differentiated: TapeNode | null = null;

const names = (which: Decompose | undefined, op: string): boolean =>
  typeof which === 'object' ? which.includes(op) : (which ?? false);

/** @internal True when some trace wants the operation of this name taken apart. */
export const decomposing = (op: string): boolean => active.some(({ options }) => names(options.decompose, op));

/** @internal The same for its gradient. */
export const decomposingBackward = (op: string): boolean =>
  active.some(({ options }) => names(options.decomposeBackward, op));

/** @internal True when operations must say where they are: a trace listens, or an intervention waits for one of them. */
export const tracing = (): boolean => active.length > 0 || interventions.length > 0;

/** @internal True when some trace wants kernels that work in place. */
export const tracingInPlace = (): boolean => active.some(({ options }) => options.inPlace);

/** Runs `body` under a name: everything traced inside has it in its path. Modules do this by themselves. */
export function named<T>(name: string, body: () => T): T {
  if (!tracing() || name === '') return body();
  path.push(name);
  try {
    return body();
  } finally {
    path.pop();
  }
}

/** @internal Runs `body` unseen by all traces: what only looks is no part of the run. */
export function untraced<T>(body: () => T): T {
  const [listening, waiting] = [active.splice(0), interventions.splice(0)];
  try {
    return body();
  } finally {
    active.unshift(...listening);
    interventions.unshift(...waiting);
  }
}

/** What to make of the output of an operation: another tensor of its shape and dtype. */
export type Edit = (output: Tensor) => Tensor;

const interventions: Intervention[] = [];

/** A change of a run while it goes on; see {@link intervene}. */
export class Intervention implements Disposable {
  readonly #edits: ReadonlyMap<string, Edit>;
  /** How often each edit was made: 0 for a path that no operation had. */
  readonly counts = new Map<string, number>();

  constructor(edits: Readonly<Record<string, Edit>>) {
    this.#edits = new Map(Object.entries(edits));
    for (const at of this.#edits.keys()) this.counts.set(at, 0);
    interventions.push(this);
  }

  /** @internal */
  edit(place: string, output: Tensor): Tensor {
    let edited = output;
    for (const [at, change] of this.#edits) {
      if (place !== at && !place.endsWith(`.${at}`)) continue;
      const changed = change(edited);
      if (show(changed.shape) !== show(output.shape) || changed.dtype !== output.dtype) {
        throw new ShapeError(
          `intervene: ${at} became ${changed.describe()}, expected ${output.describe()}. Keep shape and dtype.`,
        );
      }
      edited = changed;
      this.counts.set(at, this.counts.get(at)! + 1);
    }
    return edited;
  }

  dispose(): void {
    const at = interventions.indexOf(this);
    if (at >= 0) interventions.splice(at, 1);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Changes a run while it goes on: the output of every operation of the forward pass whose path is one of these, or ends
 * with it, is put through the function beside it, and everything after is computed from what it returns. Written in tensor
 * operations, the change is differentiated like all others. It lasts until `dispose()`:
 *
 * ```ts
 * // without the second head of one attention: softmax's output is [batch, heads, L, S]
 * const off = intervene({ 'encoder.layers.0.selfAttention.scaledDotProductAttention.softmax': (p) => p.mul(keep) });
 * const scores = model.forward(source, target);
 * off.dispose();
 * ```
 *
 * What lies inside a fused operation has a path of its own only where a trace takes it apart (`decompose`). `counts` says
 * how often each was found.
 */
export const intervene = (edits: Readonly<Record<string, Edit>>): Intervention => new Intervention(edits);

/** @internal What interventions make of the output of the operation `op`; the output itself where there are none. */
export function intervened(op: string, output: Tensor): Tensor {
  if (interventions.length === 0 || differentiated !== null) return output;
  const place = [...path, op].join('.');
  const waiting = interventions.splice(0);
  path.push(op, 'edit');
  try {
    return waiting.reduce((edited, intervention) => intervention.edit(place, edited), output);
  } finally {
    path.splice(-2);
    interventions.unshift(...waiting);
  }
}

/** @internal Runs part of a gradient rule: what is traced inside belongs to the backward pass of `node`. */
export function tracedBackward<T>(node: TapeNode, body: () => T): T {
  if (!tracing()) return body();
  const before = differentiated;
  differentiated = node;
  try {
    return body();
  } finally {
    differentiated = before;
  }
}

/** An entry of the tape that tells the gradient of its output, when it is complete. */
interface Watchable extends TapeNode {
  onGrad: ((dy: Tensor) => void) | null;
}

/** @internal */
export function report(event: TraceEvent, node: Watchable | null, inPlace = false): void {
  const whole = [...path, event.op].join('.');
  if (node !== null) node.path ??= whole;
  for (const t of active) if (!inPlace || t.options.inPlace) t.record(event, node, whole, inPlace);
}

/** @internal The open traces that record what an optimizer does to this parameter. */
export const watching = (parameter: Tensor): Trace[] =>
  active.filter(({ options }) => options.updates?.includes(parameter));

/**
 * Records every operation run while it is open, in order, forward and backward, and the gradients that backward() brings
 * to their outputs:
 *
 * ```ts
 * const t = trace({ decompose: true });
 * model.forward(source, target).sum().backward();
 * for (const r of t.records) console.log(r.phase, r.path, r.op, r.output.shape, await r.output.data());
 * t.dispose();
 * ```
 */
export class Trace implements Disposable {
  readonly records: TraceRecord[] = [];
  readonly updates: TraceUpdate[] = [];
  readonly options: TraceOptions;
  readonly #made = new WeakMap<object, number>();
  readonly #byNode = new WeakMap<TapeNode, number>();
  /** PyTorch's names of the model's parameters, and of the entries that collect their gradients. */
  readonly #parameters = new Map<Tensor | TapeNode, string>();
  /** Of the storages that records show: how often they had been changed in place by then; null for what changes them. */
  readonly #versions: (WeakMap<object, number> | null)[] = [];
  #open = true;

  constructor(options: TraceOptions) {
    this.options = options;
    for (const [name, p] of options.model?.namedParameters() ?? []) {
      this.#parameters.set(p, name);
      if (p.node !== null) this.#parameters.set(p.node, name);
    }
    active.push(this);
  }

  /** @internal */
  record({ inputs, output, ...event }: TraceEvent, node: Watchable | null, place: string, inPlace: boolean): void {
    const index = this.records.length;
    const keep = (t: Tensor): Tensor => unscoped(() => t.detach());
    const record: TraceRecord = {
      ...event,
      index,
      ...this.#place(place),
      inputs: Object.entries(inputs).map(([name, t]) => ({
        name,
        tensor: keep(t),
        from: this.#made.get(t.storage) ?? null,
        parameter: this.#nameOf(t),
      })),
      output: keep(output),
      grad: null,
    };
    this.#made.set(output.storage, index);
    this.#versions.push(
      inPlace ? null : new WeakMap([...Object.values(inputs), output].map(({ storage }) => [storage, storage.version])),
    );
    if (node !== null) {
      // a composed operation is recorded behind its parts, the last of which owns the entry of the tape
      if (!this.#byNode.has(node)) this.#byNode.set(node, index);
      const before = node.onGrad;
      node.onGrad = (dy) => {
        before?.(dy);
        if (!this.#open) return;
        record.grad?.dispose();
        record.grad = keep(dy);
      };
    }
    this.records.push(record);
  }

  /** @internal Takes over the tensors but `parameter`. */
  recordUpdate(update: Omit<TraceUpdate, 'name'>): void {
    this.updates.push({ ...update, name: this.#nameOf(update.parameter) });
  }

  /** The name of a parameter, or of another handle on it. */
  #nameOf(t: Tensor): string | null {
    return this.#parameters.get(t) ?? (t.node === null ? null : (this.#parameters.get(t.node) ?? null));
  }

  #place(forward: string): Pick<TraceRecord, 'path' | 'phase' | 'of'> {
    if (differentiated === null) return { path: forward, phase: 'forward', of: null };
    const of = this.#byNode.get(differentiated) ?? null;
    const path = differentiated.path ?? this.#parameters.get(differentiated) ?? differentiated.name;
    return { path, phase: 'backward', of };
  }

  /**
   * The records of one pass whose path matches, in order: a string must be the whole path or its end.
   * Default: of the forward pass.
   */
  find(pattern: string | RegExp, phase: TracePhase = 'forward'): TraceRecord[] {
    const matches = (p: string): boolean =>
      typeof pattern === 'string' ? p === pattern || p.endsWith(`.${pattern}`) : pattern.test(p);
    return this.records.filter((r) => r.phase === phase && matches(r.path));
  }

  /** The operations that computed the gradient of a forward record's inputs, in order. */
  backwardOf({ index }: Pick<TraceRecord, 'index'>): TraceRecord[] {
    return this.records.filter(({ of }) => of === index);
  }

  /** True when a tensor of record `index` was changed in place after it was recorded. */
  changedSince(index: number, { storage }: Tensor): boolean {
    const versions = this.#versions[index];
    return versions !== null && versions?.get(storage) !== storage.version;
  }

  /** Stops recording; what was recorded stays readable until dispose(). Gradients still come. */
  stop(): void {
    const at = active.indexOf(this);
    if (at >= 0) active.splice(at, 1);
  }

  dispose(): void {
    this.stop();
    this.#open = false;
    for (const { inputs, output, grad } of this.records) {
      for (const { tensor } of inputs) tensor.dispose();
      output.dispose();
      grad?.dispose();
    }
    for (const { gradient, clipped, state, corrected, before, after } of this.updates) {
      for (const t of [gradient, clipped, before, after]) t.dispose();
      for (const t of [...Object.values(state), ...Object.values(corrected)]) t.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Opens a trace; see {@link Trace}. It records until `stop()` or `dispose()`. */
export const trace = (options: TraceOptions = {}): Trace => new Trace(options);
