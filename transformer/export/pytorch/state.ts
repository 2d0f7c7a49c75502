import {
  Adam,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  type HostTensor,
  type Tensor,
} from '../../../engine/index.ts';
import type { Transformer } from '../../model/transformer.ts';
import { ADAM, type TrainState } from '../../training/index.ts';

/** What Adam remembers, in the folder: `exp_avg.NAME` and `exp_avg_sq.NAME`, and where training stands. */
export const STATE_FILE = 'training.safetensors';

/** The running means by the names that heddle and torch.optim.Adam have for them. */
const MEANS = { expAvg: 'exp_avg', expAvgSq: 'exp_avg_sq' } as const;

/** What heddle wants back and PyTorch passes on unread. */
type Own = Pick<TrainState, 'position' | 'seed' | 'lossScaler'> & Pick<TrainState['optimizer'], 'paramGroups'>;

/** Each parameter once, by place, with its first name: PyTorch's named_parameters() gives the same. */
function places(model: Transformer): [string, Tensor][] {
  const names = new Map<Tensor, string>();
  for (const [name, p] of model.namedParameters()) if (!names.has(p)) names.set(p, name);
  return model.parameters().map((p) => [names.get(p)!, p]);
}

/** A state of training as train.py reads it. */
export function encodeMoments(
  model: Transformer,
  { step, position, seed, lossScaler, optimizer }: TrainState,
): Uint8Array {
  const { state, paramGroups } = optimizer;
  const own: Own = { position, seed, lossScaler, paramGroups };
  const tensors: Record<string, HostTensor> = {};
  let adamStep = 0;
  for (const [place, [name, { shape }]] of places(model).entries()) {
    const slot = state[place];
    if (slot === undefined) continue;
    adamStep = Math.max(adamStep, slot.step);
    for (const [ours, theirs] of Object.entries(MEANS)) {
      tensors[`${theirs}.${name}`] = { dtype: 'float32', shape, data: slot.values[ours]! };
    }
  }
  return encodeSafetensors(tensors, { step: `${step}`, adamStep: `${adamStep}`, heddle: JSON.stringify(own) });
}

/**
 * The state of training that {@link encodeMoments} or train.py wrote. Where heddle stood in its own data comes back; a
 * folder that never knew begins with them anew, and so do a moving average and what validation found: PyTorch went on
 * without them.
 *
 * @throws {FormatError} for a file that is cut off, or of another model
 */
export async function decodeMoments(bytes: Uint8Array, model: Transformer, seed: number): Promise<TrainState> {
  const { tensors, metadata } = decodeSafetensors(bytes, STATE_FILE);
  const [step, adamStep] = [Number(metadata['step'] ?? Number.NaN), Number(metadata['adamStep'] ?? Number.NaN)];
  if (!(Number.isInteger(step) && Number.isInteger(adamStep))) {
    throw new FormatError(`${STATE_FILE}: its header has no step. Expected a file that train.py wrote.`);
  }
  const fresh = await freshState(model, step, seed);
  const state: Record<number, TrainState['optimizer']['state'][number]> = {};
  for (const [place, [name, p]] of places(model).entries()) {
    const values: Record<string, Float32Array> = {};
    for (const [ours, theirs] of Object.entries(MEANS)) {
      const found = tensors[`${theirs}.${name}`];
      if (found === undefined) continue;
      if (found.data.length !== p.size) {
        const given = `${theirs}.${name} has ${found.data.length} values`;
        throw new FormatError(`${STATE_FILE}: ${given}, expected ${p.size}. It is of another model.`);
      }
      values[ours] = found.data as Float32Array;
    }
    const found = Object.keys(values).length;
    if (found === Object.keys(MEANS).length) state[place] = { step: adamStep, values };
    else if (found > 0) throw new FormatError(`${STATE_FILE}: ${name} has one running mean of two. Save it again.`);
  }
  const { position, lossScaler, paramGroups } = ownOf(metadata['heddle']) ?? { ...fresh, ...fresh.optimizer };
  return { ...fresh, position, lossScaler, optimizer: { state, paramGroups } };
}

function ownOf(text: string | undefined): Own | null {
  if (!text) return null;
  try {
    return JSON.parse(text) as Own;
  } catch {
    throw new FormatError(`${STATE_FILE}: what heddle left in its header is no JSON. Export the run again.`);
  }
}

/** A state in which the optimizer remembers nothing, and which has no average and no validation behind it. */
export async function freshState(model: Transformer, step: number, seed: number): Promise<TrainState> {
  using adam = new Adam(model.parameters(), ADAM);
  const position = { epoch: 0, batch: 0 };
  return { step, position, seed, optimizer: await adam.stateDict(), ema: null, lossScaler: null, validation: null };
}
