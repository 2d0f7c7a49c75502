import type { TransformerConfig } from '../../model/transformer.ts';
import type { GraphBuilder, Value, WeightOptions } from './graph.ts';

/** The graph, and the shape of the model that it becomes. */
export interface Build {
  readonly g: GraphBuilder;
  readonly config: Required<TransformerConfig>;
}

/** The checkpoint's name of a weight below the open path. */
export const weightName = (g: GraphBuilder, name: string): string => `transformer.${g.path}.${name}`;

/** x·Wᵀ + b: [..., in] → [..., out], with the weights of these names; `rows` takes a part of the outputs. */
export function product(
  g: GraphBuilder,
  label: string,
  x: Value,
  [weight, bias]: readonly [string, string],
  rows?: WeightOptions['rows'],
): Value {
  const part = rows ? { rows } : {};
  const y = g.node('MatMul', `${label}.matmul`, [x, g.weight(weight, { ...part, transposed: true })]);
  return g.node('Add', label, [y, g.weight(bias, part)]);
}

/** The module Linear that is called `name` below the open path. */
export const linear = (g: GraphBuilder, name: string, x: Value): Value =>
  product(g, name, x, [weightName(g, `${name}.weight`), weightName(g, `${name}.bias`)]);

/** Added to variances and mean squares. */
const EPSILON = 1e-5;

/**
 * The norm `name` below the open path, over the last dimension: LayerNorm (x − mean)/√(var + eps)·weight + bias, or
 * RMSNorm x/√(mean x² + eps)·weight, of which opset 17 has none.
 */
export function norm({ g, config }: Build, name: string, x: Value): Value {
  const weight = g.weight(weightName(g, `${name}.weight`));
  if (config.norm === 'layer') {
    const inputs = [x, weight, g.weight(weightName(g, `${name}.bias`))];
    return g.node('LayerNormalization', name, inputs, { axis: -1, epsilon: { float: EPSILON } });
  }
  const squares = g.node('Pow', `${name}.squares`, [x, g.float(2)]);
  const mean = g.node('ReduceMean', `${name}.mean`, [squares], { axes: [-1], keepdims: 1 });
  const root = g.node('Sqrt', `${name}.root`, [g.node('Add', `${name}.shifted`, [mean, g.float(EPSILON)])]);
  const normalised = g.node('Div', `${name}.normalised`, [x, root]);
  return g.node('Mul', name, [normalised, weight], {}, 'RMSNorm: x/√(mean x² + eps)·weight');
}

/** FFN(x) = act(x·W₁ + b₁)·W₂ + b₂ (Vaswani et al. 2017, eq. 2), SwiGLU as in Layer of layers.ts. */
export function feedForward({ g, config }: Build, x: Value): Value {
  const y = linear(g, 'linear1', x);
  if (config.activation === 'swiglu') {
    const gate = linear(g, 'linear_gate', x);
    const silu = g.node('Mul', 'silu', [gate, g.node('Sigmoid', 'silu.sigmoid', [gate])]);
    const gated = g.node('Mul', 'swiglu', [silu, y], {}, 'SwiGLU: silu(gate)·value');
    return linear(g, 'linear2', gated);
  }
  return linear(g, 'linear2', config.activation === 'relu' ? g.node('Relu', 'relu', [y]) : gelu(g, y));
}

/** x·(1 + erf(x/√2))/2; opset 17 has no Gelu. */
function gelu(g: GraphBuilder, x: Value): Value {
  const erf = g.node('Erf', 'gelu.erf', [g.node('Div', 'gelu.scaled', [x, g.float(Math.SQRT2)])]);
  const both = g.node('Mul', 'gelu.both', [x, g.node('Add', 'gelu.shifted', [erf, g.float(1)])]);
  return g.node('Mul', 'gelu', [both, g.float(0.5)], {}, 'GELU: x·(1 + erf(x/√2))/2');
}

/** post-norm: norm(x + part(x)); pre-norm: x + part(norm(x)). */
export function residual(build: Build, normName: string, x: Value, part: (x: Value) => Value): Value {
  const { g, config } = build;
  const label = `${normName}.residual`;
  if (config.normFirst) return g.node('Add', label, [x, part(norm(build, normName, x))], {}, 'x + part(norm(x))');
  return norm(build, normName, g.node('Add', label, [x, part(x)], {}, 'x + part(x)'));
}

/** The layers of a stack, one on the other, and its last norm. */
export const stack = (build: Build, name: string, x: Value, layer: (x: Value, i: number) => Value): Value =>
  build.g.within(name, () => {
    let y = x;
    for (let i = 0; i < build.config.layers; i++) y = build.g.within(`layers.${i}`, () => layer(y, i));
    return norm(build, 'norm', y);
  });
