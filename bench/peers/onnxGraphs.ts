import { encodeModel, type OnnxNode } from '../../transformer/export/onnx/proto.ts';
import type { OpCase } from '../suite/case.ts';
import type { Values } from '../suite/inputs.ts';

type Attributes = OnnxNode['attributes'];
type ElementType = 'float32' | 'int64';

/** A graph in the making: nodes are named by their number, values by their node. */
class Sheet {
  readonly nodes: OnnxNode[] = [];
  readonly #initializers: Parameters<typeof encodeModel>[0]['graph']['initializers'][number][] = [];

  node(op: string, inputs: readonly string[], attributes: Attributes = {}, outputs = 1): string {
    const name = `${op}${this.nodes.length}`;
    const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}.${i}`));
    this.nodes.push({ op, name, inputs, outputs: names, attributes });
    return name;
  }

  constant(name: string, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    const type = data instanceof Float32Array ? 'float32' : 'int64';
    this.#initializers.push({ name, type, shape, byteLength: data.byteLength, values: () => data });
    return name;
  }

  number(value: number): string {
    return this.constant(`number${this.#initializers.length}`, [], Float32Array.of(value));
  }

  integers(values: readonly number[]): string {
    return this.constant(`integers${this.#initializers.length}`, [values.length], BigInt64Array.from(values, BigInt));
  }

  encode(
    inputs: Readonly<Record<string, { shape: readonly number[]; type: ElementType }>>,
    output: string,
    shape: readonly number[],
  ): Uint8Array {
    const graph = {
      ...{ name: 'bench', doc: '', nodes: [...this.nodes, node('Identity', [output], 'output')] },
      initializers: this.#initializers,
      inputs: Object.entries(inputs).map(([name, { shape: s, type }]) => ({ name, type, shape: s, doc: '' })),
      outputs: [{ name: 'output', type: 'float32' as const, shape, doc: '' }],
    };
    const model = encodeModel({ graph, producerVersion: '0', metadata: {} });
    const bytes = new Uint8Array(model.byteLength);
    let at = 0;
    for (const part of model) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

const node = (op: string, inputs: readonly string[], output: string): OnnxNode => ({
  ...{ op, name: output, inputs, outputs: [output], attributes: {} },
});

type Build = (
  g: Sheet,
  x: Readonly<Record<string, string>>,
  attrs: Readonly<Record<string, unknown>>,
  c: OpCase,
) => string;

const axis = (dim: unknown): { axis: number } => ({ axis: dim as number });
const reduced = (op: string, g: Sheet, x: string, dim: unknown): string =>
  g.node(op, [x], { keepdims: 0, ...(dim !== undefined && { axes: [dim as number] }) });

/** heddle's operations in those of ONNX, opset 17. Operands that a model would hold as weights are constants: see CONSTANT. */
const BUILD: Readonly<Record<string, Build>> = {
  matmul(g, { a, b }, { transposeA, transposeB }, c) {
    const flat = c.inputs['a']!.shape.length === 2;
    if (flat && (transposeA === true || transposeB === true)) {
      return g.node('Gemm', [a!, b!], { transA: transposeA === true ? 1 : 0, transB: transposeB === true ? 1 : 0 });
    }
    return g.node('MatMul', [a!, b!]);
  },
  linear: (g, { x, weight, bias }) => g.node('Gemm', [x!, weight!, bias!], { transB: 1 }),
  add: (g, { x, y }) => g.node('Add', [x!, y!]),
  addScalar: (g, { x }, { value = 0 }) => g.node('Add', [x!, g.number(value as number)]),
  mul: (g, { x, y }) => g.node('Mul', [x!, y!]),
  mulScalar: (g, { x }, { value = 0 }) => g.node('Mul', [x!, g.number(value as number)]),
  exp: (g, { x }) => g.node('Exp', [x!]),
  tanh: (g, { x }) => g.node('Tanh', [x!]),
  relu: (g, { x }) => g.node('Relu', [x!]),
  silu: (g, { x }) => g.node('Mul', [x!, g.node('Sigmoid', [x!])]),
  // the form that its optimizer makes one kernel of
  gelu: (g, { x }) => {
    const erf = g.node('Erf', [g.node('Div', [x!, g.number(Math.SQRT2)])]);
    return g.node('Mul', [g.node('Mul', [x!, g.node('Add', [erf, g.number(1)])]), g.number(0.5)]);
  },
  sum: (g, { x }, { dim }) =>
    g.node('ReduceSum', [x!, ...(dim === undefined ? [] : [g.integers([dim as number])])], { keepdims: 0 }),
  mean: (g, { x }, { dim }) => reduced('ReduceMean', g, x!, dim),
  amax: (g, { x }, { dim }) => reduced('ReduceMax', g, x!, dim),
  amin: (g, { x }, { dim }) => reduced('ReduceMin', g, x!, dim),
  logsumexp: (g, { x }, { dim }) => reduced('ReduceLogSumExp', g, x!, dim),
  softmax: (g, { x }) => g.node('Softmax', [x!], axis(-1)),
  logSoftmax: (g, { x }) => g.node('LogSoftmax', [x!], axis(-1)),
  cumsum: (g, { x }, { dim }) => g.node('CumSum', [x!, g.integers([dim as number])]),
  cat: (g, { x0, x1 }, { dim }) => g.node('Concat', [x0!, x1!], axis(dim)),
  embedding: (g, { indices, weight }) => g.node('Gather', [weight!, indices!], axis(0)),
  indexSelect: (g, { x, index }, { dim = 0 }) => g.node('Gather', [x!, index!], axis(dim)),
  gather: (g, { x, index }, { dim }) => g.node('GatherElements', [x!, index!], axis(dim)),
  tril: (g, { x }) => g.node('Trilu', [x!], { upper: 0 }),
  triu: (g, { x }) => g.node('Trilu', [x!], { upper: 1 }),
  topk: (g, { x }, { k }) => g.node('TopK', [x!, g.integers([k as number])], axis(-1), 2),
  layerNorm: (g, { x, weight, bias }) =>
    g.node('LayerNormalization', [x!, weight!, bias!], { axis: -1, epsilon: { float: 1e-5 } }),
  scaledDotProductAttention(g, { q, k, v }, { isCausal, scale }, c) {
    if (isCausal === true) return '';
    const rank = c.inputs['k']!.shape.length;
    const order = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
    const raw = g.node('MatMul', [q!, g.node('Transpose', [k!], { perm: order })]);
    return g.node('MatMul', [g.node('Softmax', [g.node('Mul', [raw, g.number(scale as number)])], axis(-1)), v!]);
  },
};

/** A model holds these: they are copied in and packed once. */
const CONSTANT: Readonly<Record<string, readonly string[]>> = {
  matmul: ['b'],
  linear: ['weight', 'bias'],
  layerNorm: ['weight', 'bias'],
  embedding: ['weight'],
};

export interface OpModel {
  readonly bytes: Uint8Array;
  /** Inputs that are handed over with each run. */
  readonly inputs: readonly string[];
}

/** The case as a model, or null where ONNX or this table has no way to say it. */
export function opModel(
  c: OpCase,
  drawn: Readonly<Record<string, Values>>,
  outputShape: readonly number[],
): OpModel | null {
  const build = BUILD[c.op];
  if (build === undefined || c.gradient !== undefined) return null;
  if (Object.values(c.inputs).some(({ dtype }) => dtype === 'bool' || dtype === 'float16')) return null;
  const g = new Sheet();
  const constants = CONSTANT[c.op] ?? [];
  const inputs: Record<string, { shape: readonly number[]; type: ElementType }> = {};
  for (const [name, { shape, dtype }] of Object.entries(c.inputs)) {
    if (constants.includes(name)) g.constant(name, shape, drawn[name] as Float32Array);
    else inputs[name] = { shape, type: dtype === 'int32' ? 'int64' : 'float32' };
  }
  const output = build(g, Object.fromEntries(Object.keys(c.inputs).map((name) => [name, name])), c.attrs, c);
  return output === '' ? null : { bytes: g.encode(inputs, output, outputShape), inputs: Object.keys(inputs) };
}

/** One node on [4] or [2, 2]. */
export function overheadModel(op: 'add' | 'matmul' | 'softmax'): OpModel {
  const g = new Sheet();
  const shape = op === 'matmul' ? [2, 2] : [4];
  const input = { shape, type: 'float32' as const };
  const x = {
    add: () => g.node('Add', ['x', 'y']),
    matmul: () => g.node('MatMul', ['x', 'y']),
    softmax: () => g.node('Softmax', ['x'], axis(-1)),
  };
  const inputs = op === 'softmax' ? { x: input } : { x: input, y: input };
  return { bytes: g.encode(inputs, x[op](), shape), inputs: Object.keys(inputs) };
}
