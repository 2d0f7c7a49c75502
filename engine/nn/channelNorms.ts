import { noGrad } from '../autograd.ts';
import { defaultDevice } from '../device.ts';
import { ShapeError, show } from '../errors.ts';
import { scope, unscoped } from '../memory.ts';
import { add } from '../ops/binary.ts';
import { batchNorm, groupNorm, instanceNorm } from '../ops/channelNorms.ts';
import { reshape } from '../ops/views.ts';
import { writeSlice } from '../ops/writeSlice.ts';
import { Tensor } from '../tensor.ts';
import { constant, type ModuleOptions, newParameter } from './init.ts';
import { buffer, Module } from './module.ts';

export interface AffineOptions extends ModuleOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
  /** Learns a scale and an offset for each channel. */
  readonly affine?: boolean;
}

abstract class ChannelNorm extends Module {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly eps: number;

  constructor(channels: number, affine: boolean, options: AffineOptions) {
    super();
    this.weight = affine ? newParameter([channels], constant(1), options) : null;
    this.bias = affine ? newParameter([channels], constant(0), options) : null;
    this.eps = options.eps ?? 1e-5;
  }
}

/** Over the channels of each group and all places. Wu and He 2018. x [batch, channels, …]. */
export class GroupNorm extends ChannelNorm {
  readonly numGroups: number;

  constructor(numGroups: number, numChannels: number, options: AffineOptions = {}) {
    super(numChannels, options.affine ?? true, options);
    this.numGroups = numGroups;
  }

  forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, { eps: this.eps });
  }
}

/** Each channel of each example over its places. x [batch, channels, …]. `affine` is false by default, as in PyTorch. */
export class InstanceNorm extends ChannelNorm {
  constructor(numFeatures: number, options: AffineOptions = {}) {
    super(numFeatures, options.affine ?? false, options);
  }

  forward(x: Tensor): Tensor {
    return instanceNorm(x, this.weight, this.bias, { eps: this.eps });
  }
}

export interface BatchNormModuleOptions extends AffineOptions {
  /** How much of a batch goes into the running statistics. Default: 0.1. */
  readonly momentum?: number;
}

/**
 * Each channel over the batch and all places: by the batch itself in training, which moves the running mean and variance;
 * by these after `eval()`. Ioffe and Szegedy 2015. The running statistics are buffers, so checkpoints hold them.
 */
abstract class BatchNorm extends ChannelNorm {
  readonly momentum: number;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  /** Batches seen in training: int32. */
  readonly numBatchesTracked: Tensor;

  constructor(numFeatures: number, options: BatchNormModuleOptions = {}) {
    super(numFeatures, options.affine ?? true, options);
    const make = (values: readonly number[], shape: readonly number[], dtype: 'float32' | 'int32'): Tensor =>
      unscoped(() => buffer(Tensor.from(options.device ?? defaultDevice(), values, shape, dtype)));
    this.momentum = options.momentum ?? 0.1;
    this.runningMean = make(new Array(numFeatures).fill(0), [numFeatures], 'float32');
    this.runningVar = make(new Array(numFeatures).fill(1), [numFeatures], 'float32');
    this.numBatchesTracked = make([0], [], 'int32');
  }

  /** Numbers of dimensions that x may have. */
  protected abstract readonly ranks: readonly number[];

  forward(x: Tensor): Tensor {
    const { training, momentum, eps, ranks } = this;
    if (!ranks.includes(x.ndim)) {
      throw new ShapeError(
        `${this.constructor.name}: x ${show(x.shape)}. Expected ${ranks.join(' or ')} dimensions, the second one the channels.`,
      );
    }
    const y = batchNorm(x, this.runningMean, this.runningVar, this.weight, this.bias, { training, momentum, eps });
    if (training) {
      noGrad(() =>
        scope(() => {
          const count = reshape(this.numBatchesTracked, [1]);
          writeSlice(count, add(count, 1), 0, 0);
        }),
      );
    }
    return y;
  }
}

/** Batch normalisation of x [batch, channels] or [batch, channels, length]. */
export class BatchNorm1d extends BatchNorm {
  protected readonly ranks = [2, 3];
}

/** Batch normalisation of x [batch, channels, height, width]. */
export class BatchNorm2d extends BatchNorm {
  protected readonly ranks = [4];
}
