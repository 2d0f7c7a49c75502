import { defineOp, type Meta } from '../op.ts';
import { build } from '../reference.ts';
import type { Tensor } from '../tensor.ts';
import { add, mul, sub } from './binary.ts';
import {
  average,
  checkNorm,
  normBackwardOnWasm,
  normBackwardOnWebGPU,
  normOnWasm,
  normOnWebGPU,
  normParametersOnWasm,
  normParametersOnWebGPU,
  overRows,
  rowsOf,
} from './normKernel.ts';
import { mean as meanOf } from './reduce.ts';
import { sumTo } from './sumTo.ts';
import { rsqrt } from './unary.ts';
import { select } from './views.ts';

/** d loss / d x = rstd · (g − mean g − h · mean(g·h)), g = dy·weight, h = (x − mean)·rstd. */
const layerNormBackward = defineOp({
  name: 'layerNormBackward',
  formula: 'dx = rstd · (g − mean g − h · mean(g·h)) with g = dy · weight, h = (x − mean) · rstd',
  inputs: ['x', 'weight', 'mean', 'rstd', 'dy'],
  optional: ['weight'],
  attrs: {},
  shape: ({ x, weight }) => checkNorm('layerNormBackward', x, { weight }),
  webgpu: (o, _attrs, tools) => normBackwardOnWebGPU(o, tools),
  wasm: (o) => normBackwardOnWasm(o),
  reference: ({ x, weight, mean, rstd, dy }) => {
    const { n } = rowsOf(x.shape);
    return overRows(x, (r, values) => {
      const h = values.map((v) => (v - mean.data[r]!) * rstd.data[r]!);
      const g = h.map((_, i) => dy.data[r * n + i]! * (weight?.data[i] ?? 1));
      const [a, b] = [average(g), average(g.map((v, i) => v * h[i]!))];
      return g.map((v, i) => rstd.data[r]! * (v - a - h[i]! * b));
    });
  },
  cases: [
    { inputs: { x: [3, 7], weight: [7], mean: [3], rstd: { shape: [3], values: 'positive' }, dy: [3, 7] } },
    { inputs: { x: [2, 70], mean: [2], rstd: { shape: [2], values: 'positive' }, dy: [2, 70] } },
    {
      inputs: {
        ...{ x: [4096, 512], weight: [512], mean: [4096] },
        ...{ rstd: { shape: [4096], values: 'positive' }, dy: [4096, 512] },
      },
      bench: true,
    },
  ],
});

/** d loss / d weight in row 0 of the result, d loss / d bias in row 1. */
const layerNormParameters = defineOp({
  name: 'layerNormParameters',
  formula: 'dweight = Σ dy · (x − mean) · rstd, dbias = Σ dy over the rows',
  inputs: ['x', 'mean', 'rstd', 'dy'],
  attrs: {},
  shape: ({ x }) => [2, rowsOf(x.shape).n],
  webgpu: (o, _attrs, tools) => normParametersOnWebGPU(o, tools),
  wasm: (o) => normParametersOnWasm(o),
  reference: ({ x, mean, rstd, dy }) => {
    const { rows, n } = rowsOf(x.shape);
    return build([2, n], ([kind, column]) => {
      let total = 0;
      for (let r = 0; r < rows; r++) {
        const i = r * n + column!;
        total += dy.data[i]! * (kind === 1 ? 1 : (x.data[i]! - mean.data[r]!) * rstd.data[r]!);
      }
      return total;
    });
  },
  cases: [
    { inputs: { x: [3, 7], mean: [3], rstd: [3], dy: [3, 7] } },
    { inputs: { x: [0, 7], mean: [0], rstd: [0], dy: [0, 7] } },
    { inputs: { x: [700, 37], mean: [700], rstd: [700], dy: [700, 37] }, note: 'in parts' },
    { inputs: { x: [2, 601], mean: [2], rstd: [2], dy: [2, 601] } },
    { inputs: { x: [4096, 512], mean: [4096], rstd: [4096], dy: [4096, 512] }, bench: true },
  ],
});

/** (x − mean) · rstd in operations that have gradients, and rstd. */
function normalized(x: Tensor, eps: number): { h: Tensor; rstd: Tensor } {
  const centered = sub(x, meanOf(x, -1, { keepdim: true }));
  const rstd = rsqrt(add(meanOf(mul(centered, centered), -1, { keepdim: true }), eps));
  return { h: mul(centered, rstd), rstd };
}

const layerNormOp = defineOp({
  name: 'layerNorm',
  formula: 'y = (x − mean) / √(variance + eps) · weight + bias over the last dimension',
  inputs: ['x', 'weight', 'bias'],
  optional: ['weight', 'bias'],
  attrs: { eps: 1e-5 },
  shape: ({ x, weight, bias }) => checkNorm('layerNorm', x, { weight, bias }),
  extra: ({ x }: { readonly x: Meta }) => {
    const meta = { shape: x.shape.slice(0, -1), dtype: 'float32' } as const;
    return { mean: meta, rstd: meta };
  },
  webgpu: (o, { eps }, tools) => normOnWebGPU(o, eps, tools),
  wasm: (o, { eps }) => normOnWasm(o, eps),
  composed: ({ x, weight, bias }, { eps }) => {
    const { h } = normalized(x, eps);
    const scaled = weight === undefined ? h : mul(h, weight);
    return bias === undefined ? scaled : add(scaled, bias);
  },
  saves: ['x', 'weight', 'mean', 'rstd'],
  grad: (dy, { x, weight, mean, rstd }, { attrs, shapes, needs, createGraph }) => {
    if (createGraph) {
      const { h, rstd: scale } = normalized(x, attrs.eps);
      const g = weight === undefined ? dy : mul(dy, weight);
      const along = mul(h, meanOf(mul(g, h), -1, { keepdim: true }));
      return {
        x: mul(scale, sub(sub(g, meanOf(g, -1, { keepdim: true })), along)),
        ...(needs.weight && { weight: sumTo(mul(dy, h), shapes.weight) }),
        ...(needs.bias && { bias: sumTo(dy, shapes.bias) }),
      };
    }
    const both = needs.weight || needs.bias ? layerNormParameters({ x, mean, rstd, dy }) : null;
    return {
      x: needs.x ? layerNormBackward({ x, weight, mean, rstd, dy }) : null,
      weight: both && needs.weight ? select(both, 0, 0) : null,
      bias: both && needs.bias ? select(both, 0, 1) : null,
    };
  },
  reference: ({ x, weight, bias }, { eps }) =>
    overRows(x, (_r, values) => {
      const m = average(values);
      const rstd = 1 / Math.sqrt(average(values.map((v) => (v - m) ** 2)) + eps);
      return values.map((v, i) => (v - m) * rstd * (weight?.data[i] ?? 1) + (bias?.data[i] ?? 0));
    }),
  cases: [
    { inputs: { x: [3, 16], weight: [16], bias: [16] } },
    { inputs: { x: { shape: [2, 5, 33], scale: 3 }, weight: [33], bias: [33] } },
    { inputs: { x: [4, 7] } },
    { inputs: { x: [4, 7], weight: [7] } },
    { inputs: { x: [4, 7], bias: [7] } },
    { inputs: { x: [9], weight: [9], bias: [9] } },
    { inputs: { x: [3, 1], weight: [1], bias: [1] } },
    { inputs: { x: [0, 5], weight: [5], bias: [5] } },
    { inputs: { x: [300, 10], weight: [10], bias: [10] }, note: 'weight gradients in parts' },
    { inputs: { x: { shape: [3, 1000], scale: 3 }, weight: [1000], bias: [1000] } },
    { inputs: { x: [4096, 512], weight: [512], bias: [512] }, bench: true, gradient: false },
  ],
});

export interface LayerNormOptions {
  /** Added to the variance. */
  readonly eps?: number;
}

/**
 * Layer normalisation over the last dimension (Ba, Kiros and Hinton 2016): (x − mean) / √(variance + eps) · weight +
 * bias, with the variance of exactly these elements. x [..., n]; weight and bias [n] may be left out.
 */
export const layerNorm = (
  x: Tensor,
  weight?: Tensor | null,
  bias?: Tensor | null,
  { eps = 1e-5 }: LayerNormOptions = {},
): Tensor => layerNormOp({ x, weight: weight ?? undefined, bias: bias ?? undefined }, { eps });
