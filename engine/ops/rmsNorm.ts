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
import { mean } from './reduce.ts';
import { sumTo } from './sumTo.ts';
import { rsqrt } from './unary.ts';

const rmsNormBackward = defineOp({
  name: 'rmsNormBackward',
  formula: 'dx = rstd · (g − h · mean(g·h)) with g = dy · weight, h = x · rstd',
  inputs: ['x', 'weight', 'rstd', 'dy'],
  optional: ['weight'],
  attrs: {},
  shape: ({ x, weight }) => checkNorm('rmsNormBackward', x, { weight }),
  webgpu: (o, _attrs, tools) => normBackwardOnWebGPU(o, tools),
  wasm: (o) => normBackwardOnWasm(o),
  reference: ({ x, weight, rstd, dy }) => {
    const { n } = rowsOf(x.shape);
    return overRows(x, (r, values) => {
      const h = values.map((v) => v * rstd.data[r]!);
      const g = h.map((_, i) => dy.data[r * n + i]! * (weight?.data[i] ?? 1));
      const along = average(g.map((v, i) => v * h[i]!));
      return g.map((v, i) => rstd.data[r]! * (v - h[i]! * along));
    });
  },
  cases: [
    { inputs: { x: [3, 7], weight: [7], rstd: { shape: [3], values: 'positive' }, dy: [3, 7] } },
    { inputs: { x: [2, 70], rstd: { shape: [2], values: 'positive' }, dy: [2, 70] } },
    {
      inputs: { x: [4096, 512], weight: [512], rstd: { shape: [4096], values: 'positive' }, dy: [4096, 512] },
      bench: true,
    },
  ],
});

const rmsNormParameters = defineOp({
  name: 'rmsNormParameters',
  formula: 'dweight = Σ dy · x · rstd over the rows',
  inputs: ['x', 'rstd', 'dy'],
  attrs: {},
  shape: ({ x }) => [rowsOf(x.shape).n],
  webgpu: (o, _attrs, tools) => normParametersOnWebGPU(o, tools),
  wasm: (o) => normParametersOnWasm(o),
  reference: ({ x, rstd, dy }) => {
    const { rows, n } = rowsOf(x.shape);
    return build([n], ([column]) => {
      let total = 0;
      for (let r = 0; r < rows; r++) total += dy.data[r * n + column!]! * x.data[r * n + column!]! * rstd.data[r]!;
      return total;
    });
  },
  cases: [
    { inputs: { x: [3, 7], rstd: [3], dy: [3, 7] } },
    { inputs: { x: [0, 7], rstd: [0], dy: [0, 7] } },
    { inputs: { x: [700, 37], rstd: [700], dy: [700, 37] }, note: 'in parts' },
    { inputs: { x: [4096, 512], rstd: [4096], dy: [4096, 512] }, bench: true },
  ],
});

/** 1 / √(mean x² + eps) in operations that have gradients. */
const rstdOf = (x: Tensor, eps: number): Tensor => rsqrt(add(mean(mul(x, x), -1, { keepdim: true }), eps));

const rmsNormOp = defineOp({
  name: 'rmsNorm',
  formula: 'y = x / √(mean x² + eps) · weight over the last dimension',
  inputs: ['x', 'weight'],
  optional: ['weight'],
  attrs: { eps: 1e-6 },
  shape: ({ x, weight }) => checkNorm('rmsNorm', x, { weight }),
  extra: ({ x }: { readonly x: Meta }) => ({ rstd: { shape: x.shape.slice(0, -1), dtype: 'float32' } as const }),
  webgpu: (o, { eps }, tools) => normOnWebGPU(o, eps, tools),
  wasm: (o, { eps }) => normOnWasm(o, eps),
  composed: ({ x, weight }, { eps }) => {
    const h = mul(x, rstdOf(x, eps));
    return weight === undefined ? h : mul(h, weight);
  },
  saves: ['x', 'weight', 'rstd'],
  grad: (dy, { x, weight, rstd }, { attrs, shapes, needs, createGraph }) => {
    if (createGraph) {
      const scale = rstdOf(x, attrs.eps);
      const h = mul(x, scale);
      const g = weight === undefined ? dy : mul(dy, weight);
      return {
        x: mul(scale, sub(g, mul(h, mean(mul(g, h), -1, { keepdim: true })))),
        ...(needs.weight && { weight: sumTo(mul(dy, h), shapes.weight) }),
      };
    }
    return {
      x: needs.x ? rmsNormBackward({ x, weight, rstd, dy }) : null,
      weight: needs.weight ? rmsNormParameters({ x, rstd, dy }) : null,
    };
  },
  reference: ({ x, weight }, { eps }) =>
    overRows(x, (_r, values) => {
      const rstd = 1 / Math.sqrt(average(values.map((v) => v * v)) + eps);
      return values.map((v, i) => v * rstd * (weight?.data[i] ?? 1));
    }),
  cases: [
    { inputs: { x: { shape: [3, 16], scale: 3 }, weight: [16] } },
    { inputs: { x: { shape: [2, 5, 33], scale: 3 }, weight: [33] } },
    { inputs: { x: [4, 7] } },
    { inputs: { x: [9], weight: [9] } },
    { inputs: { x: [3, 1], weight: [1] } },
    { inputs: { x: [0, 5], weight: [5] } },
    { inputs: { x: [300, 10], weight: [10] }, note: 'weight gradient in parts' },
    { inputs: { x: [4096, 512], weight: [512] }, bench: true, gradient: false },
  ],
});

export interface RmsNormOptions {
  /** Added to the mean of the squares. */
  readonly eps?: number;
}

/**
 * Root mean square normalisation over the last dimension (Zhang and Sennrich 2019): x / √(mean x² + eps) · weight.
 * x [..., n]; weight [n] may be left out.
 */
export const rmsNorm = (x: Tensor, weight?: Tensor | null, { eps = 1e-6 }: RmsNormOptions = {}): Tensor =>
  rmsNormOp({ x, weight: weight ?? undefined }, { eps });
