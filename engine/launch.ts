import { alignment, type Backend, type Launch, type Operand } from './backend.ts';
import { copyLaunch } from './copy.ts';
import { type DType, type RawData, toRaw } from './dtype.ts';
import { DeviceError } from './errors.ts';
import { fromHalf } from './half.ts';
import { Storage } from './memory.ts';
import type { NDArray } from './reference.ts';
import { isContiguous, rowMajor, type Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';
import { tracing } from './trace.ts';

/** What a kernel call may ask for besides its operands. */
export interface LaunchTools {
  /** Memory for this call only, undefined contents. */
  scratch(shape: Shape): Operand;
  /** Stands in for an optional input that was not given: a few zero bytes. */
  readonly none: Operand;
}

/** What running an operation takes of its definition; see OpSpec in op.ts. */
export interface KernelSpec {
  readonly inputs: readonly string[];
  readonly variadic?: boolean;
  readonly strided?: readonly string[];
  readonly rowsStrided?: readonly string[];
  readonly name?: string;
  readonly webgpu?: KernelCall;
  readonly wasm?: KernelCall;
  readonly reference?: (inputs: Readonly<Record<string, NDArray>>, attrs: object) => NDArray;
}

type KernelCall = (
  operands: Readonly<Record<string, Operand>>,
  attrs: object,
  tools: LaunchTools,
) => Launch | readonly Launch[];

/** Which kernels ran, and how long they took where a trace listens. */
export interface Ran {
  readonly kernels: readonly string[];
  readonly time: Promise<number | null>;
}

/** Memory that lasts as long as one call. */
class Temporary implements LaunchTools {
  readonly #device: Backend;
  #storages: Storage[] | null = null;

  constructor(device: Backend) {
    this.#device = device;
  }

  fresh(shape: Shape, dtype: DType): Operand {
    const storage = Storage.ofShape(this.#device, shape, dtype);
    (this.#storages ??= []).push(storage);
    return { buffer: storage.buffer, shape, strides: rowMajor(shape), offset: 0, dtype };
  }

  /** A property, so that kernels may take it out of their tools. */
  readonly scratch = (shape: Shape): Operand => this.fresh(shape, 'float32');

  get none(): Operand {
    return this.fresh([4], 'int32');
  }

  release(): void {
    if (this.#storages !== null) for (const storage of this.#storages) storage.release();
  }
}

/** Runs what `launches` gives, with scratch memory for this call only. */
export function runLaunches(device: Backend, launches: (tools: LaunchTools) => Launch | readonly Launch[]): Ran {
  const temporary = new Temporary(device);
  try {
    return runAll(device, launches(temporary));
  } finally {
    temporary.release();
  }
}

/**
 * Runs the kernels of an operation: inputs are made contiguous where the kernels want them so, scratch memory is given and
 * taken back. When anything throws, the outputs are freed.
 */
export function runKernels(
  spec: KernelSpec,
  device: Backend,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
  attrs: object,
): Ran {
  if (isEmpty(outputs)) return NOTHING;
  const temporary = new Temporary(device);
  try {
    const operands: Record<string, Operand> = {};
    let copies: Launch[] | null = null;
    for (const name in inputs) {
      const t = inputs[name]!;
      const operand = t.operand();
      if (takesAsItIs(spec, name, t, device)) {
        operands[name] = operand;
        continue;
      }
      const whole = temporary.fresh(t.shape, t.dtype);
      (copies ??= []).push(...copyLaunch[device.name](operand, whole));
      operands[name] = whole;
    }
    for (const name in outputs) operands[name] = outputs[name]!.operand();
    const launches = (spec[device.name] ?? byReference(spec, device))(operands, attrs, temporary);
    return runAll(device, copies === null ? launches : copies.concat(launches));
  } catch (error) {
    for (const t of Object.values(outputs)) t.dispose();
    throw error;
  } finally {
    temporary.release();
  }
}

/** The kernel of an operation that has none for this device: on wasm its float64 reference, in JavaScript. */
function byReference(spec: KernelSpec, device: Backend): KernelCall {
  const { name = 'operation', reference } = spec;
  if (device.name !== 'wasm' || reference === undefined) {
    throw new DeviceError(`${name}: no kernel for ${device.name}. Define \`${device.name}\`, or compute on wasm.`);
  }
  return (operands, attrs) => {
    const names = Object.keys(operands).filter((key) => key !== 'output');
    const call = (output: RawData, ...arrays: RawData[]): void => {
      const inputs = names.map((key, i) => {
        const { dtype, shape } = operands[key]!;
        const values = dtype === 'float16' ? Float64Array.from(arrays[i]!, fromHalf) : Float64Array.from(arrays[i]!);
        return [key, { shape, data: values }];
      });
      const { data } = reference(Object.fromEntries(inputs), attrs);
      output.set(toRaw(operands['output']!.dtype, data).subarray(0, output.length));
    };
    return { host: name, operands: [operands['output']!, ...names.map((key) => operands[key]!)], call };
  };
}

function isEmpty(outputs: Readonly<Record<string, Tensor>>): boolean {
  for (const name in outputs) if (outputs[name]!.size > 0) return false;
  return true;
}

/** True when the kernels take this input in the layout it has. */
function takesAsItIs(
  { inputs, variadic, strided, rowsStrided }: KernelSpec,
  name: string,
  t: Tensor,
  device: Backend,
): boolean {
  const input = variadic ? inputs[0]! : name;
  if (strided?.includes(input)) return true;
  const rowsInOrder = t.strides.at(-1) === 1 || (t.shape.at(-1) ?? 1) <= 1;
  if (rowsStrided?.includes(input) && rowsInOrder) return true;
  // WebGPU binds buffers at multiples of 256 bytes
  return isContiguous(t) && (device.name === 'wasm' || t.offset % alignment(t.dtype) === 0);
}

const NOTHING: Ran = { kernels: [], time: Promise.resolve(0) };
const UNTIMED: Ran = { kernels: [], time: Promise.resolve(null) };

function runAll(device: Backend, launches: Launch | readonly Launch[]): Ran {
  if (!tracing()) {
    if (!isList(launches)) device.run(launches);
    else for (const launch of launches) device.run(launch);
    return UNTIMED;
  }
  const list = isList(launches) ? launches : [launches];
  const times = list.map((launch) => device.runTimed(launch));
  const total = Promise.all(times).then((all) =>
    all.reduce((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0),
  );
  return { kernels: list.map((l) => ('shader' in l ? l.shader.name : 'host' in l ? l.host : l.kernel)), time: total };
}

const isList = (launches: Launch | readonly Launch[]): launches is readonly Launch[] => Array.isArray(launches);
