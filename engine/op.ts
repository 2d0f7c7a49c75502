import { halfOf } from './autocast.ts';
import { type GradContext, isGradEnabled, Node } from './autograd.ts';
import type { Backend, HostLaunch, Operand, WasmLaunch, WebGPULaunch } from './backend.ts';
import { type DType, isFloat } from './dtype.ts';
import { ArgumentError, DeviceError, DTypeError, given as describe, GradientError, show } from './errors.ts';
import { type LaunchTools, runKernels } from './launch.ts';
import { scope } from './memory.ts';
import type { NDArray } from './reference.ts';
import type { Layout, Shape } from './shape.ts';
import { Tensor } from './tensor.ts';
import { decomposing, intervened, named, report, tracing } from './trace.ts';

/** Shape and dtype: all that is known of a tensor before it is computed. */
export interface Meta {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** One value for each input; those in `Opt` may be missing. */
export type Slots<In extends string, Opt extends string, T> = { readonly [K in Exclude<In, Opt>]: T } & {
  readonly [K in Opt]?: T | undefined;
};

/** How one input of a test case is drawn; a bare shape means standard normal float32. */
export interface CaseInput {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** `positive`: uniform in (0.1, 2.1). `integer`: 0 to high − 1. `distinct`: normal, no two alike. */
  readonly values?: 'normal' | 'positive' | 'integer' | 'distinct' | readonly number[];
  readonly high?: number;
  readonly scale?: number;
}

/** Numbers to test an operation with, to time it with, and to show it with. */
export interface OpCase<In extends string, Opt extends string, A> {
  readonly inputs: Slots<In, Opt, Shape | CaseInput>;
  readonly attrs?: Partial<A>;
  /** Also part of the benchmark. */
  readonly bench?: boolean;
  /** Too large for finite differences. */
  readonly gradient?: boolean;
  readonly note?: string;
}

/** A kernel call on wasm. */
export type CpuLaunch = WasmLaunch | HostLaunch;

/** What every definition says. */
export interface Described<In extends string, Opt extends string, A> {
  /** camelCase, as the function and the method are called. */
  readonly name: string;
  /** Plain text, for people: shown in traces, docs and the step-through. */
  readonly formula: string;
  readonly inputs: readonly In[];
  /** Those of `inputs` that may be left out. */
  readonly optional?: readonly Opt[];
  /** True for any number of tensors: the one name in `inputs` then stands for x0, x1, …, and what is said of it for all. */
  readonly variadic?: boolean;
  /** Attributes and their defaults. */
  readonly attrs: A;
  /** Dtypes each input may have; float32 alone where nothing is said. */
  readonly dtypes?: { readonly [K in In]?: readonly DType[] };
  /** Inputs that are looked up and never learnt: asking for their gradient is an error. */
  readonly constants?: readonly NoInfer<In>[];
  /** The formula in float64, of the first output. */
  readonly reference: (inputs: Slots<NoInfer<In>, NoInfer<Opt>, NDArray>, attrs: NoInfer<A>) => NDArray;
  readonly cases: readonly OpCase<NoInfer<In>, NoInfer<Opt>, NoInfer<A>>[];
}

/** The definition of an operation that computes, whole: see {@link defineOp}. */
export interface OpSpec<In extends string, Opt extends string, Extra extends string, A extends object>
  extends Described<In, Opt, A> {
  /** Shape of the output; throws a ShapeError for inputs that do not fit. */
  readonly shape: (inputs: Slots<NoInfer<In>, NoInfer<Opt>, Meta>, attrs: NoInfer<A>) => Shape;
  /** Dtype of the output; default: that of the first input. */
  readonly dtype?: DType | ((inputs: Slots<NoInfer<In>, NoInfer<Opt>, Meta>, attrs: NoInfer<A>) => DType);
  /** Further outputs: indices, or what the gradient wants to know. */
  readonly extra?: (inputs: Slots<NoInfer<In>, NoInfer<Opt>, Meta>, attrs: NoInfer<A>) => Readonly<Record<Extra, Meta>>;
  /** Inputs whose kernels take any strides and offset; the others are handed over row-major without gaps. */
  readonly strided?: readonly NoInfer<In>[];
  /** Inputs whose kernels take any strides and offset as long as the numbers of a row lie side by side. */
  readonly rowsStrided?: readonly NoInfer<In>[];
  /** The WGSL kernel; an operation of a user may lack it, and then runs on wasm only. */
  readonly webgpu?: (
    operands: Slots<NoInfer<In>, NoInfer<Opt>, Operand> & Readonly<Record<NoInfer<Extra> | 'output', Operand>>,
    attrs: A,
    tools: LaunchTools,
  ) => WebGPULaunch | readonly WebGPULaunch[];
  /** The kernel on the CPU. Default: the reference, in JavaScript. */
  readonly wasm?: (
    operands: Slots<NoInfer<In>, NoInfer<Opt>, Operand> & Readonly<Record<NoInfer<Extra> | 'output', Operand>>,
    attrs: A,
    tools: LaunchTools,
  ) => CpuLaunch | readonly CpuLaunch[];
  /** The same in other operations: run where a fused operation must be taken apart. */
  readonly composed?: (inputs: Slots<NoInfer<In>, NoInfer<Opt>, Tensor>, attrs: NoInfer<A>) => Tensor;
  /** Inputs and outputs the gradient needs. */
  readonly saves?: readonly (NoInfer<In> | NoInfer<Extra> | 'output')[];
  /** Those of `saves` that may be rounded: inside `autocast` the tape keeps them in float16. */
  readonly halves?: readonly (NoInfer<In> | NoInfer<Extra> | 'output')[];
  /** d loss / d each input, from dy = d loss / d output; absent where there is none. */
  readonly grad?: (
    dy: Tensor,
    saved: Slots<NoInfer<In>, NoInfer<Opt>, Tensor> & Readonly<Record<NoInfer<Extra> | 'output', Tensor>>,
    context: GradContext<NoInfer<In>, NoInfer<A>>,
  ) => { readonly [K in NoInfer<In>]?: Tensor | null };
}

/** An operation as everything outside sees it. */
export interface Op {
  readonly name: string;
  readonly kind: 'kernel' | 'view' | 'composite';
  readonly formula: string;
  readonly inputs: readonly string[];
  readonly optional: readonly string[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly dtypes: Readonly<Record<string, readonly DType[]>>;
  readonly constants: readonly string[];
  readonly differentiable: boolean;
  readonly reference: (inputs: Readonly<Record<string, NDArray>>, attrs: never) => NDArray;
  readonly cases: readonly OpCase<string, string, object>[];
  run(inputs: Readonly<Record<string, Tensor>>, attrs?: object): Tensor;
}

const registry = new Map<string, Op>();

/** Every operation by name, in the order of ops/index.ts. */
export const operations = (): ReadonlyMap<string, Op> => registry;

function register<T extends Op>(op: T): T {
  if (registry.has(op.name)) throw new DTypeError(`defineOp: two operations are called ${op.name}.`);
  registry.set(op.name, op);
  return op;
}

export interface KernelOp<In extends string, Opt extends string, Extra extends string, A extends object> extends Op {
  /** The output, from inputs by name. */
  (inputs: Slots<In, Opt, Tensor>, attrs?: Partial<A>): Tensor;
  /** The output and the extra outputs; the latter are not differentiable. */
  all(inputs: Slots<In, Opt, Tensor>, attrs?: Partial<A>): Readonly<Record<Extra | 'output', Tensor>>;
}

/**
 * Defines an operation: everything about it in one object, from which come the function, the tape entry, the tests,
 * the benchmark, the trace label and the docs. The kernels are called with operands by the names of the inputs and
 * outputs.
 */
export function defineOp<
  const In extends string,
  A extends object,
  const Opt extends string = never,
  Extra extends string = never,
>(spec: OpSpec<In, Opt, Extra, A>): KernelOp<In, Opt, Extra, A> {
  type Inputs = Slots<In, Opt, Tensor>;
  const all = (given: Inputs, attrs?: Partial<A>): Readonly<Record<Extra | 'output', Tensor>> => {
    const full = attrs === undefined ? spec.attrs : { ...spec.attrs, ...attrs };
    const inputs = present(spec, given);
    const device = checkInputs(spec, inputs);
    const metas = inputs as Slots<In, Opt, Meta> & Record<string, Tensor>;
    const { dtype = firstDtype } = spec;
    const outputs: Record<string, Tensor> = {
      output: Tensor.empty(device, spec.shape(metas, full), typeof dtype === 'function' ? dtype(metas, full) : dtype),
    };
    if (spec.extra !== undefined) {
      for (const [name, { shape, dtype: type }] of Object.entries<Meta>(spec.extra(metas, full)))
        outputs[name] = Tensor.empty(device, shape, type);
    }
    const { kernels, time } = runKernels(spec as never, device, inputs, outputs, full);

    const result = outputs as Record<Extra | 'output', Tensor>;
    let node: Node | null = null;
    if (isGradEnabled() && isFloat(result.output.dtype) && anyLearns(inputs)) {
      node = new Node(spec.name, (spec.grad as never) ?? null, inputs, full);
      for (const name of spec.saves ?? []) {
        const t = inputs[name] ?? outputs[name];
        const half = t !== undefined && spec.halves?.includes(name) ? halfOf(t) : null;
        if (half !== null) node.saveHalf(name, half);
        else if (t !== undefined) node.save(name, t, name in outputs);
        half?.dispose();
      }
      result.output.node = node;
    }
    if (tracing()) {
      const { name, formula } = spec;
      report(
        { op: name, formula, attrs: full as Record<string, unknown>, inputs, output: result.output, kernels, time },
        node,
      );
    }
    return result;
  };
  const takeApart = (given: Inputs, attrs: A): Tensor => {
    const { composed, name, formula } = spec;
    const output = scope(() => named(name, () => composed!(given, attrs)));
    const whole = {
      op: name,
      formula,
      attrs: attrs as Record<string, unknown>,
      kernels: [],
      time: Promise.resolve(null),
    };
    report({ ...whole, inputs: present(spec, given), output }, output.node as Node | null);
    return intervened(name, output);
  };
  const call = (given: Inputs, attrs?: Partial<A>): Tensor => {
    if (spec.composed !== undefined && decomposing(spec.name)) return takeApart(given, { ...spec.attrs, ...attrs });
    const outputs = all(given, attrs) as Readonly<Record<string, Tensor>>;
    if (spec.extra !== undefined) for (const name in outputs) if (name !== 'output') outputs[name]!.dispose();
    return intervened(spec.name, outputs['output']!);
  };
  return publish(Object.assign(call, { all }), call, spec, 'kernel', spec.grad !== undefined);
}

export interface ViewSpec<In extends string, A extends object> extends Described<In, never, A> {
  /** Where the elements of the output lie; null where no view can show them and a copy is needed. */
  readonly layout: (x: Layout, attrs: NoInfer<A>) => Layout | null;
  /** For a layout of null: the result by other means. */
  readonly copy?: (x: Tensor, attrs: NoInfer<A>) => Tensor;
  readonly grad: (dy: Tensor, context: GradContext<NoInfer<In>, NoInfer<A>>) => Tensor;
}

export type ViewOp<A extends object> = Op & ((x: Tensor, attrs: A) => Tensor);

/** Defines an operation that moves nothing: its output shows the elements of its one input in another layout. */
export function defineView<const In extends string, A extends object>(spec: ViewSpec<In, A>): ViewOp<A> {
  const call = (x: Tensor, attrs: A): Tensor => {
    const layout = spec.layout(x, attrs);
    if (layout === null) return spec.copy!(x, attrs);
    let node: Node | null = null;
    const inputs = { x };
    if (isGradEnabled() && x.requiresGrad) {
      node = new Node(spec.name, (dy, _saved, context) => ({ x: spec.grad(dy, context as never) }), inputs, attrs);
    }
    const output = new Tensor(x.storage.retain(), layout, x.dtype, node);
    if (tracing()) {
      const { name, formula } = spec;
      report(
        {
          op: name,
          formula,
          attrs: attrs as Record<string, unknown>,
          inputs,
          output,
          kernels: [],
          time: Promise.resolve(0),
        },
        node,
      );
    }
    return intervened(spec.name, output);
  };
  const byName = (given: { x: Tensor }, attrs?: A): Tensor => call(given.x, { ...spec.attrs, ...attrs } as A);
  return publish(call, byName, spec, 'view', true);
}

export interface CompositeSpec<In extends string, Opt extends string, A extends object> extends Described<In, Opt, A> {
  readonly compute: (inputs: Slots<NoInfer<In>, NoInfer<Opt>, Tensor>, attrs: NoInfer<A>) => Tensor;
  /** False where the result has no gradient, such as an index. */
  readonly differentiable?: boolean;
}

export type CompositeOp<In extends string, Opt extends string, A extends object> = Op &
  ((inputs: Slots<In, Opt, Tensor>, attrs?: Partial<A>) => Tensor);

/** Defines an operation made of others; its gradient is theirs. */
export function defineComposite<const In extends string, A extends object, const Opt extends string = never>(
  spec: CompositeSpec<In, Opt, A>,
): CompositeOp<In, Opt, A> {
  const call = (given: Slots<In, Opt, Tensor>, attrs?: Partial<A>): Tensor => {
    const inputs = present(spec, given);
    checkInputs(spec, inputs);
    return intervened(
      spec.name,
      scope(() => named(spec.name, () => spec.compute(inputs as never, { ...spec.attrs, ...attrs }))),
    );
  };
  return publish(call, call, spec, 'composite', spec.differentiable ?? true);
}

/** What everything outside sees of an operation, put on the function that calls it; `byName` takes the inputs by name. */
function publish<F extends (...args: never[]) => Tensor, In extends string, Opt extends string, A>(
  call: F,
  byName: (inputs: never, attrs?: never) => Tensor,
  spec: Described<In, Opt, A>,
  kind: Op['kind'],
  differentiable: boolean,
): F & Op {
  const { name, formula, inputs, optional = [], attrs, constants = [] } = spec;
  const op: Op = {
    ...{ name, kind, formula, inputs, optional, constants, differentiable },
    attrs: attrs as Record<string, unknown>,
    dtypes: Object.fromEntries(inputs.map((input) => [input, spec.dtypes?.[input] ?? FLOAT])),
    reference: (spec.reference ?? unpublished) as unknown as Op['reference'],
    cases: (spec.cases ?? []) as unknown as Op['cases'],
    run: (given, chosen = {}) => byName(given as never, chosen as never),
  };
  // a function's own name is read-only until it is defined anew
  Object.defineProperty(call, 'name', { value: name, writable: true });
  return register(Object.assign(call, op));
}

/** The package leaves the references and cases of its own operations out: only its tests and its benchmark read them. */
function unpublished(): never {
  throw new ArgumentError('reference: the package holds none for its own operations. They are in its source.');
}

const FLOAT: readonly DType[] = ['float32'];

/** The inputs that were given. */
function present<In extends string, Opt extends string, A>(
  { optional }: Described<In, Opt, A>,
  given: object,
): Record<string, Tensor> {
  if (optional === undefined) return given as Record<string, Tensor>;
  return Object.fromEntries(Object.entries(given).filter(([, t]) => t !== undefined && t !== null));
}

export function anyLearns(inputs: Readonly<Record<string, Tensor>>): boolean {
  for (const name in inputs) if (inputs[name]!.requiresGrad) return true;
  return false;
}

function firstDtype(inputs: Readonly<Record<string, Meta>>): DType {
  for (const name in inputs) return inputs[name]!.dtype;
  return 'float32';
}

/** What is checked of the inputs of every operation. */
type Checked<In extends string, Opt extends string> = Pick<
  Described<In, Opt, object>,
  'name' | 'inputs' | 'optional' | 'variadic' | 'dtypes' | 'constants'
>;

/** Same device, dtypes the operation takes, no gradient asked of a constant, nothing missing. Returns the device. */
export function checkInputs<In extends string, Opt extends string>(
  { name, inputs, optional, variadic, dtypes, constants }: Checked<In, Opt>,
  given: Readonly<Record<string, Tensor>>,
): Backend {
  let device: Backend | null = null;
  for (const input in given) {
    const t = given[input]!;
    required(name, input, t);
    const takes = dtypes?.[variadic ? inputs[0]! : (input as In)] ?? FLOAT;
    if (!takes.includes(t.dtype)) {
      throw new DTypeError(
        `${name}: ${input} is ${t.dtype} ${show(t.shape)}, expected ${takes.join(' or ')}. Convert it with to('${takes[0]}').`,
      );
    }
    if (t.requiresGrad && constants?.includes(input as In) && isGradEnabled()) {
      throw new GradientError(`${name}: ${input} requires a gradient, but is a constant here. Give detach() of it.`);
    }
    device ??= t.device;
    if (t.device !== device) {
      throw new DeviceError(
        `${name}: ${input} is on ${t.device.name}, the inputs before it on ${device.name}. Move it: await x.to(device).`,
      );
    }
  }
  if (!variadic) for (const i of inputs) if (!optional?.includes(i as never)) required(name, i, given[i]);
  if (device === null) throw new DTypeError(`${name}: no inputs were given.`);
  return device;
}

function required(op: string, input: string, t: Tensor | undefined): void {
  if (t instanceof Tensor) return;
  if (t === undefined || t === null) throw new DTypeError(`${op}: the input ${input} is missing.`);
  throw new DTypeError(`${op}: ${input} is ${describe(t)}, expected a tensor. Make one with tensor().`);
}
