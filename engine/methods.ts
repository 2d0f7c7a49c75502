import { type BackwardOptions, backward, requiresGrad } from './autograd.ts';
import * as ops from './ops/methods.ts';
import { show } from './print.ts';
import { Tensor } from './tensor.ts';

/** What gradients are made of, and nobody calls by hand. */
const INTERNAL = ['sumTo', 'linearScan', 'embedSlice'] as const;

/** Functions only, though others need them: their first parameter is no tensor, or not the one they work on. */
const FUNCTIONS = ['cat', 'stack', 'fill', 'meshgrid', ...INTERNAL] as const;

/**
 * Every other exported operation is also a method of the same name: `softmax(x, -1)` is `x.softmax(-1)`. Nothing is
 * listed twice: types and methods follow ops/methods.ts.
 */
type Ops = typeof ops;
type Method<F> = F extends (x: Tensor, ...rest: infer R) => infer Out ? First<F> & ((...rest: R) => Out) : never;
/** The first of two signatures (of max, min and median); anything where there is one. */
type First<F> = F extends { (x: Tensor, ...rest: infer R): infer Out; (x: Tensor, ...rest: infer _R): infer _Out }
  ? unknown extends Out
    ? unknown
    : (...rest: R) => Out
  : unknown;
/** @internal The operations as methods of {@link Tensor}. */
type Methods = { [K in Exclude<keyof Ops, (typeof FUNCTIONS)[number]>]: Method<Ops[K]> };

declare module './tensor.ts' {
  interface Tensor extends Methods {
    /** Gradient of this tensor with respect to every leaf it was made from; see {@link backward}. */
    backward(gradient?: Tensor, options?: BackwardOptions): void;
    /** The values as text, shortened as PyTorch prints them: `console.log(await x.show())`. */
    show(): Promise<string>;
    /** Asks for a gradient of this leaf from now on (or no longer). */
    requiresGrad_(on?: boolean): this;
  }
}

const prototype = Tensor.prototype as unknown as Record<string, unknown>;
for (const [name, op] of Object.entries(ops)) {
  if ((FUNCTIONS as readonly string[]).includes(name)) continue;
  const f = op as (x: Tensor, ...rest: unknown[]) => unknown;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...rest: unknown[]) {
      return f(this, ...rest);
    },
  });
}
prototype['backward'] = function (this: Tensor, gradient?: Tensor, options?: BackwardOptions) {
  backward(this, gradient, options);
};
prototype['show'] = function (this: Tensor) {
  return show(this);
};
prototype['requiresGrad_'] = function (this: Tensor, on = true) {
  return requiresGrad(this, on);
};
