import { type GradContext, isGradEnabled, Node, noGrad } from './autograd.ts';
import { type DType, isFloat } from './dtype.ts';
import { DTypeError, given as describe } from './errors.ts';
import { scope } from './memory.ts';
import { anyLearns, checkInputs } from './op.ts';
import { Tensor } from './tensor.ts';
import { intervened, named, report, tracing } from './trace.ts';

/** A function with a gradient of its own: see {@link defineFunction}. */
export interface FunctionSpec<In extends string, A extends object> {
  readonly name: string;
  /** For people: shown in traces. Default: the name. */
  readonly formula?: string;
  readonly inputs: readonly In[];
  /** Attributes and their defaults. Default: none. */
  readonly attrs?: A;
  /** Dtypes each input may have; float32 alone where nothing is said. */
  readonly dtypes?: { readonly [K in NoInfer<In>]?: readonly DType[] };
  /** The output. Nothing in here is written on the tape; `save` keeps what `backward` needs. */
  readonly forward: (
    inputs: Readonly<Record<NoInfer<In>, Tensor>>,
    attrs: NoInfer<A>,
    save: (values: Readonly<Record<string, Tensor>>) => void,
  ) => Tensor;
  /** d loss / d each input, from dy = d loss / d output and what was saved; left out or null where there is none. */
  readonly backward: (
    dy: Tensor,
    saved: Readonly<Record<string, Tensor>>,
    context: GradContext<NoInfer<In>, NoInfer<A>>,
  ) => { readonly [K in NoInfer<In>]?: Tensor | null };
}

/**
 * Defines a function whose gradient is the one you write, as torch.autograd.Function: `forward` may compute in any way,
 * `backward` gives the gradients of the inputs. For second derivatives write `backward` in operations that have
 * gradients.
 */
export function defineFunction<const In extends string, A extends object = object>(
  spec: FunctionSpec<In, A>,
): (inputs: Readonly<Record<In, Tensor>>, attrs?: Partial<A>) => Tensor {
  const { name, formula = name } = spec;
  return (inputs, given) => {
    const attrs = { ...spec.attrs, ...given } as A;
    checkInputs(spec, inputs);
    const output = scope(() => {
      const kept: Record<string, Tensor> = {};
      const save = (values: Readonly<Record<string, Tensor>>): void => void Object.assign(kept, values);
      const made = noGrad(() => named(name, () => spec.forward(inputs, attrs, save)));
      if (!(made instanceof Tensor)) {
        throw new DTypeError(`${name}: forward returned ${describe(made)}, expected one tensor.`);
      }
      // another handle: forward may return an input as it is
      const result = made.detach();
      if (isGradEnabled() && isFloat(result.dtype) && anyLearns(inputs)) {
        const node = new Node(name, spec.backward as never, inputs, attrs);
        for (const [key, value] of Object.entries(kept)) node.save(key, value, value === made);
        result.node = node;
      }
      return result;
    });
    if (tracing()) {
      const event = { op: name, formula, attrs: attrs as Record<string, unknown>, inputs, output, kernels: [] };
      report({ ...event, time: Promise.resolve(null) }, output.node as Node | null);
    }
    return intervened(name, output);
  };
}
