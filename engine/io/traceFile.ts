import type { DType, TensorData } from '../dtype.ts';
import { FormatError, GradientError } from '../errors.ts';
import type { HostTensor } from '../nn/module.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Trace, TracePhase } from '../trace.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/** The values of a tensor of a trace, on the host, in row-major order. */
export interface SnapshotTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TensorData;
}

/** An operation of a recorded run; tensors are indices into `tensors` of the snapshot. See {@link TraceRecord}. */
export interface SnapshotRecord {
  readonly index: number;
  readonly path: string;
  readonly phase: TracePhase;
  readonly of: number | null;
  readonly op: string;
  readonly formula: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly {
    readonly name: string;
    readonly tensor: number;
    readonly from: number | null;
    readonly parameter: string | null;
  }[];
  readonly output: number;
  readonly grad: number | null;
  readonly kernels: readonly string[];
  /** Milliseconds; null where the device could not tell. */
  readonly time: number | null;
}

/** The step of an optimizer on one parameter; see {@link TraceUpdate}. */
export interface SnapshotUpdate {
  readonly name: string | null;
  readonly optimizer: string;
  readonly step: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly gradient: number;
  readonly clipped: number;
  readonly state: Readonly<Record<string, number>>;
  readonly corrected: Readonly<Record<string, number>>;
  readonly before: number;
  readonly after: number;
}

/** A trace off the device: plain data, which can be posted to another thread, written to files and read again. */
export interface TraceSnapshot {
  readonly records: readonly SnapshotRecord[];
  readonly updates: readonly SnapshotUpdate[];
  /** Each once, however many records show it. */
  readonly tensors: readonly SnapshotTensor[];
}

/**
 * Reads everything that a trace holds off the device. Take it before an optimizer changes the parameters, which the
 * records of the forward pass show as they are now.
 *
 * @throws {GradientError} for a tensor that was changed in place after it was recorded
 */
export async function snapshot(trace: Trace): Promise<TraceSnapshot> {
  const found: Tensor[] = [];
  const places = new Map<string, number>();
  const storages = new Map<object, number>();
  const place = (t: Tensor): number => {
    const { storage, offset, shape, strides, dtype } = t;
    if (!storages.has(storage)) storages.set(storage, storages.size);
    const key = [storages.get(storage), offset, shape.join(), strides.join(), dtype].join(';');
    let at = places.get(key);
    if (at === undefined) {
      at = found.push(t) - 1;
      places.set(key, at);
    }
    return at;
  };
  const placeAll = (all: Readonly<Record<string, Tensor>>): Record<string, number> =>
    Object.fromEntries(Object.entries(all).map(([name, t]) => [name, place(t)]));
  const records = trace.records.map(async ({ inputs, output, grad, time, ...record }): Promise<SnapshotRecord> => {
    const changed = [...inputs.map(({ tensor }) => tensor), output].find((t) => trace.changedSince(record.index, t));
    if (changed !== undefined) {
      throw new GradientError(
        `snapshot: ${changed.describe()} of ${record.path} was changed in place after it was recorded. ` +
          'Take the snapshot before optimizer.step().',
      );
    }
    return {
      ...record,
      inputs: inputs.map(({ tensor, ...input }) => ({ ...input, tensor: place(tensor) })),
      output: place(output),
      grad: grad === null ? null : place(grad),
      time: await time,
    };
  });
  const updates = trace.updates.map(
    ({ parameter: _, gradient, clipped, state, corrected, before, after, ...update }) => ({
      ...update,
      ...{ gradient: place(gradient), clipped: place(clipped), before: place(before), after: place(after) },
      ...{ state: placeAll(state), corrected: placeAll(corrected) },
    }),
  );
  const tensors = found.map(async (t) => ({ shape: t.shape, dtype: t.dtype, data: await t.data() }));
  return { records: await Promise.all(records), updates, tensors: await Promise.all(tensors) };
}

/** The files of a recorded trace. */
export const TRACE = { records: 'trace.json', tensors: 'trace.safetensors' } as const;

const VERSION = 1;

/**
 * A snapshot as two files: the records as JSON, the tensors as safetensors by their index. `dtype: 'float16'` rounds
 * float32 values, for half the size. Default: as they are.
 */
export function encodeTrace(
  { tensors, ...rest }: TraceSnapshot,
  { dtype }: { readonly dtype?: 'float16' } = {},
): Readonly<Record<string, Uint8Array>> {
  const host = tensors.map(({ shape, dtype: own, data }): HostTensor => {
    if (own === 'float32') return { shape, dtype: dtype ?? 'float32', data: data as Float32Array };
    if (own === 'float16') return { shape, dtype: 'float16', data: Float32Array.from(data) };
    return { shape, dtype: 'int32', data: Int32Array.from(data) };
  });
  const json = { version: VERSION, ...rest, dtypes: tensors.map((t) => t.dtype) };
  return {
    [TRACE.records]: new TextEncoder().encode(JSON.stringify(json)),
    [TRACE.tensors]: encodeSafetensors(Object.fromEntries(host.map((t, i) => [`${i}`, t]))),
  };
}

/**
 * Reads the files that {@link encodeTrace} writes.
 *
 * @throws {FormatError} for a file that is missing, cut off or of another kind
 */
export function decodeTrace(files: Readonly<Record<string, Uint8Array>>): TraceSnapshot {
  const file = (name: string): Uint8Array => {
    const bytes = files[name];
    if (bytes === undefined) throw new FormatError(`decodeTrace: ${name} is missing. Expected both files of a trace.`);
    return bytes;
  };
  const text = new TextDecoder().decode(file(TRACE.records));
  let json: Partial<TraceSnapshot> & { readonly version?: unknown; readonly dtypes?: readonly DType[] };
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`decodeTrace: ${TRACE.records} is no JSON. Expected a trace that encodeTrace wrote.`, {
      cause,
    });
  }
  const { version, records, updates, dtypes } = json;
  if (version !== VERSION || !Array.isArray(records) || !Array.isArray(updates) || !Array.isArray(dtypes)) {
    throw new FormatError(
      `decodeTrace: ${TRACE.records} is of version ${String(version)}, expected ${VERSION}: a trace that encodeTrace wrote.`,
    );
  }
  const { tensors: stored } = decodeSafetensors(file(TRACE.tensors), TRACE.tensors);
  const tensors = dtypes.map((dtype: DType, i): SnapshotTensor => {
    const entry = stored[`${i}`];
    if (entry === undefined) throw new FormatError(`decodeTrace: tensor ${i} is missing in ${TRACE.tensors}.`);
    const { shape, data } = entry;
    return { shape, dtype, data: dtype === 'bool' ? Uint8Array.from(data) : data };
  });
  const known = (at: number | null): boolean => at === null || (Number.isInteger(at) && at >= 0 && at < tensors.length);
  const broken = (records as SnapshotRecord[]).find(
    ({ inputs, output, grad }) => !(known(output) && known(grad) && inputs?.every(({ tensor }) => known(tensor))),
  );
  if (broken !== undefined)
    throw new FormatError(`decodeTrace: record ${broken.index} names a tensor that is not there.`);
  return { records, updates, tensors };
}
