import adamShader from '../../shaders/optim_adam.wgsl';
import momentumShader from '../../shaders/optim_momentum.wgsl';
import normShader from '../../shaders/optim_norm.wgsl';
import scaleShader from '../../shaders/optim_scale.wgsl';
import sgdShader from '../../shaders/optim_sgd.wgsl';
import squaresShader from '../../shaders/optim_squares.wgsl';
import { dispatch, grid, type Operand } from '../backend.ts';
import { anchor } from '../copy.ts';
import { Storage } from '../memory.ts';
import type { Tensor } from '../tensor.ts';

/**
 * The kernels of the optimizers: plain functions that change memory in place, one launch for each range of float32. They
 * are on no tape; what the tape saved of a range is out of date from then on.
 */
export interface Span {
  readonly storage: Storage;
  /** Of the first element, in elements. */
  readonly offset: number;
  readonly size: number;
}

/** Elements whose squares one workgroup, or one part of a wasm call, adds up. */
const PART = 16384;
/** About 10 µs of work. */
const GRAIN = 16384;

const operandOf = ({ storage, offset, size }: Span): Operand => ({
  buffer: storage.buffer,
  shape: [size],
  strides: [1],
  offset,
  dtype: 'float32',
});

/** A tensor without gaps as a span. */
export const spanOf = (t: Tensor): Span => ({ storage: t.storage, offset: t.offset, size: t.size });

const changed = (...spans: readonly Span[]): void => {
  for (const { storage } of spans) storage.version++;
};

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
export function adamStep(spans: AdamSpans, s: AdamScalars): void {
  const { parameters, gradients, m, v, gradScale } = spans;
  const total = parameters.size;
  if (total === 0) return;
  const l2 = s.decoupled ? 0 : s.weightDecay;
  const decay = s.decoupled ? s.lr * s.weightDecay : 0;
  const rate = s.lr / (1 - s.beta1 ** s.step);
  const correction = Math.sqrt(1 - s.beta2 ** s.step);
  const [oneMinusBeta1, oneMinusBeta2] = [1 - s.beta1, 1 - s.beta2];
  const { backend } = parameters.storage;
  const [p, g, first, second] = [operandOf(parameters), operandOf(gradients), operandOf(m), operandOf(v)];
  const scale = operandOf(gradScale);
  if (backend.name === 'wasm') {
    const scalars = [l2, decay, oneMinusBeta1, s.beta2, oneMinusBeta2, rate, correction, s.eps];
    backend.run({ kernel: 'optimAdam', args: [p, g, first, second, scale, ...scalars], range: total, grain: GRAIN });
  } else {
    const [at, from, state, square] = [anchor(p), anchor(g), anchor(first), anchor(second)];
    backend.run(
      dispatch({
        shader: adamShader,
        bindings: { p: at.operand, gradient: from.operand, m: state.operand, v: square.operand, scale },
        uniforms: {
          ...{ total, pOffset: at.offset, gOffset: from.offset, stateOffset: state.offset },
          ...{ l2, decay, oneMinusBeta1, beta2: s.beta2, oneMinusBeta2, rate, correction, eps: s.eps },
        },
        workgroups: grid(total, 256),
      }),
    );
  }
  changed(parameters, m, v);
}

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
  const total = parameters.size;
  if (total === 0) return;
  const { backend } = parameters.storage;
  const [p, g, scale] = [operandOf(parameters), operandOf(gradients), operandOf(gradScale)];
  const { lr: rate, weightDecay: l2, momentum } = s;
  const nesterov = s.nesterov ? 1 : 0;
  if (backend.name === 'wasm') {
    const kept = velocity === null ? p : operandOf(velocity);
    const args = [p, g, kept, scale, l2, rate, momentum, nesterov, velocity === null ? 0 : 1];
    backend.run({ kernel: 'optimSgd', args, range: total, grain: GRAIN });
  } else {
    const [at, from] = [anchor(p), anchor(g)];
    const bindings = { p: at.operand, gradient: from.operand, scale };
    const uniforms = { total, pOffset: at.offset, gOffset: from.offset, l2, rate };
    const workgroups = grid(total, 256);
    if (velocity === null) {
      backend.run(dispatch({ shader: sgdShader, bindings, uniforms, workgroups }));
    } else {
      const state = anchor(operandOf(velocity));
      backend.run(
        dispatch({
          shader: momentumShader,
          bindings: { ...bindings, velocity: state.operand },
          uniforms: { ...uniforms, stateOffset: state.offset, momentum, nesterov },
          workgroups,
        }),
      );
    }
  }
  changed(parameters);
  if (velocity !== null) changed(velocity);
}

/**
 * norm (one element) = √ of the sum of squares over all spans, and scale (one element) = min(1, maxNorm / (norm + 1e-6)),
 * as torch.nn.utils.clip_grad_norm_ has them. With a loss scale the spans hold that many times the gradients: norm and
 * scale are divided by it. One launch for each span and one more; nothing is read back.
 */
export function normOf(
  spans: readonly Span[],
  { maxNorm, lossScale }: { readonly maxNorm: number; readonly lossScale: number },
  norm: Span,
  scale: Span,
): void {
  const { backend } = norm.storage;
  const full = spans.filter(({ size }) => size > 0);
  const parts = full.map(({ size }) => Math.ceil(size / PART));
  const count = parts.reduce((a, b) => a + b, 0);
  const squares = Storage.ofShape(backend, [Math.max(1, count)]);
  let offset = 0;
  full.forEach((span, i) => {
    const { size: total } = span;
    const part = parts[i]!;
    const x = operandOf(span);
    const output = operandOf({ storage: squares, offset, size: part });
    if (backend.name === 'wasm') {
      backend.run({ kernel: 'optimSquares', args: [x, output, total], range: part, grain: 2 });
    } else {
      const [from, to] = [anchor(x), anchor(output)];
      backend.run(
        dispatch({
          shader: squaresShader,
          bindings: { x: from.operand, output: to.operand },
          uniforms: { total, xOffset: from.offset, outputOffset: to.offset },
          workgroups: grid(part, 1),
        }),
      );
    }
    offset += part;
  });
  const all = operandOf({ storage: squares, offset: 0, size: count });
  const largest = Math.min(maxNorm, 3e38);
  const unscale = 1 / lossScale;
  backend.run(
    backend.name === 'wasm'
      ? { kernel: 'optimNorm', args: [all, operandOf(norm), operandOf(scale), count, largest, unscale], range: 1 }
      : dispatch({
          shader: normShader,
          bindings: { squares: all, norm: operandOf(norm), scale: operandOf(scale) },
          uniforms: { count, largest, unscale },
          workgroups: [1],
        }),
  );
  squares.release();
  changed(norm, scale);
}

/** span times the one element of `scale`, in place. */
export function scaleSpan(span: Span, scale: Span): void {
  const total = span.size;
  if (total === 0) return;
  const { backend } = span.storage;
  const x = operandOf(span);
  const from = anchor(x);
  backend.run(
    backend.name === 'wasm'
      ? { kernel: 'optimScale', args: [x, operandOf(scale)], range: total, grain: GRAIN }
      : dispatch({
          shader: scaleShader,
          bindings: { x: from.operand, scale: operandOf(scale) },
          uniforms: { total, xOffset: from.offset },
          workgroups: grid(total, 256),
        }),
  );
  changed(span);
}
