import { ArgumentError, ShapeError, show } from '../errors.ts';
import { defineComposite } from '../op.ts';
import { defaultGenerator, type Generator, Stream } from '../random.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { type Shape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { div, le, lt, minimum, mul } from './binary.ts';
import { to } from './contiguous.ts';
import { cumsum } from './cumsum.ts';
import { sum } from './reduce.ts';
import { topk } from './topk.ts';
import { narrow, unsqueeze } from './views.ts';

export interface SampleOptions {
  /** A stream of its own; else the next one of `generator`. */
  readonly seed?: number;
  /** Default: the default generator. */
  readonly generator?: Generator;
}

interface StreamAttrs {
  readonly seed: number;
  readonly stream: number;
}

const streamOf = ({ seed, generator = defaultGenerator }: SampleOptions): StreamAttrs => {
  const { seed: own, stream } = seed === undefined ? generator.next() : new Stream(seed);
  return { seed: own, stream };
};

/** As many uniform numbers as `shape` has elements, the same on every device. */
const uniforms = (shape: Shape, { seed, stream }: StreamAttrs, f: (u: number) => number = (u) => u): Float32Array => {
  const s = new Stream(seed, stream);
  return Float32Array.from({ length: sizeOf(shape) }, () => f(s.uniform()));
};

const bernoulliOp = defineComposite({
  name: 'bernoulli',
  formula: 'y = 1 with probability p, else 0',
  inputs: ['p'],
  attrs: { seed: 0, stream: 0 } as StreamAttrs,
  differentiable: false,
  compute: ({ p }, attrs) => to(lt(Tensor.from(p.device, uniforms(p.shape, attrs), p.shape, 'float32'), p), 'float32'),
  reference: ({ p }, attrs) => {
    const u = uniforms(p.shape, attrs);
    return ndarray(
      p.shape,
      p.data.map((v, i) => Number(u[i]! < v)),
    );
  },
  cases: [
    { inputs: { p: { shape: [3, 40], values: 'positive', scale: 1 } } },
    { inputs: { p: { shape: [4], values: [0, 1, 0, 1] } } },
    { inputs: { p: [0] } },
  ],
});

/** 1 with the probability that stands there, else 0: float32 of the shape of `p`. It has no gradient. */
export const bernoulli = (p: Tensor, options: SampleOptions = {}): Tensor => bernoulliOp({ p }, streamOf(options));

interface MultinomialAttrs extends StreamAttrs {
  readonly numSamples: number;
  readonly replacement: boolean;
}

/** The exponential numbers that the weights race with: Efraimidis and Spirakis 2006. */
const racing = (u: number): number => -Math.log(1 - u) + 2 ** -40;
/** Below 1 by more than the rounding of a product. */
const below = (u: number): number => u * (1 - 2 ** -22);

const multinomialOp = defineComposite({
  name: 'multinomial',
  formula: 'y = places drawn with probabilities in proportion to the weights',
  inputs: ['weights'],
  attrs: { numSamples: 1, replacement: false, seed: 0, stream: 0 } as MultinomialAttrs,
  differentiable: false,
  compute: ({ weights }, attrs) => {
    const { numSamples, replacement } = attrs;
    const { shape, device } = weights;
    const n = shape.at(-1)!;
    if (!replacement) {
      const race = Tensor.from(device, uniforms(shape, attrs, racing), shape, 'float32');
      return topk(div(weights, race), numSamples).indices;
    }
    const rising = cumsum(weights, -1);
    const draws = [...shape.slice(0, -1), numSamples];
    const u = Tensor.from(device, uniforms(draws, attrs, below), draws, 'float32');
    const marks = mul(u, narrow(rising, -1, n - 1, 1));
    return minimum(sum(le(unsqueeze(rising, -2), unsqueeze(marks, -1)), -1), n - 1);
  },
  reference: ({ weights }, attrs): NDArray => {
    const { numSamples, replacement } = attrs;
    const n = weights.shape.at(-1)!;
    const draws = [...weights.shape.slice(0, -1), numSamples];
    const u = replacement ? uniforms(draws, attrs, below) : uniforms(weights.shape, attrs, racing);
    const rows = weights.data.length / n;
    return ndarray(
      draws,
      Array.from({ length: rows }, (_, row) => {
        const line = [...weights.data.subarray(row * n, (row + 1) * n)];
        if (!replacement) {
          const races = line.map((w, i) => w / u[row * n + i]!);
          return [...races.keys()].sort((a, b) => races[b]! - races[a]!).slice(0, numSamples);
        }
        const total = line.reduce((a, b) => a + b, 0);
        return Array.from({ length: numSamples }, (_, k) => {
          let rest = u[row * numSamples + k]! * total;
          const found = line.findIndex((w) => (rest -= w) < 0);
          return found < 0 ? n - 1 : found;
        });
      }).flat(),
    );
  },
  cases: [
    { inputs: { weights: { shape: [7], values: 'positive' } }, attrs: { numSamples: 4 } },
    { inputs: { weights: { shape: [3, 9], values: 'positive' } }, attrs: { numSamples: 30, replacement: true } },
    { inputs: { weights: { shape: [5], values: [0, 1, 0, 2, 0] } }, attrs: { numSamples: 20, replacement: true } },
  ],
});

export interface MultinomialOptions extends SampleOptions {
  /** A place may be drawn more than once. Default: false. */
  readonly replacement?: boolean;
}

/**
 * `numSamples` places drawn from each line of the last dimension, each as likely as its weight: float32 [.., n], not
 * negative, of any sum → int32 [.., numSamples]. Without replacement, in the order drawn, and of places of weight 0 only
 * when there are no others. It has no gradient.
 */
export function multinomial(
  weights: Tensor,
  numSamples: number,
  { replacement = false, ...options }: MultinomialOptions = {},
): Tensor {
  const n = weights.shape.at(-1);
  if (n === undefined || n === 0) {
    throw new ShapeError(`multinomial: ${show(weights.shape)} has no weights to draw by. Expected [.., n].`);
  }
  if (!Number.isInteger(numSamples) || numSamples < 1 || (!replacement && numSamples > n)) {
    throw new ArgumentError(
      `multinomial: ${numSamples} samples of ${n} places. Expected 1 to ${n}, or { replacement: true }.`,
    );
  }
  return multinomialOp({ weights }, { numSamples, replacement, ...streamOf(options) });
}
