/** Where a run of training is, and how that is written down. */

import { type Adam, decodeSafetensors, encodeSafetensors, FormatError, type HostTensor } from '../../engine/index.ts';
import type { DataPosition } from '../data/index.ts';

/** With the parameters, all it takes to go on as if nothing had happened. */
export interface TrainState {
  /** Steps done. */
  readonly step: number;
  /** Batches done. */
  readonly position: DataPosition;
  /** The random numbers of every step are a function of this and of the step. */
  readonly seed: number;
  readonly optimizer: Awaited<ReturnType<Adam['stateDict']>>;
}

/**
 * A state as a safetensors file: running means as tensors `PLACE.NAME`, all that is a number or a setting as text beside
 * them.
 */
export function encodeState({ step, position, seed, optimizer }: TrainState): Uint8Array {
  const tensors: Record<string, HostTensor> = {};
  const steps: Record<string, number> = {};
  for (const [place, { step: own, values }] of Object.entries(optimizer.state)) {
    steps[place] = own;
    for (const [name, data] of Object.entries(values)) {
      tensors[`${place}.${name}`] = { dtype: 'float32', shape: [data.length], data };
    }
  }
  return encodeSafetensors(tensors, {
    step: `${step}`,
    position: JSON.stringify(position),
    seed: `${seed}`,
    steps: JSON.stringify(steps),
    groups: JSON.stringify(optimizer.paramGroups),
  });
}

/**
 * The state that {@link encodeState} wrote; `name` says in messages which file it is.
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
    return {
      step: read('step') as number,
      position: read('position') as DataPosition,
      seed: read('seed') as number,
      optimizer: { state, paramGroups },
    };
  } catch {
    throw new FormatError(`checkpoint: ${name} has no training state in its header. Go on from another checkpoint.`);
  }
}
