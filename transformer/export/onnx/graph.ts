import { ArgumentError, type StateDict } from '../../../engine/index.ts';
import type { Attribute, ElementType, Initializer, OnnxGraph, OnnxNode, ValueInfo } from './proto.ts';

/** A value of the graph: its name. */
export type Value = string;

/** How a weight goes from the checkpoint into the graph. */
export interface WeightOptions {
  /** Of a matrix [out, in]: only these rows, all by default. */
  readonly rows?: { readonly from: number; readonly count: number; readonly name: string };
  /** [out, in] becomes [in, out], as MatMul wants it. */
  readonly transposed?: boolean;
}

/**
 * Builds a graph node by node. Names follow the model's modules (`decoder.layers.0.self_attn.scores`), so that a viewer
 * shows them; a value is called as the node that makes it. Constants and weights of one name are stored once.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #doc: string;
  readonly #state: StateDict;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #taken = new Set<string>();
  /** What values are called in the end, where that is not the name of their node. */
  readonly #aliases = new Map<Value, string>();
  #path: readonly string[] = [];

  /** `state` has the model's weights by their PyTorch names. */
  constructor(name: string, doc: string, state: StateDict) {
    this.#name = name;
    this.#doc = doc;
    this.#state = state;
  }

  /** Where in the model the next node belongs: `decoder.layers.0.self_attn`. */
  get path(): string {
    return this.#path.join('.');
  }

  /** Nodes made in `body` are named below `part`. */
  within<T>(part: string, body: () => T): T {
    const before = this.#path;
    this.#path = [...before, part];
    try {
      return body();
    } finally {
      this.#path = before;
    }
  }

  input(name: string, type: ElementType, shape: readonly (number | string)[], doc: string): Value {
    this.#taken.add(name);
    this.#inputs.push({ name, type, shape, doc });
    return name;
  }

  /** Gives a value of the graph to whoever runs it, under `name`. */
  output(name: string, value: Value, shape: readonly (number | string)[], doc: string): void {
    this.#taken.add(name);
    this.#aliases.set(value, name);
    this.#outputs.push({ name, type: 'float32', shape, doc });
  }

  /** A node with one output. `label` names it below the open path. */
  node(
    op: string,
    label: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
    doc?: string,
  ): Value {
    return this.nodes(op, label, inputs, [''], attributes, doc)[0]!;
  }

  /** A node with several outputs, each called `LABEL.SUFFIX`. */
  nodes(
    op: string,
    label: string,
    inputs: readonly Value[],
    suffixes: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    doc?: string,
  ): Value[] {
    const name = this.#free([...this.#path, label].join('.'));
    const outputs = suffixes.map((suffix) => (suffix === '' ? name : this.#free(`${name}.${suffix}`)));
    this.#nodes.push({ op, name, inputs, outputs, attributes, ...(doc !== undefined && { doc }) });
    return outputs;
  }

  /** A weight of the checkpoint. */
  weight(name: string, { rows, transposed = false }: WeightOptions = {}): Value {
    const stored = this.#state[name];
    if (stored === undefined) throw new ArgumentError(`ONNX: the checkpoint has no ${name}.`);
    const [height = 0, width = 1] = stored.shape;
    const { from, count } = rows ?? { from: 0, count: height };
    const shape = stored.shape.length === 1 ? [count] : [count, width];
    const cut = (): Float32Array => (stored.data as Float32Array).subarray(from * width, (from + count) * width);
    return this.#initializer({
      name: [name, ...(rows ? [rows.name] : []), ...(transposed ? ['T'] : [])].join('.'),
      type: 'float32',
      shape: transposed ? shape.reverse() : shape,
      byteLength: count * width * 4,
      values: transposed ? () => transpose(cut(), count, width) : cut,
    });
  }

  /** A constant list of numbers, stored as `name`. */
  floats(name: string, data: Float32Array): Value {
    const { length, byteLength } = data;
    return this.#initializer({ name, type: 'float32', shape: [length], byteLength, values: () => data });
  }

  float(value: number): Value {
    const data = Float32Array.of(value);
    return this.#initializer({ name: `float ${value}`, type: 'float32', shape: [], byteLength: 4, values: () => data });
  }

  integers(values: readonly number[]): Value {
    const data = BigInt64Array.from(values, BigInt);
    const [name, shape] = [`integers [${values.join(', ')}]`, [values.length]];
    return this.#initializer({ name, type: 'int64', shape, byteLength: data.byteLength, values: () => data });
  }

  integer(value: number): Value {
    const data = BigInt64Array.of(BigInt(value));
    return this.#initializer({ name: `integer ${value}`, type: 'int64', shape: [], byteLength: 8, values: () => data });
  }

  finish(): OnnxGraph {
    const called = (value: Value): string => this.#aliases.get(value) ?? value;
    return {
      name: this.#name,
      doc: this.#doc,
      nodes: this.#nodes.map((node) => {
        return { ...node, inputs: node.inputs.map(called), outputs: node.outputs.map(called) };
      }),
      initializers: [...this.#initializers.values()],
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }

  #initializer(initializer: Initializer): Value {
    const { name } = initializer;
    if (this.#taken.has(name)) throw new ArgumentError(`ONNX: a constant is called ${name}, as a value is.`);
    if (!this.#initializers.has(name)) this.#initializers.set(name, initializer);
    return name;
  }

  /** `name`, with a number where that is taken. */
  #free(name: string): string {
    let free = name;
    for (let n = 2; this.#taken.has(free) || this.#initializers.has(free); n++) free = `${name}_${n}`;
    this.#taken.add(free);
    return free;
  }
}

/** [rows, columns] → [columns, rows] */
function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  }
  return out;
}
