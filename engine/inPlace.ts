import type { Backend, Launch, Operand } from './backend.ts';
import type { DType } from './dtype.ts';
import { DeviceError, DTypeError, show } from './errors.ts';
import { type LaunchTools, runLaunches } from './launch.ts';
import type { Storage } from './memory.ts';
import type { OpCase, Slots } from './op.ts';
import type { NDArray } from './reference.ts';
import { type Layout, sizeOf } from './shape.ts';
import { Tensor } from './tensor.ts';
import { report, tracingInPlace } from './trace.ts';

/** A piece of memory that a kernel reads or changes: a tensor is one, and so is a range of a flat buffer. */
export interface Region extends Layout {
  readonly storage: Storage;
  readonly dtype: DType;
}

/** The definition of a kernel that changes memory in place: see {@link defineInPlace}. */
export interface InPlaceSpec<Name extends string, Opt extends string, A extends object> {
  /** camelCase, as traces and tests call it. */
  readonly name: string;
  /** Plain text, for people: what is there afterwards, of what was there before. */
  readonly formula: string;
  /** All operands, in order. */
  readonly operands: readonly Name[];
  /** Those that may be left out. */
  readonly optional?: readonly Opt[];
  /** Those that are changed. Nobody else may show the same memory in one call. */
  readonly writes: readonly NoInfer<Name>[];
  /** Attributes and their defaults. */
  readonly attrs: A;
  /** Dtypes each operand may have; float32 alone where nothing is said. */
  readonly dtypes?: { readonly [K in Name]?: readonly DType[] };
  readonly webgpu: (
    operands: Slots<NoInfer<Name>, NoInfer<Opt>, Operand>,
    attrs: A,
    tools: LaunchTools,
  ) => Launch | readonly Launch[];
  readonly wasm: (
    operands: Slots<NoInfer<Name>, NoInfer<Opt>, Operand>,
    attrs: A,
    tools: LaunchTools,
  ) => Launch | readonly Launch[];
  /** The formula in float64: what each operand of `writes` holds afterwards. */
  readonly reference: (
    operands: Slots<NoInfer<Name>, NoInfer<Opt>, NDArray>,
    attrs: NoInfer<A>,
  ) => { readonly [K in NoInfer<Name>]?: NDArray };
  readonly cases: readonly OpCase<NoInfer<Name>, NoInfer<Opt>, NoInfer<A>>[];
}

/** A kernel that works in place, as tests and the benchmark see it. */
export interface InPlaceKernel {
  readonly name: string;
  readonly formula: string;
  readonly writes: readonly string[];
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly reference: (
    operands: Readonly<Record<string, NDArray>>,
    attrs: never,
  ) => Readonly<Record<string, NDArray | undefined>>;
  readonly cases: readonly OpCase<string, string, object>[];
  run(operands: Readonly<Record<string, Region>>, attrs?: object): void;
}

const registry = new Map<string, InPlaceKernel>();

/** Every kernel that works in place, by name. */
export const inPlaceKernels = (): ReadonlyMap<string, InPlaceKernel> => registry;

/**
 * Defines a kernel that changes memory in place: everything about it in one object, as `defineOp` does for operations,
 * from which come the function, the tests, the benchmark and the trace label. It is on no tape; what the tape saved of
 * the memory is out of date from the call on, and using it is an error.
 */
export function defineInPlace<const Name extends string, A extends object, const Opt extends string = never>(
  spec: InPlaceSpec<Name, Opt, A>,
): (operands: Slots<Name, Opt, Region>, attrs?: Partial<A>) => void {
  type Operands = Slots<Name, Opt, Operand>;
  const { name, formula, writes } = spec;
  const call = (given: Slots<Name, Opt, Region>, attrs?: Partial<A>): void => {
    const regions = Object.fromEntries(Object.entries(given).filter(([, region]) => region)) as Record<string, Region>;
    const device = checked(spec, regions);
    const written = writes.flatMap((each) => regions[each] ?? []);
    if (written.every(({ shape }) => sizeOf(shape) === 0)) return;
    const full: A = { ...spec.attrs, ...attrs };
    const operands = Object.fromEntries(Object.entries(regions).map(([each, region]) => [each, operandOf(region)]));
    const launches = (tools: LaunchTools): Launch | readonly Launch[] =>
      spec[device.name](operands as Operands, full, tools);
    const { kernels, time } = runLaunches(device, launches);
    for (const { storage } of written) storage.version++;
    if (!tracingInPlace()) return;
    const shown = Object.fromEntries(Object.entries(regions).map(([each, region]) => [each, handleOn(region)]));
    const output = shown[writes[0]!]!;
    report(
      { op: name, formula, attrs: full as Record<string, unknown>, inputs: shown, output, kernels, time },
      null,
      true,
    );
    for (const handle of Object.values(shown)) handle.dispose();
  };
  if (registry.has(name)) throw new DTypeError(`defineInPlace: two kernels are called ${name}.`);
  registry.set(name, {
    ...{ name, formula, writes, attrs: spec.attrs as Record<string, unknown> },
    reference: spec.reference as unknown as InPlaceKernel['reference'],
    cases: (spec.cases ?? []) as unknown as InPlaceKernel['cases'],
    run: (operands, attrs = {}) => call(operands as never, attrs as never),
  });
  return call;
}

const operandOf = ({ storage, shape, strides, offset, dtype }: Region): Operand => ({
  buffer: storage.buffer,
  ...{ shape, strides, offset, dtype },
});

const handleOn = (region: Region): Tensor => new Tensor(region.storage.retain(), region, region.dtype);

const FLOAT: readonly DType[] = ['float32'];

/** Same device, dtypes that the kernel takes, nothing missing. Returns the device. */
function checked<Name extends string, Opt extends string, A extends object>(
  { name, operands, optional, dtypes }: InPlaceSpec<Name, Opt, A>,
  given: Readonly<Record<string, Region>>,
): Backend {
  let device: Backend | null = null;
  for (const operand of operands) {
    const region = given[operand];
    if (region === undefined) {
      if (optional?.includes(operand as never)) continue;
      throw new DTypeError(`${name}: ${operand} is missing.`);
    }
    const takes = dtypes?.[operand] ?? FLOAT;
    if (!takes.includes(region.dtype)) {
      throw new DTypeError(
        `${name}: ${operand} is ${region.dtype} ${show(region.shape)}, expected ${takes.join(' or ')}. Convert it with to().`,
      );
    }
    device ??= region.storage.backend;
    if (region.storage.backend !== device) {
      throw new DeviceError(`${name}: ${operand} is on another device than the operands before it. Use one device.`);
    }
  }
  return device!;
}
