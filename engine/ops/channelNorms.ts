import { noGrad } from '../autograd.ts';
import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite, type Meta } from '../op.ts';
import { build, type NDArray, ndarray } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { accumulate } from './accumulate.ts';
import { add, mul, sub } from './binary.ts';
import { lerp } from './blend.ts';
import { layerNorm } from './layerNorm.ts';
import { mean } from './reduce.ts';
import { rsqrt, square } from './unary.ts';
import { reshape } from './views.ts';

/** Values for each channel beside x [batch, channels, …]. */
const beside = (values: Tensor, x: Tensor): Tensor => reshape(values, [values.size, ...x.shape.slice(2).map(() => 1)]);

function affine(y: Tensor, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const scaled = weight === undefined ? y : mul(y, beside(weight, y));
  return bias === undefined ? scaled : add(scaled, beside(bias, y));
}

function checkChannels(op: string, x: Shape, given: Readonly<Record<string, Meta | undefined>>): void {
  const wrong = Object.entries(given).find(([, t]) => t !== undefined && show(t.shape) !== show(x.slice(1, 2)));
  if (x.length >= 2 && wrong === undefined) return;
  throw new ShapeError(
    `${op}: x ${show(x)}${wrong ? ` with ${wrong[0]} ${show(wrong[1]!.shape)}` : ''}. ` +
      `Expected x [batch, channels, …] and one number for each channel elsewhere.`,
  );
}

/** The reference: the elements of x in groups that are normalised together, named by their place in x. */
function normalized(x: NDArray, eps: number, groupOf: (batch: number, channel: number) => number): NDArray {
  const inner = sizeOf(x.shape.slice(2));
  const channels = x.shape[1]!;
  const groups = new Map<number, number[]>();
  const keys = Array.from(x.data, (_, i) => {
    const row = Math.floor(i / inner);
    return groupOf(Math.floor(row / channels), row % channels);
  });
  keys.forEach((key, i) => {
    groups.set(key, [...(groups.get(key) ?? []), x.data[i]!]);
  });
  const stats = new Map(
    [...groups].map(([key, v]) => {
      const m = v.reduce((a, b) => a + b, 0) / v.length;
      return [key, [m, v.reduce((a, b) => a + (b - m) ** 2, 0) / v.length] as const];
    }),
  );
  return ndarray(
    x.shape,
    x.data.map((v, i) => (v - stats.get(keys[i]!)![0]) / Math.sqrt(stats.get(keys[i]!)![1] + eps)),
  );
}

/** The reference: y · weight + bias by channel. */
const withAffine = (y: NDArray, weight?: NDArray, bias?: NDArray): NDArray => {
  let i = 0;
  return build(y.shape, (index) => y.data[i++]! * (weight?.data[index[1]!] ?? 1) + (bias?.data[index[1]!] ?? 0));
};

const groupNormOp = defineComposite({
  name: 'groupNorm',
  formula: 'y = (x − mean) / √(variance + eps) · weight + bias, over the channels of a group and all places',
  inputs: ['x', 'weight', 'bias'],
  optional: ['weight', 'bias'],
  attrs: { numGroups: 1, eps: 1e-5 },
  compute: ({ x, weight, bias }, { numGroups, eps }) => {
    checkChannels('groupNorm', x.shape, { weight, bias });
    const [batch, channels] = x.shape as [number, number];
    if (!Number.isInteger(numGroups) || numGroups < 1 || channels % numGroups !== 0) {
      throw new ArgumentError(
        `groupNorm: ${numGroups} groups of ${channels} channels. Expected a divisor of the number of channels.`,
      );
    }
    const rows = reshape(x, [batch, numGroups, x.size / Math.max(1, batch * numGroups)]);
    return affine(reshape(layerNorm(rows, null, null, { eps }), x.shape), weight, bias);
  },
  reference: ({ x, weight, bias }, { numGroups, eps }) => {
    const size = x.shape[1]! / numGroups;
    return withAffine(
      normalized(x, eps, (b, c) => b * numGroups + Math.floor(c / size)),
      weight,
      bias,
    );
  },
  cases: [
    { inputs: { x: [2, 6, 3, 4], weight: [6], bias: [6] }, attrs: { numGroups: 3 } },
    { inputs: { x: [3, 4, 5] }, attrs: { numGroups: 2 } },
    { inputs: { x: [5, 4], weight: [4] }, attrs: { numGroups: 1, eps: 1e-3 } },
    { inputs: { x: [2, 3, 7], bias: [3] }, attrs: { numGroups: 3 } },
  ],
});

export interface GroupNormOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
}

/**
 * Group normalisation (Wu and He 2018): x [batch, channels, …] is normalised over the channels of each of `numGroups` groups
 * and all places, then scaled by weight and moved by bias [channels], either of which may be left out. float32.
 */
export const groupNorm = (
  x: Tensor,
  numGroups: number,
  weight?: Tensor | null,
  bias?: Tensor | null,
  { eps = 1e-5 }: GroupNormOptions = {},
): Tensor => groupNormOp({ x, weight: weight ?? undefined, bias: bias ?? undefined }, { numGroups, eps });

/** Instance normalisation: {@link groupNorm} with every channel a group. x [batch, channels, …]. float32. */
export const instanceNorm = (
  x: Tensor,
  weight?: Tensor | null,
  bias?: Tensor | null,
  options: GroupNormOptions = {},
): Tensor => groupNorm(x, x.shape[1] ?? 1, weight, bias, options);

interface BatchNormAttrs {
  readonly training: boolean;
  readonly momentum: number;
  readonly eps: number;
}

const batchNormOp = defineComposite({
  name: 'batchNorm',
  formula: 'y = (x − mean) / √(variance + eps) · weight + bias, for each channel over the batch and all places',
  inputs: ['x', 'runningMean', 'runningVar', 'weight', 'bias'],
  optional: ['runningMean', 'runningVar', 'weight', 'bias'],
  constants: ['runningMean', 'runningVar'],
  attrs: { training: false, momentum: 0.1, eps: 1e-5 } as BatchNormAttrs,
  compute: ({ x, runningMean, runningVar, weight, bias }, { training, momentum, eps }) => {
    checkChannels('batchNorm', x.shape, { runningMean, runningVar, weight, bias });
    const normal = (centred: Tensor, variance: Tensor): Tensor => {
      const rate = rsqrt(add(variance, eps));
      return affine(mul(centred, beside(weight === undefined ? rate : mul(rate, weight), x)), undefined, bias);
    };
    if (!training) {
      if (runningMean === undefined || runningVar === undefined) {
        throw new ArgumentError('batchNorm: there are no running statistics. Pass them, or { training: true }.');
      }
      return normal(sub(x, beside(runningMean, x)), runningVar);
    }
    const n = x.size / Math.max(1, x.shape[1]!);
    if (n < 2) {
      throw new ShapeError(`batchNorm: ${show(x.shape)} has one value for each channel. Expected more while training.`);
    }
    const dims = [...x.shape.keys()].filter((d) => d !== 1);
    const centre = mean(x, dims);
    const centred = sub(x, beside(centre, x));
    const variance = mean(square(centred), dims);
    noGrad(() => {
      if (runningMean) accumulate(runningMean, lerp(runningMean, centre, momentum), true);
      if (runningVar) accumulate(runningVar, lerp(runningVar, mul(variance, n / (n - 1)), momentum), true);
    });
    return normal(centred, variance);
  },
  reference: ({ x, runningMean, runningVar, weight, bias }, { training, eps }) => {
    if (training)
      return withAffine(
        normalized(x, eps, (_, c) => c),
        weight,
        bias,
      );
    const rates = runningVar!.data.map((v, c) => (weight?.data[c] ?? 1) / Math.sqrt(v + eps));
    let i = 0;
    return build(x.shape, (index) => {
      const c = index[1]!;
      return (x.data[i++]! - runningMean!.data[c]!) * rates[c]! + (bias?.data[c] ?? 0);
    });
  },
  cases: [
    {
      inputs: {
        x: [2, 3, 4, 5],
        runningMean: [3],
        runningVar: { shape: [3], values: 'positive' },
        weight: [3],
        bias: [3],
      },
    },
    {
      inputs: {
        x: [4, 3, 5],
        runningMean: [3],
        runningVar: { shape: [3], values: 'positive' },
        weight: [3],
        bias: [3],
      },
      attrs: { training: true },
    },
    { inputs: { x: [6, 2] }, attrs: { training: true, eps: 1e-3 } },
  ],
});

export interface BatchNormOptions extends GroupNormOptions {
  /** Normalise by the batch itself, and move the running statistics towards it. Default: false. */
  readonly training?: boolean;
  /** How much of the batch goes into the running statistics. Default: 0.1. */
  readonly momentum?: number;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) of x [batch, channels, …]: each channel by the running mean and variance
 * [channels], or with `training` by those of the batch itself, over the batch and all places; then scaled by weight and
 * moved by bias. While training the running statistics are changed in place: running = (1 − momentum) · running +
 * momentum · (mean, unbiased variance of the batch). The module BatchNorm keeps them. float32.
 */
export const batchNorm = (
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight?: Tensor | null,
  bias?: Tensor | null,
  options: BatchNormOptions = {},
): Tensor =>
  batchNormOp(
    {
      x,
      runningMean: runningMean ?? undefined,
      runningVar: runningVar ?? undefined,
      weight: weight ?? undefined,
      bias: bias ?? undefined,
    },
    options,
  );
