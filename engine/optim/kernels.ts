import adamShader from '../../shaders/optim_adam.wgsl';
import momentumShader from '../../shaders/optim_momentum.wgsl';
import normShader from '../../shaders/optim_norm.wgsl';
import scaleShader from '../../shaders/optim_scale.wgsl';
import sgdShader from '../../shaders/optim_sgd.wgsl';
import squaresShader from '../../shaders/optim_squares.wgsl';
import { dispatch, grid } from '../backend.ts';
import { defineInPlace, type Region } from '../inPlace.ts';
import { Storage } from '../memory.ts';
import { type NDArray, ndarray } from '../reference.ts';
import { anchor } from '../strided.ts';
import type { Tensor } from '../tensor.ts';

/** A range of float32 in memory: the parameters of a model one after another, or one of them. */
export interface Span {
  readonly storage: Storage;
  /** Of the first element, in elements. */
  readonly offset: number;
  readonly size: number;
}

/** Elements whose squares one workgroup, or one part of a wasm call, adds up. */
const PART = 16384;
/** About 10 µs of work. */
export const GRAIN = 16384;

/** A tensor without gaps as a span. */
export const spanOf = (t: Tensor): Span => ({ storage: t.storage, offset: t.offset, size: t.size });

export const regionOf = ({ storage, offset, size }: Span): Region => ({
  ...{ storage, offset, shape: [size], strides: [1], dtype: 'float32' },
});

/** An array of the same shape, element by element. */
export const each = ({ shape, data }: NDArray, f: (i: number) => number): NDArray =>
  ndarray(
    shape,
    data.map((_, i) => f(i)),
  );

/** Those that are handed the same range of parameters. */
export const alike = (size: number) => ({ p: [size], gradient: [size] });
export const positive = (size: number) => ({ shape: [size], values: 'positive' }) as const;

const adam = defineInPlace({
  name: 'optimAdam',
  formula:
    'g = scale·gradient + l2·p, m = m + (1 − β1)(g − m), v = β2·v + (1 − β2)g², p = p − decay·p − rate·m / (√v/correction + eps)',
  operands: ['p', 'gradient', 'm', 'v', 'scale'],
  writes: ['p', 'm', 'v'],
  attrs: {
    l2: 0,
    decay: 0,
    oneMinusBeta1: 0.1,
    beta2: 0.98,
    oneMinusBeta2: 0.02,
    rate: 0.1,
    correction: 0.5,
    eps: 1e-8,
  },
  webgpu: ({ p, gradient, m, v, scale }, attrs) => {
    const [at, from, state, square] = [anchor(p), anchor(gradient), anchor(m), anchor(v)];
    const total = p.shape[0]!;
    return dispatch({
      shader: adamShader,
      bindings: { p: at.operand, gradient: from.operand, m: state.operand, v: square.operand, scale },
      uniforms: { total, pOffset: at.offset, gOffset: from.offset, stateOffset: state.offset, ...attrs },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ p, gradient, m, v, scale }, a) => {
    const scalars = [a.l2, a.decay, a.oneMinusBeta1, a.beta2, a.oneMinusBeta2, a.rate, a.correction, a.eps];
    return { kernel: 'optimAdam', args: [p, gradient, m, v, scale, ...scalars], range: p.shape[0]!, grain: GRAIN };
  },
  reference: ({ p, gradient, m, v, scale }, a) => {
    const g = each(p, (i) => scale.data[0]! * gradient.data[i]! + a.l2 * p.data[i]!);
    const first = each(p, (i) => m.data[i]! + a.oneMinusBeta1 * (g.data[i]! - m.data[i]!));
    const second = each(p, (i) => a.beta2 * v.data[i]! + a.oneMinusBeta2 * g.data[i]! ** 2);
    const step = (i: number): number => first.data[i]! / (Math.sqrt(second.data[i]!) / a.correction + a.eps);
    return { p: each(p, (i) => p.data[i]! - a.decay * p.data[i]! - a.rate * step(i)), m: first, v: second };
  },
  cases: [
    { inputs: { ...alike(70), m: [70], v: positive(70), scale: positive(1) } },
    { inputs: { ...alike(70), m: [70], v: positive(70), scale: positive(1) }, attrs: { l2: 0.1, decay: 0.01 } },
    { inputs: { ...alike(1), m: [1], v: positive(1), scale: [1] } },
    { inputs: { ...alike(8_000_000), m: [8_000_000], v: positive(8_000_000), scale: positive(1) }, bench: true },
  ],
});

export interface AdamSpans {
  readonly parameters: Span;
  readonly gradients: Span;
  /** Running means of the gradient and of its square, at the same offset in storages of their own. */
  readonly m: Span;
  readonly v: Span;
  /** One element that the gradients are multiplied by. */
  readonly gradScale: Span;
}

export interface AdamScalars {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** AdamW: the decay acts on the parameter itself, not through the gradient. */
  readonly decoupled: boolean;
  /** From 1. */
  readonly step: number;
}

/** One step of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019), in PyTorch's order of operations. */
export function adamStep({ parameters, gradients, m, v, gradScale }: AdamSpans, s: AdamScalars): void {
  adam(
    {
      ...{ p: regionOf(parameters), gradient: regionOf(gradients), scale: regionOf(gradScale) },
      ...{ m: regionOf(m), v: regionOf(v) },
    },
    {
      l2: s.decoupled ? 0 : s.weightDecay,
      decay: s.decoupled ? s.lr * s.weightDecay : 0,
      oneMinusBeta1: 1 - s.beta1,
      beta2: s.beta2,
      oneMinusBeta2: 1 - s.beta2,
      rate: s.lr / (1 - s.beta1 ** s.step),
      correction: Math.sqrt(1 - s.beta2 ** s.step),
      eps: s.eps,
    },
  );
}

const sgd = defineInPlace({
  name: 'optimSgd',
  formula: 'g = scale·gradient + l2·p, v = momentum·v + g, p = p − rate·v; nesterov: p − rate·(g + momentum·v)',
  operands: ['p', 'gradient', 'velocity', 'scale'],
  optional: ['velocity'],
  writes: ['p', 'velocity'],
  attrs: { l2: 0, rate: 0.1, momentum: 0, nesterov: false },
  webgpu: ({ p, gradient, velocity, scale }, { l2, rate, momentum, nesterov }) => {
    const [at, from] = [anchor(p), anchor(gradient)];
    const total = p.shape[0]!;
    const bindings = { p: at.operand, gradient: from.operand, scale };
    const uniforms = { total, pOffset: at.offset, gOffset: from.offset, l2, rate };
    const workgroups = grid(total, 256);
    if (velocity === undefined) return dispatch({ shader: sgdShader, bindings, uniforms, workgroups });
    const state = anchor(velocity);
    return dispatch({
      shader: momentumShader,
      bindings: { ...bindings, velocity: state.operand },
      uniforms: { ...uniforms, stateOffset: state.offset, momentum, nesterov: Number(nesterov) },
      workgroups,
    });
  },
  wasm: ({ p, gradient, velocity, scale }, { l2, rate, momentum, nesterov }) => {
    const kept = velocity === undefined ? 0 : 1;
    const args = [p, gradient, velocity ?? p, scale, l2, rate, momentum, Number(nesterov), kept];
    return { kernel: 'optimSgd', args, range: p.shape[0]!, grain: GRAIN };
  },
  reference: ({ p, gradient, velocity, scale }, { l2, rate, momentum, nesterov }) => {
    const g = each(p, (i) => scale.data[0]! * gradient.data[i]! + l2 * p.data[i]!);
    if (velocity === undefined) return { p: each(p, (i) => p.data[i]! - rate * g.data[i]!) };
    const v = each(p, (i) => momentum * velocity.data[i]! + g.data[i]!);
    const step = (i: number): number => (nesterov ? g.data[i]! + momentum * v.data[i]! : v.data[i]!);
    return { p: each(p, (i) => p.data[i]! - rate * step(i)), velocity: v };
  },
  cases: [
    { inputs: { ...alike(70), scale: positive(1) }, attrs: { l2: 0.1 } },
    { inputs: { ...alike(70), velocity: [70], scale: positive(1) }, attrs: { momentum: 0.9 } },
    { inputs: { ...alike(70), velocity: [70], scale: [1] }, attrs: { momentum: 0.9, nesterov: true, l2: 0.01 } },
    { inputs: { ...alike(8_000_000), velocity: [8_000_000], scale: [1] }, attrs: { momentum: 0.9 }, bench: true },
  ],
});

export interface SgdSpans {
  readonly parameters: Span;
  readonly gradients: Span;
  /** The running sum of gradients; null without momentum. */
  readonly velocity: Span | null;
  readonly gradScale: Span;
}

export interface SgdScalars {
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/** One step of gradient descent, with momentum where there is a velocity (which begins as zeros). */
export function sgdStep({ parameters, gradients, velocity, gradScale }: SgdSpans, s: SgdScalars): void {
  const { lr: rate, weightDecay: l2, momentum, nesterov } = s;
  const given = { p: regionOf(parameters), gradient: regionOf(gradients), scale: regionOf(gradScale) };
  const kept = velocity === null ? {} : { velocity: regionOf(velocity) };
  sgd({ ...given, ...kept }, { l2, rate, momentum, nesterov });
}

const squares = defineInPlace({
  name: 'optimSquares',
  formula: `part k of sums = the sum of x² over elements ${PART}·k to ${PART}·(k + 1)`,
  operands: ['sums', 'x'],
  writes: ['sums'],
  attrs: {},
  webgpu: ({ sums, x }) => {
    const [from, to] = [anchor(x), anchor(sums)];
    return dispatch({
      shader: squaresShader,
      bindings: { x: from.operand, output: to.operand },
      uniforms: { total: x.shape[0]!, xOffset: from.offset, outputOffset: to.offset },
      workgroups: grid(sums.shape[0]!, 1),
    });
  },
  wasm: ({ sums, x }) => ({ kernel: 'optimSquares', args: [x, sums, x.shape[0]!], range: sums.shape[0]!, grain: 2 }),
  reference: ({ sums, x }) => ({
    sums: each(sums, (k) => {
      let sum = 0;
      for (let i = PART * k; i < Math.min(PART * (k + 1), x.data.length); i++) sum += x.data[i]! ** 2;
      return sum;
    }),
  }),
  cases: [
    { inputs: { sums: [1], x: [70] } },
    { inputs: { sums: [3], x: [2 * PART + 5] } },
    { inputs: { sums: [Math.ceil(8_000_000 / PART)], x: [8_000_000] }, bench: true },
  ],
});

const norm = defineInPlace({
  name: 'optimNorm',
  formula: 'norm = unscale·√Σ sums, scale = unscale·min(1, largest / (norm + 1e-6))',
  operands: ['sums', 'norm', 'scale'],
  writes: ['norm', 'scale'],
  attrs: { largest: 1, unscale: 1 },
  webgpu: ({ sums, norm: total, scale }, attrs) =>
    dispatch({
      shader: normShader,
      bindings: { squares: sums, norm: total, scale },
      uniforms: { count: sums.shape[0]!, ...attrs },
      workgroups: [1],
    }),
  wasm: ({ sums, norm: total, scale }, { largest, unscale }) => {
    return { kernel: 'optimNorm', args: [sums, total, scale, sums.shape[0]!, largest, unscale], range: 1 };
  },
  reference: ({ sums }, { largest, unscale }) => {
    const value = unscale * Math.sqrt(sums.data.reduce((a, b) => a + b, 0));
    return { norm: ndarray([1], [value]), scale: ndarray([1], [unscale * Math.min(1, largest / (value + 1e-6))]) };
  },
  cases: [
    { inputs: { sums: positive(9), norm: [1], scale: [1] } },
    { inputs: { sums: positive(300), norm: [1], scale: [1] }, attrs: { largest: 99, unscale: 0.125 } },
    { inputs: { sums: [0], norm: [1], scale: [1] } },
  ],
});

/**
 * norm (one element) = √ of the sum of squares over all spans, and scale (one element) = min(1, maxNorm / (norm + 1e-6)),
 * as torch.nn.utils.clip_grad_norm_ has them. With a loss scale the spans hold that many times the gradients: norm and
 * scale are divided by it. One launch for each span and one more; nothing is read back.
 */
export function normOf(
  spans: readonly Span[],
  { maxNorm, lossScale }: { readonly maxNorm: number; readonly lossScale: number },
  total: Span,
  scale: Span,
): void {
  const full = spans.filter(({ size }) => size > 0);
  const parts = full.map(({ size }) => Math.ceil(size / PART));
  const count = parts.reduce((a, b) => a + b, 0);
  const storage = Storage.ofShape(total.storage.backend, [Math.max(1, count)]);
  let offset = 0;
  for (const [i, span] of full.entries()) {
    squares({ sums: regionOf({ storage, offset, size: parts[i]! }), x: regionOf(span) });
    offset += parts[i]!;
  }
  norm(
    { sums: regionOf({ storage, offset: 0, size: count }), norm: regionOf(total), scale: regionOf(scale) },
    { largest: Math.min(maxNorm, 3e38), unscale: 1 / lossScale },
  );
  storage.release();
}

const scaleBy = defineInPlace({
  name: 'optimScale',
  formula: 'x = scale·x',
  operands: ['x', 'scale'],
  writes: ['x'],
  attrs: {},
  webgpu: ({ x, scale }) => {
    const from = anchor(x);
    const total = x.shape[0]!;
    return dispatch({
      shader: scaleShader,
      bindings: { x: from.operand, scale },
      uniforms: { total, xOffset: from.offset },
      workgroups: grid(total, 256),
    });
  },
  wasm: ({ x, scale }) => ({ kernel: 'optimScale', args: [x, scale], range: x.shape[0]!, grain: GRAIN }),
  reference: ({ x, scale }) => ({ x: each(x, (i) => scale.data[0]! * x.data[i]!) }),
  cases: [{ inputs: { x: [70], scale: [1] } }, { inputs: { x: [8_000_000], scale: [1] }, bench: true }],
});

/** span times the one element of `scale`, in place. */
export const scaleSpan = (span: Span, scale: Span): void => scaleBy({ x: regionOf(span), scale: regionOf(scale) });
