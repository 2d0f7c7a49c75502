import { alignment, type Backend, type Launch, type Operand } from './backend.ts';
import { copyLaunch } from './copy.ts';
import type { DType } from './dtype.ts';
import { Storage } from './memory.ts';
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
  readonly webgpu: KernelCall;
  readonly wasm: KernelCall;
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
class Temporary {
  readonly #device: Backend;
  readonly #storages: Storage[] = [];

  constructor(device: Backend) {
    this.#device = device;
  }

  fresh(shape: Shape, dtype: DType): Operand {
    const storage = Storage.ofShape(this.#device, shape, dtype);
    this.#storages.push(storage);
    return { buffer: storage.buffer, shape, strides: rowMajor(shape), offset: 0, dtype };
  }

  get tools(): LaunchTools {
    const fresh = this.fresh.bind(this);
    return {
      scratch: (shape) => fresh(shape, 'float32'),
      get none() {
        return fresh([4], 'int32');
      },
    };
  }

  release(): void {
    for (const storage of this.#storages) storage.release();
  }
}

/** Runs what `launches` gives, with scratch memory for this call only. */
export function runLaunches(device: Backend, launches: (tools: LaunchTools) => Launch | readonly Launch[]): Ran {
  const temporary = new Temporary(device);
  try {
    return runAll(device, [launches(temporary.tools)].flat());
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
  if (Object.values(outputs).every((t) => t.size === 0)) return { kernels: [], time: Promise.resolve(0) };
  const temporary = new Temporary(device);
  try {
    return runAll(device, launchesOf(spec, device, inputs, outputs, attrs, temporary));
  } catch (error) {
    for (const t of Object.values(outputs)) t.dispose();
    throw error;
  } finally {
    temporary.release();
  }
}

function launchesOf(
  spec: KernelSpec,
  device: Backend,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
  attrs: object,
  temporary: Temporary,
): Launch[] {
  const launches: Launch[] = [];
  const operands: Record<string, Operand> = {};
  for (const [name, t] of Object.entries(inputs)) {
    const operand = t.operand();
    const asItIs = takesAsItIs(spec, name, t, device);
    operands[name] = asItIs ? operand : temporary.fresh(t.shape, t.dtype);
    if (!asItIs) launches.push(...copyLaunch[device.name](operand, operands[name]));
  }
  for (const [name, t] of Object.entries(outputs)) operands[name] = t.operand();
  return launches.concat(spec[device.name](operands, attrs, temporary.tools));
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

function runAll(device: Backend, launches: readonly Launch[]): Ran {
  if (!tracing()) {
    for (const launch of launches) device.run(launch);
    return { kernels: [], time: Promise.resolve(null) };
  }
  const times = launches.map((launch) => device.runTimed(launch));
  const total = Promise.all(times).then((all) =>
    all.reduce((sum, ms) => (sum === null || ms === null ? null : sum + ms), 0),
  );
  return { kernels: launches.map((l) => ('shader' in l ? l.shader.name : l.kernel)), time: total };
}
