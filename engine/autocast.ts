import { isGradEnabled, Node } from './autograd.ts';
import { ArgumentError } from './errors.ts';
import { type Storage, unscoped } from './memory.ts';
import type { Tensor } from './tensor.ts';

/** What the products of linear layers are computed from. Sums are taken in float32 in any case. */
export type Precision = 'float32' | 'float16';

/**
 * One block of `autocast`: what was converted inside, so that a tensor used several times (a weight, the input of three
 * projections) is converted once. A conversion is kept as long as its source lives, at most to the end of the block.
 */
class Region {
  readonly precision: Precision;
  readonly #casts = new Map<Storage, Map<string, { readonly tensor: Tensor; readonly source: Tensor['node'] }>>();

  constructor(precision: Precision) {
    this.precision = precision;
  }

  cast(x: Tensor, convert: (x: Tensor) => Tensor): Tensor {
    const { storage } = x;
    let casts = this.#casts.get(storage);
    if (casts === undefined) this.#casts.set(storage, (casts = new Map()));
    const key = `${storage.version}:${x.offset}:${x.shape}:${x.strides}`;
    const found = casts.get(key);
    if (found !== undefined && found.source === x.node && usable(found.tensor, x)) return found.tensor;
    if (found !== undefined) this.#drop(storage, found.tensor);
    const tensor = unscoped(() => convert(x));
    casts.set(key, { tensor, source: x.node });
    storage.attach(tensor);
    return tensor;
  }

  dispose(): void {
    for (const [storage, casts] of this.#casts) for (const { tensor } of casts.values()) this.#drop(storage, tensor);
    this.#casts.clear();
  }

  #drop(storage: Storage, tensor: Tensor): void {
    storage.detach(tensor);
    tensor.dispose();
  }
}

/** False for a conversion that was freed, that lacks a place on the tape, or whose place a backward() has used up. */
function usable(tensor: Tensor, x: Tensor): boolean {
  if (tensor.disposed || tensor.requiresGrad !== (isGradEnabled() && x.requiresGrad)) return false;
  return !(tensor.node instanceof Node && tensor.node.freed);
}

let current: Region | null = null;

/** @internal The precision of the block open now. */
export const precisionNow = (): Precision => current?.precision ?? 'float32';

/** @internal A factor of a product as the block open now wants it; `convert` makes float16 of it. */
export function factor(x: Tensor, convert: (x: Tensor) => Tensor): Tensor {
  return current?.precision === 'float16' && x.dtype === 'float32' ? current.cast(x, convert) : x;
}

/**
 * Mixed precision (Micikevicius et al. 2018): inside `body`, the input and the weight of every `linear` are rounded to
 * float16, and so is the gradient that comes back to it, whenever backward() runs. The products are summed in float32, and
 * results, gradients and parameters stay float32; the tape keeps the float16 of the inputs. Everything else (norms,
 * softmax, attention, loss, optimizer) is float32.
 *
 *     const loss = autocast('float16', () => model.forward(x).sub(y).square().mean());
 *
 * Gradients below 2⁻²⁴ would become 0: multiply the loss, see LossScaler. 'float32' inside switches it off for a block.
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
