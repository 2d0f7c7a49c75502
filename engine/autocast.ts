import { type GradRule, isGradEnabled, Node, noGrad } from './autograd.ts';
import type { DType } from './dtype.ts';
import { ArgumentError } from './errors.ts';
import { type Storage, unscoped } from './memory.ts';
import { isDense, type Layout } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** What the products of linear layers are computed from. Sums are taken in float32 in any case. */
export type Precision = 'float32' | 'float16';

/** The conversion that rounding takes, given at start-up by ops/contiguous.ts. */
export const conversion: { to: (x: Tensor, dtype: DType) => Tensor } = {
  to: () => {
    throw new ArgumentError('autocast: import the engine through engine/index.ts.');
  },
};

/** The same elements as another dtype, in the same order in memory where they lie without gaps; not on the tape. */
export const converted = (x: Tensor, dtype: DType): Tensor =>
  noGrad(() => {
    if (!isDense(x)) return conversion.to(x, dtype);
    using flat = x.alias({ shape: [x.size], strides: [1], offset: x.offset }, null);
    using result = conversion.to(flat, dtype);
    return result.alias({ shape: x.shape, strides: x.strides, offset: 0 });
  });

/**
 * One block of `autocast`: what was rounded inside, so that a tensor used several times (a weight, the input of three
 * projections) is rounded once. It is kept as long as its source lives, at most to the end of the block.
 */
class Region {
  readonly precision: Precision;
  readonly #halves = new Map<Storage, Map<string, { readonly tensor: Tensor; readonly version: number }>>();

  constructor(precision: Precision) {
    this.precision = precision;
  }

  /** `x` in float16, not on the tape. It belongs to the block. */
  half(x: Tensor): Tensor {
    const { storage } = x;
    let halves = this.#halves.get(storage);
    if (halves === undefined) this.#halves.set(storage, (halves = new Map()));
    const key = isDense(x) ? `${x.offset} ${x.size}` : `${x.offset} ${x.shape} ${x.strides}`;
    const found = halves.get(key);
    if (found?.version === storage.version) return found.tensor;
    if (found !== undefined) this.#drop(storage, found.tensor);
    const tensor = unscoped(() => converted(x, 'float16'));
    halves.set(key, { tensor, version: storage.version });
    storage.attach(tensor);
    return tensor;
  }

  dispose(): void {
    for (const [storage, halves] of this.#halves) {
      for (const { tensor } of halves.values()) this.#drop(storage, tensor);
    }
    this.#halves.clear();
  }

  #drop(storage: Storage, tensor: Tensor): void {
    storage.detach(tensor);
    tensor.dispose();
  }
}

let current: Region | null = null;

/** @internal The precision of the block open now. */
export const precisionNow = (): Precision => current?.precision ?? 'float32';

/** @internal `x` rounded as the block open now wants it: a handle in the layout of `x`, not on the tape; else null. */
export function halfOf(x: Tensor): Tensor | null {
  if (current?.precision !== 'float16' || x.dtype !== 'float32') return null;
  const half = current.half(x);
  const layout: Layout = isDense(x) ? { shape: x.shape, strides: x.strides, offset: 0 } : half;
  return half.alias(layout, null);
}

const unchanged: GradRule = (dy) => ({ x: dy });

/** @internal Another handle on a factor of a product, rounded as the block open now wants it; on the tape. */
export function factor(x: Tensor): Tensor {
  const half = halfOf(x);
  if (half === null) return x.alias();
  if (isGradEnabled() && x.requiresGrad) half.node = new Node('to', unchanged, { x }, { dtype: 'float16' });
  return half;
}

/**
 * Mixed precision (Micikevicius et al. 2018): inside `body`, the input and the weight of every `linear` are rounded to
 * float16, and so is the gradient that comes back to it, whenever backward() runs. The products are summed in float32;
 * everything else (norms, softmax, attention, loss, optimizer) is computed in float32, and results, parameters and their
 * gradients are float32. What the tape keeps for the gradients of linear, attention and activations it keeps in float16.
 *
 *     const loss = autocast('float16', () => model.forward(x).sub(y).square().mean());
 *
 * Gradients below 2⁻²⁵ would become 0: multiply the loss, see LossScaler. 'float32' inside switches it off for a block.
 *
 * @throws {ArgumentError} for another precision, or a body that is asynchronous: the block ends when `body` returns
 */
export function autocast<T>(precision: Precision, body: () => T): T {
  if (precision !== 'float32' && precision !== 'float16') {
    throw new ArgumentError(`autocast: ${JSON.stringify(precision)}. Expected 'float32' or 'float16'.`);
  }
  const before = current;
  const region = new Region(precision);
  current = region;
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new ArgumentError('autocast: the body is asynchronous. Await outside, and put what computes inside.');
    }
    return result;
  } finally {
    current = before;
    region.dispose();
  }
}
