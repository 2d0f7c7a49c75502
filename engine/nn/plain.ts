import type { Tensor } from '../tensor.ts';
import { Module } from './module.ts';

/** An operation without parameters as a module, for a Sequential that keeps PyTorch's numbers. */
export abstract class Plain extends Module {
  readonly #f: (x: Tensor) => Tensor;

  constructor(f: (x: Tensor) => Tensor) {
    super();
    this.#f = f;
  }

  forward(x: Tensor): Tensor {
    return this.#f(x);
  }
}
