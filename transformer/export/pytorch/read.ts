import {
  type Device,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  type HostTensor,
} from '../../../engine/index.ts';
import type { Translator } from '../../model/translate.ts';
import {
  CHECKPOINT,
  type CheckpointConfig,
  type CheckpointFiles,
  decodeCheckpoint,
} from '../../training/checkpoint.ts';
import { decodeMoments, STATE_FILE } from './state.ts';

/** What came back from PyTorch. */
export interface Imported {
  readonly translator: Translator;
  /** Steps behind it; null where nobody counted. */
  readonly step: number | null;
  /** What training goes on from; null where the folder has no state of Adam. */
  readonly state: Awaited<ReturnType<typeof decodeMoments>> | null;
  /** How the run it comes from was made, as it was exported; null where that is not known. */
  readonly training: unknown;
}

/**
 * A model from a folder that {@link pytorch} wrote, or train.py after it, on `device`. Weights alone are enough, beside
 * config.json and the tokenizers.
 *
 * @throws {FormatError} naming the file that is missing, cut off, or of another model
 */
export async function readPyTorch(files: CheckpointFiles, device: Device): Promise<Imported> {
  const weights = files[CHECKPOINT.model];
  const config = configOf(files[CHECKPOINT.config]);
  const model = weights === undefined ? {} : { [CHECKPOINT.model]: complete(weights, config) };
  const { state: _, ...translator } = decodeCheckpoint({ ...files, ...model }, device);
  const training = config?.training ?? null;
  const step = config?.step ?? null;
  const moments = files[STATE_FILE];
  if (moments === undefined) return { translator, step, state: null, training };
  const seed = (training as { readonly seed?: unknown } | null)?.seed;
  const state = await decodeMoments(moments, translator.model, typeof seed === 'number' ? seed : 0);
  if (state.step !== step) {
    throw new FormatError(
      `${STATE_FILE} is of step ${state.step}, ${CHECKPOINT.config} of step ${step}: saving was interrupted. ` +
        'Start train.py on the folder once more, which ends it.',
    );
  }
  return { translator, step, state, training };
}

type Config = Partial<CheckpointConfig> & { readonly training?: unknown };

/** Null for what is no JSON: decodeCheckpoint says what is wrong with it. */
function configOf(bytes: Uint8Array | undefined): Config | null {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Config | null;
  } catch {
    return null;
  }
}

/** Names that PyTorch's wrappers put before all others. */
const WRAPPERS = /^(module\.|_orig_mod\.)+/;

/**
 * The weights under heddle's names: without the prefixes of DistributedDataParallel and torch.compile, and with a
 * parameter that two names share under both of them. Some writers keep only one.
 */
function complete(weights: Uint8Array, config: Config | null): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(weights, CHECKPOINT.model);
  const named: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) named[name.replace(WRAPPERS, '')] = tensor;
  for (const [a, b] of sharedNames(config)) {
    const [first, second] = [named[a], named[b]];
    if (first === undefined && second !== undefined) named[a] = second;
    else if (second === undefined && first !== undefined) named[b] = first;
    else if (first !== undefined && second !== undefined && !sameValues(first, second)) {
      throw new FormatError(
        `${CHECKPOINT.model}: ${a} and ${b} differ, but ${CHECKPOINT.config} says they are one matrix. ` +
          'Save the model with its weights tied.',
      );
    }
  }
  const unchanged = Object.keys(named).every((name) => name in tensors);
  return unchanged ? weights : encodeSafetensors(named, metadata);
}

function sharedNames(config: Config | null): [string, string][] {
  const { sharedEmbeddings = false, tiedOutput = false } = config?.model ?? {};
  const pairs: [string, string][] = [];
  if (sharedEmbeddings) pairs.push(['src_embed.weight', 'tgt_embed.weight']);
  if (tiedOutput) pairs.push(['tgt_embed.weight', 'generator.weight']);
  // the other way round as well, for a file that has only the last of three
  return [...pairs, ...pairs.slice(0, -1)];
}

const sameValues = (a: HostTensor, b: HostTensor): boolean =>
  a.data.length === b.data.length && (a.data as Float32Array).every((value, i) => Object.is(value, b.data[i]));
