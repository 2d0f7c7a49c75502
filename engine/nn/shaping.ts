import { adaptiveAvgPool1d, adaptiveAvgPool2d, type InterpolateOptions, interpolate } from '../ops/interpolate.ts';
import {
  type AvgPoolOptions,
  avgPool1d,
  avgPool2d,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  type Pool1dOptions,
} from '../ops/pool.ts';
import { flatten, reshape } from '../ops/views.ts';
import type { SizePair } from '../ops/window.ts';
import { normalizeDim, type Shape } from '../shape.ts';
import { Plain } from './plain.ts';

/** x as it is. */
export class Identity extends Plain {
  constructor() {
    super((x) => x.alias());
  }
}

/** Dimensions `start` to `end` as one; by default all but the batch. */
export class Flatten extends Plain {
  constructor(start = 1, end = -1) {
    super((x) => flatten(x, start, end));
  }
}

/** Dimension `dim` as several; one of the sizes may be −1. */
export class Unflatten extends Plain {
  constructor(dim: number, sizes: Shape) {
    super((x) => {
      const d = normalizeDim('Unflatten', dim, x.ndim);
      return reshape(x, [...x.shape.slice(0, d), ...sizes, ...x.shape.slice(d + 1)]);
    });
  }
}

/** See `maxPool2d`. */
export class MaxPool2d extends Plain {
  constructor(kernelSize: SizePair, options: MaxPoolOptions = {}) {
    super((x) => maxPool2d(x, kernelSize, options));
  }
}

/** See `maxPool1d`. */
export class MaxPool1d extends Plain {
  constructor(kernelSize: number, options: Pool1dOptions<MaxPoolOptions> = {}) {
    super((x) => maxPool1d(x, kernelSize, options));
  }
}

/** See `avgPool2d`. */
export class AvgPool2d extends Plain {
  constructor(kernelSize: SizePair, options: AvgPoolOptions = {}) {
    super((x) => avgPool2d(x, kernelSize, options));
  }
}

/** See `avgPool1d`. */
export class AvgPool1d extends Plain {
  constructor(kernelSize: number, options: Pool1dOptions<AvgPoolOptions> = {}) {
    super((x) => avgPool1d(x, kernelSize, options));
  }
}

/** See `adaptiveAvgPool2d`. */
export class AdaptiveAvgPool2d extends Plain {
  constructor(outputSize: SizePair) {
    super((x) => adaptiveAvgPool2d(x, outputSize));
  }
}

/** See `adaptiveAvgPool1d`. */
export class AdaptiveAvgPool1d extends Plain {
  constructor(outputSize: number) {
    super((x) => adaptiveAvgPool1d(x, outputSize));
  }
}

/** See `interpolate`. */
export class Upsample extends Plain {
  constructor(options: InterpolateOptions) {
    super((x) => interpolate(x, options));
  }
}
