import { autocast, type Precision, precisionNow } from './autocast.ts';
import { enableGrad, type GradRule, gradients, isGradEnabled, Leaf, leavesBelow, Node, noGrad } from './autograd.ts';
import { GradientError } from './errors.ts';
import { scope } from './memory.ts';
import { recordDraws, replayDraws } from './random.ts';
import type { Tensor } from './tensor.ts';
import { tracing } from './trace.ts';

/**
 * Runs `body` on the inputs and keeps nothing of it for the gradient but the inputs: backward() runs it again. Memory
 * for one more forward pass; a model of n equal layers, each recomputed, keeps n inputs and the inside of one layer.
 * Values are the same bits as without; so are gradients, but where an input is used several times inside and outside:
 * what comes together is then added in another order. Source: Chen et al. 2016, "Training deep nets with sublinear
 * memory cost".
 *
 *     const y = recompute((x) => layer.forward(x), x);
 *
 * An input may be null. `body` may use parameters freely; every other tensor that requires a gradient must be an input. It draws the same
 * random numbers the second time. While a trace is open, and without a tape, it simply runs.
 *
 * @throws {GradientError} when `body` reaches a tensor on the tape that is not among the inputs; on backward() with
 *   `createGraph`, since there is no second derivative
 */
export function recompute<In extends readonly (Tensor | null)[]>(
  body: (...inputs: In) => Tensor,
  ...inputs: In
): Tensor {
  if (!isGradEnabled() || tracing()) return body(...inputs);
  return scope(() => {
    const first = Node.next;
    const precision = precisionNow();
    const { value, draws } = recordDraws(() => attempt(body, inputs, precision));
    const { output, leaves: starts } = value;
    const parameters = leavesBelow(output, first, starts).map((leaf) => {
      const tensor = leaf.tensor.deref();
      if (tensor === undefined) throw new GradientError('recompute: a leaf that requires a gradient was dropped.');
      return tensor;
    });
    const needed = inputs.some((x) => x?.requiresGrad) || parameters.length > 0;
    if (output.node === null || !needed) return output.detach();

    const rule: GradRule = (dy, saved, { createGraph, needs }) => {
      if (createGraph) {
        throw new GradientError(
          'recompute: no second derivative. Run the body without recompute() where one is needed.',
        );
      }
      const again = inputs.map((_, i) => saved[`input${i}`] ?? null) as unknown as In;
      const wanted = parameters.map((_, i) => `parameter${i}`);
      const { output: y, inputs: handles } = replayDraws(draws, () =>
        enableGrad(() => attempt(body, again, precision)),
      );
      const asked = handles.flatMap((x, i) =>
        x !== null && needs[`input${i}`] ? [{ name: `input${i}`, tensor: x }] : [],
      );
      const all = [...asked, ...wanted.map((name) => ({ name, tensor: saved[name]! }))];
      const found = gradients(
        y,
        all.map(({ tensor }) => tensor),
        { gradient: dy },
      );
      return Object.fromEntries(all.map(({ name }, i) => [name, found[i] ?? null]));
    };
    const operands = Object.fromEntries([
      ...inputs.flatMap((x, i) => (x === null ? [] : [[`input${i}`, x] as const])),
      ...parameters.map((p, i) => [`parameter${i}`, p] as const),
    ]);
    const result = output.detach();
    const node = new Node('recompute', rule, operands, {});
    for (const [name, tensor] of Object.entries(operands)) node.save(name, tensor, false);
    result.node = node;
    return result;
  });
}

/** One run of the body, on handles of the inputs that are where its tape ends; in a block of `autocast` of its own. */
function attempt<In extends readonly (Tensor | null)[]>(
  body: (...inputs: In) => Tensor,
  inputs: In,
  precision: Precision,
) {
  const handles = inputs.map((x) => {
    if (x === null) return null;
    const own = noGrad(() => x.detach());
    if (x.requiresGrad) own.node = new Leaf(own);
    return own;
  }) as unknown as In;
  const output = autocast(precision, () => body(...handles));
  return { output, inputs: handles, leaves: new Set(handles.map((x) => x?.node ?? null)) };
}
