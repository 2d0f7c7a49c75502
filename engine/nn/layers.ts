import { dropout } from '../ops/dropout.ts';
import { embedding } from '../ops/embedding.ts';
import { layerNorm } from '../ops/layerNorm.ts';
import { linear } from '../ops/linear.ts';
import { rmsNorm } from '../ops/rmsNorm.ts';
import { defaultGenerator, type Generator } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { constant, type ModuleOptions, newParameter, normal, uniform } from './init.ts';
import { Module } from './module.ts';

export interface LinearOptions extends ModuleOptions {
  readonly bias?: boolean;
  readonly weight?: Tensor;
}

/** y = x·Wᵀ + b, with W [out, in]; both start uniform in ±1/√in. `weight` shares another module's matrix. */
export class Linear extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    const init = uniform(1 / Math.sqrt(Math.max(1, inFeatures)));
    this.weight = options.weight ?? newParameter([outFeatures, inFeatures], init, options);
    this.bias = options.bias === false ? null : newParameter([outFeatures], init, options);
  }

  /** x: [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

/** A table with one row of `dim` numbers for each of `count` ids. */
export class Embedding extends Module {
  readonly weight: Tensor;
  readonly paddingIdx: number | null;

  constructor(count: number, dim: number, options: ModuleOptions & { readonly paddingIdx?: number } = {}) {
    super();
    this.weight = newParameter([count, dim], normal(1), options);
    this.paddingIdx = options.paddingIdx ?? null;
  }

  /** ids: int32 [...] → [..., dim] */
  forward(ids: Tensor): Tensor {
    return embedding(ids, this.weight, this.paddingIdx === null ? {} : { paddingIdx: this.paddingIdx });
  }
}

/** Over the last dimension: (x − mean)/√(var + eps)·weight + bias. Ba, Kiros and Hinton 2016. */
export class LayerNorm extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly eps: number;

  constructor(dim: number, options: ModuleOptions & { readonly eps?: number } = {}) {
    super();
    this.weight = newParameter([dim], constant(1), options);
    this.bias = newParameter([dim], constant(0), options);
    this.eps = options.eps ?? 1e-5;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, { eps: this.eps });
  }
}

/** Over the last dimension: x/√(mean x² + eps)·weight. Zhang and Sennrich 2019. */
export class RMSNorm extends Module {
  readonly weight: Tensor;
  readonly eps: number;

  constructor(dim: number, options: ModuleOptions & { readonly eps?: number } = {}) {
    super();
    this.weight = newParameter([dim], constant(1), options);
    this.eps = options.eps ?? 1e-6;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, { eps: this.eps });
  }
}

/** In training: each value is zeroed with probability p, the others divided by 1 − p. Srivastava et al. 2014. */
export class Dropout extends Module {
  readonly p: number;
  readonly generator: Generator | undefined;

  constructor(p = 0.5, options: Pick<ModuleOptions, 'generator'> = {}) {
    super();
    this.p = p;
    this.generator = options.generator;
  }

  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    return dropout(x, this.p, { generator: this.generator ?? defaultGenerator });
  }
}
