import type { Node } from './autograd.ts';
import { unscoped } from './memory.ts';
import type { Tensor } from './tensor.ts';

/** One operation of a recorded run. The tensors live as long as the trace; read them with `await record.output.data()`. */
export interface TraceRecord {
  readonly index: number;
  /** Modules and composed operations around it, then its own name: `decoder.layers.1.crossAttention.softmax`. */
  readonly path: string;
  readonly op: string;
  /** The formula of the operation, as its definition states it. */
  readonly formula: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly { readonly name: string; readonly tensor: Tensor; readonly from: number | null }[];
  readonly output: Tensor;
  /** d loss / d output, once backward() has passed. */
  grad: Tensor | null;
  /** The kernels that ran; empty for a view. */
  readonly kernels: readonly string[];
  /** Milliseconds the kernels took; null where the device cannot tell. Resolves when the device is done. */
  readonly time: Promise<number | null>;
}

export interface TraceOptions {
  /**
   * Run fused operations in their composed form, so that every step of the formula is a record of its own, followed by
   * one for the whole. `true` takes all apart, down to softmax; a list takes apart those it names.
   */
  readonly decompose?: boolean | readonly string[];
}

/** What op.ts reports of an operation. */
export type TraceEvent = Omit<TraceRecord, 'index' | 'path' | 'grad' | 'inputs' | 'output'> & {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly output: Tensor;
};

const active: Trace[] = [];
const path: string[] = [];

/** @internal True when some trace wants the operation of this name taken apart. */
export const decomposing = (op: string): boolean =>
  active.some(({ options: { decompose = false } }) =>
    typeof decompose === 'boolean' ? decompose : decompose.includes(op),
  );

/** @internal True when some trace is listening. */
export const tracing = (): boolean => active.length > 0;

/** Runs `body` under a name: everything traced inside has it in its path. Modules do this by themselves. */
export function named<T>(name: string, body: () => T): T {
  if (active.length === 0 || name === '') return body();
  path.push(name);
  try {
    return body();
  } finally {
    path.pop();
  }
}

/** @internal */
export function report(event: TraceEvent, node: Node | null): void {
  for (const t of active) t.record(event, node);
}

/**
 * Records every operation run while it is open, in order, and the gradients that backward() brings to their outputs:
 *
 * ```ts
 * using t = trace({ decompose: true });
 * model.forward(source, target).sum().backward();
 * for (const r of t.records) console.log(r.path, r.output.shape, await r.output.data());
 * ```
 */
export class Trace implements Disposable {
  readonly records: TraceRecord[] = [];
  readonly options: TraceOptions;
  #made = new WeakMap<object, number>();
  #open = true;

  constructor(options: TraceOptions) {
    this.options = options;
    active.push(this);
  }

  /** @internal */
  record({ inputs, output, ...event }: TraceEvent, node: Node | null): void {
    const index = this.records.length;
    const keep = (t: Tensor): Tensor => unscoped(() => t.detach());
    const record: TraceRecord = {
      ...event,
      index,
      path: [...path, event.op].join('.'),
      inputs: Object.entries(inputs).map(([name, t]) => ({
        name,
        tensor: keep(t),
        from: this.#made.get(t.storage) ?? null,
      })),
      output: keep(output),
      grad: null,
    };
    this.#made.set(output.storage, index);
    if (node !== null) {
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

  /** The records whose path matches, in order: a string must be the whole path or its end. */
  find(pattern: string | RegExp): TraceRecord[] {
    const matches = (p: string): boolean =>
      typeof pattern === 'string' ? p === pattern || p.endsWith(`.${pattern}`) : pattern.test(p);
    return this.records.filter((r) => matches(r.path));
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
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Opens a trace; see {@link Trace}. It lives as long as its block. */
export const trace = (options: TraceOptions = {}): Trace => new Trace(options);
