import {
  elu,
  glu,
  hardsigmoid,
  hardswish,
  leakyRelu,
  logSigmoid,
  mish,
  prelu,
  quickGelu,
  relu6,
  selu,
  softplus,
} from '../ops/activations.ts';
import { logSoftmax, softmax } from '../ops/softmax.ts';
import { type GeluOptions, gelu, relu, sigmoid, silu, tanh } from '../ops/unary.ts';
import type { Tensor } from '../tensor.ts';
import { constant, type ModuleOptions, newParameter } from './init.ts';
import { Module } from './module.ts';
import { Plain } from './plain.ts';

/** Activations as modules, so that a Sequential has PyTorch's numbers. Each is the function of its name. */

export class ReLU extends Plain {
  constructor() {
    super(relu);
  }
}

export class ReLU6 extends Plain {
  constructor() {
    super(relu6);
  }
}

export class GELU extends Plain {
  constructor(options: GeluOptions = {}) {
    super((x) => gelu(x, options));
  }
}

export class QuickGELU extends Plain {
  constructor() {
    super(quickGelu);
  }
}

export class SiLU extends Plain {
  constructor() {
    super(silu);
  }
}

export class Sigmoid extends Plain {
  constructor() {
    super(sigmoid);
  }
}

export class LogSigmoid extends Plain {
  constructor() {
    super(logSigmoid);
  }
}

export class Tanh extends Plain {
  constructor() {
    super(tanh);
  }
}

export class LeakyReLU extends Plain {
  constructor(negativeSlope = 0.01) {
    super((x) => leakyRelu(x, negativeSlope));
  }
}

export class ELU extends Plain {
  constructor(alpha = 1) {
    super((x) => elu(x, alpha));
  }
}

export class SELU extends Plain {
  constructor() {
    super(selu);
  }
}

export class Mish extends Plain {
  constructor() {
    super(mish);
  }
}

export class Hardswish extends Plain {
  constructor() {
    super(hardswish);
  }
}

export class Hardsigmoid extends Plain {
  constructor() {
    super(hardsigmoid);
  }
}

export class Softplus extends Plain {
  constructor(beta = 1) {
    super((x) => softplus(x, { beta }));
  }
}

export class GLU extends Plain {
  constructor(dim = -1) {
    super((x) => glu(x, dim));
  }
}

export class Softmax extends Plain {
  constructor(dim = -1) {
    super((x) => softmax(x, dim));
  }
}

export class LogSoftmax extends Plain {
  constructor(dim = -1) {
    super((x) => logSoftmax(x, dim));
  }
}

/** x where it is positive, else a learnt weight times x: one weight, or one for each channel; it begins at `init`. */
export class PReLU extends Module {
  readonly weight: Tensor;

  constructor(numParameters = 1, options: ModuleOptions & { readonly init?: number } = {}) {
    super();
    this.weight = newParameter([numParameters], constant(options.init ?? 0.25), options);
  }

  forward(x: Tensor): Tensor {
    return prelu(x, this.weight);
  }
}
