/** The state of training, and its file. */

import {
  type AverageState,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  type HostTensor,
  type LossScalerState,
  type OptimizerState,
} from '../../engine/index.ts';
import type { DataPosition } from '../text/data/index.ts';

/** With the parameters, all that it takes to continue as if training had never stopped. */
export interface TrainState {
  /** Steps done. */
  readonly step: number;
  /** Batches done. */
  readonly position: DataPosition;
  /** The random numbers of every step are a function of this and of the step. */
  readonly seed: number;
  readonly optimizer: OptimizerState<{ lr: number }>;
  /** The moving average of the weights; null for a run without. */
  readonly ema: AverageState | null;
  /** The loss scale of mixed precision; null in float32. */
  readonly lossScaler: LossScalerState | null;
  /** What validation found so far; null for a run without. */
  readonly validation: ValidationState | null;
}

/** The best validation of a run, and how many came after it that were no better. */
export interface ValidationState {
  /** 'loss' or the name of a score. */
  readonly metric: string;
  /** Null before the first. */
  readonly best: { readonly value: number; readonly loss: number; readonly step: number } | null;
  readonly since: number;
}

/**
 * A state as a safetensors file: running means as tensors `PLACE.NAME`, averages as `ema.PLACE`, with numbers and settings as
 * text in the metadata.
 */
export function encodeState({ step, position, seed, optimizer, ema, lossScaler, validation }: TrainState): Uint8Array {
  const tensors: Record<string, HostTensor> = {};
  const steps: Record<string, number> = {};
  for (const [place, { step: own, values }] of Object.entries(optimizer.state)) {
    steps[place] = own;
    for (const [name, data] of Object.entries(values)) {
      tensors[`${place}.${name}`] = { dtype: 'float32', shape: [data.length], data };
    }
  }
  for (const [place, data] of ema?.values.entries() ?? []) {
    tensors[`ema.${place}`] = { dtype: 'float32', shape: [data.length], data };
  }
  return encodeSafetensors(tensors, {
    step: `${step}`,
    position: JSON.stringify(position),
    seed: `${seed}`,
    steps: JSON.stringify(steps),
    groups: JSON.stringify(optimizer.paramGroups),
    ema: JSON.stringify(ema?.step ?? null),
    lossScaler: JSON.stringify(lossScaler),
    validation: JSON.stringify(validation),
  });
}

/**
 * The state that {@link encodeState} wrote; messages name the file `name`.
 *
 * @throws {FormatError} for a file that is cut off, or of something else
 */
export function decodeState(bytes: Uint8Array, name = 'state'): TrainState {
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  const values: Record<string, Record<string, Float32Array>> = {};
  for (const [key, { data }] of Object.entries(tensors)) {
    const [place = '', mean = ''] = key.split('.');
    (values[place] ??= {})[mean] = data as Float32Array;
  }
  const read = (field: string): unknown => JSON.parse(metadata[field] ?? '');
  try {
    const paramGroups = read('groups') as TrainState['optimizer']['paramGroups'];
    const state = Object.fromEntries(
      Object.entries(read('steps') as Record<string, number>).map(([place, step]) => [
        place,
        { step, values: values[place] ?? {} },
      ]),
    );
    const averaged = read('ema') as number | null;
    const { ema = {} } = values;
    return {
      step: read('step') as number,
      position: read('position') as DataPosition,
      seed: read('seed') as number,
      optimizer: { state, paramGroups },
      ema: averaged === null ? null : { step: averaged, values: Object.keys(ema).map((_, place) => ema[place]!) },
      lossScaler: read('lossScaler') as LossScalerState | null,
      validation: read('validation') as ValidationState | null,
    };
  } catch {
    throw new FormatError(`checkpoint: ${name} has no training state in its header. Continue from another checkpoint.`);
  }
}
