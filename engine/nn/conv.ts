import {
  type Conv1dOptions as Along,
  type ConvOptions,
  type ConvTransposeOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
} from '../ops/conv.ts';
import { pairOf, type SizePair } from '../ops/window.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { type ModuleOptions, newParameter, uniform } from './init.ts';
import { Module } from './module.ts';

export interface BiasOption {
  /** Default: true. */
  readonly bias?: boolean;
}

export type Conv2dOptions = ModuleOptions & ConvOptions & BiasOption;
export type ConvTranspose2dOptions = ModuleOptions & ConvTransposeOptions & BiasOption;
export type Conv1dModuleOptions = ModuleOptions & Along & BiasOption;
export type ConvTranspose1dOptions = Conv1dModuleOptions & { readonly outputPadding?: number };

/** Weight and bias of a convolution: both start uniform in ±1/√(second size of the weight · kernel), as PyTorch's do. */
abstract class Convolution extends Module {
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(shape: Shape, outChannels: number, options: ModuleOptions & BiasOption) {
    super();
    const init = uniform(1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1)));
    this.weight = newParameter(shape, init, options);
    this.bias = options.bias === false ? null : newParameter([outChannels], init, options);
  }
}

/** Convolution over two dimensions: x [batch, in, height, width] → [batch, out, …]. See `conv2d`. */
export class Conv2d extends Convolution {
  readonly options: ConvOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: SizePair, options: Conv2dOptions = {}) {
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
    super([outChannels, inChannels / groups, ...pairOf('Conv2d', 'kernelSize', kernelSize, 1)], outChannels, options);
    this.options = { stride, padding, dilation, groups };
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options);
  }
}

/** Convolution over one dimension: x [batch, in, length] → [batch, out, …]. See `conv1d`. */
export class Conv1d extends Convolution {
  readonly options: Along;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dModuleOptions = {}) {
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
    super([outChannels, inChannels / groups, kernelSize], outChannels, options);
    this.options = { stride, padding, dilation, groups };
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.options);
  }
}

/** The transpose of a convolution over two dimensions, which upsamples by its stride. See `convTranspose2d`. */
export class ConvTranspose2d extends Convolution {
  readonly options: ConvTransposeOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: SizePair, options: ConvTranspose2dOptions = {}) {
    const { stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = options;
    super(
      [inChannels, outChannels / groups, ...pairOf('ConvTranspose2d', 'kernelSize', kernelSize, 1)],
      outChannels,
      options,
    );
    this.options = { stride, padding, dilation, groups, outputPadding };
  }

  forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.options);
  }
}

/** The transpose of a convolution over one dimension. See `convTranspose1d`. */
export class ConvTranspose1d extends Convolution {
  readonly options: Along & { readonly outputPadding: number };

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: ConvTranspose1dOptions = {}) {
    const { stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = options;
    super([inChannels, outChannels / groups, kernelSize], outChannels, options);
    this.options = { stride, padding, dilation, groups, outputPadding };
  }

  forward(x: Tensor): Tensor {
    return convTranspose1d(x, this.weight, this.bias, this.options);
  }
}
