import { gradients, noGrad } from './autograd.ts';
import { ArgumentError, GradientError } from './errors.ts';
import { scope } from './memory.ts';
import { Stream } from './random.ts';
import { Tensor } from './tensor.ts';

export interface GradcheckOptions {
  /** Step of the difference, in units of the input. */
  readonly eps?: number;
  readonly relative?: number;
  readonly absolute?: number;
}

/**
 * Holds the gradients of `f` against central differences: for every element x of every input,
 * (L(x + ε) − L(x − ε)) / 2ε with L = ⟨w, f(…)⟩ for fixed random weights w. Everything is float32, so the default step
 * and tolerances are wide: it finds wrong formulas, not rounding. Inputs are read, not changed.
 *
 * @throws {GradientError} naming the input, the element and both numbers where they differ
 */
export async function gradcheck(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  { eps = 1e-2, relative = 2e-2, absolute = 2e-3 }: GradcheckOptions = {},
): Promise<true> {
  if (!inputs.some((t) => t.requiresGrad)) throw new ArgumentError('gradcheck: no input requires a gradient.');
  using _ = scope();
  const values = await Promise.all(inputs.map((t) => t.data()));
  const shape = noGrad(() => scope(() => f(...inputs))).shape;
  const stream = new Stream(1234);
  const weights = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.normal());
  const total = (args: readonly Tensor[]): Tensor => {
    const y = f(...args);
    return y.mul(Tensor.from(y.device, weights, y.shape, 'float32')).sum();
  };
  const learnt = inputs.filter((t) => t.requiresGrad);
  const found = gradients(total(inputs), learnt);
  for (const [k, input] of learnt.entries()) {
    const which = inputs.indexOf(input);
    const got = (await found[k]?.data()) ?? new Float32Array(input.size);
    for (let i = 0; i < input.size; i++) {
      const at = async (shift: number): Promise<number> => {
        using inner = scope();
        const moved = Float32Array.from(values[which]!);
        moved[i]! += shift;
        const args = inputs.map((t) => (t === input ? Tensor.from(t.device, moved, t.shape, t.dtype) : t));
        const value = await noGrad(() => total(args)).item();
        inner.dispose();
        return value;
      };
      const want = ((await at(eps)) - (await at(-eps))) / (2 * eps);
      if (!(Math.abs(got[i]! - want) <= relative * Math.abs(want) + absolute)) {
        throw new GradientError(
          `gradcheck: input ${which}, element ${i}: the gradient is ${got[i]}, the difference says ${want}. ` +
            'Check the gradient rule, and that f has no kink within eps of this point.',
        );
      }
    }
  }
  return true;
}
