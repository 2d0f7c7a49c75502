import { type Device, decodeSafetensors, encodeSafetensors, FormatError, HeddleError } from '../engine/index.ts';
import type { Translator } from './decode.ts';
import { Transformer, type TransformerConfig } from './model.ts';
import { Tokenizer } from './tokenizer/index.ts';
import { decodeState, encodeState, type TrainState } from './training/state.ts';

/**
 * A translator as files: what a run folder holds and what travels. Nothing here touches a disk, so a page can keep the
 * same files wherever it keeps things.
 */
export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;

/** The files of a checkpoint. `optimizer` is there only where training can go on. */
export const CHECKPOINT = {
  model: 'model.safetensors',
  config: 'config.json',
  source: 'tokenizer.source.json',
  target: 'tokenizer.target.json',
  optimizer: 'optimizer.safetensors',
} as const;

/** Of the files' layout; a reader refuses a later one. */
const VERSION = 1;

const text = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);

/** The files of a translator, and of the state of its training where one is given. */
export async function encodeCheckpoint(
  { model, source, target }: Translator,
  state?: TrainState,
): Promise<CheckpointFiles> {
  const tensors = await model.stateDict();
  const files: Record<string, Uint8Array> = {
    [CHECKPOINT.model]: encodeSafetensors(tensors, { format: 'pt' }),
    [CHECKPOINT.config]: text({ format: 'heddle', version: VERSION, model: model.config, step: state?.step ?? null }),
    [CHECKPOINT.source]: text(source),
    [CHECKPOINT.target]: text(target),
  };
  if (state !== undefined) files[CHECKPOINT.optimizer] = encodeState(state);
  return files;
}

/**
 * A translator from its files, on `device`.
 *
 * @throws {FormatError} naming the file that is missing, cut off or of another model
 */
export function decodeCheckpoint(
  files: CheckpointFiles,
  device: Device,
): { translator: Translator; state: TrainState | null } {
  const file = (name: string): Uint8Array => {
    const found = files[name];
    if (found === undefined)
      throw new FormatError(
        `checkpoint: ${name} is missing. A run folder holds ${Object.values(CHECKPOINT).join(', ')}.`,
      );
    return found;
  };
  const config = parse(CHECKPOINT.config, file(CHECKPOINT.config)) as { version?: unknown; model?: TransformerConfig };
  if (config?.version !== VERSION || typeof config.model !== 'object') {
    throw new FormatError(
      `checkpoint: ${CHECKPOINT.config} is of version ${String(config?.version)}, expected ${VERSION}.`,
    );
  }
  const source = Tokenizer.fromJSON(parse(CHECKPOINT.source, file(CHECKPOINT.source)), CHECKPOINT.source);
  const target = Tokenizer.fromJSON(parse(CHECKPOINT.target, file(CHECKPOINT.target)), CHECKPOINT.target);
  const { srcVocab, tgtVocab } = config.model;
  if (source.size !== srcVocab || target.size !== tgtVocab) {
    throw new FormatError(
      `checkpoint: tokenizers of ${source.size} and ${target.size} tokens for a model of ${srcVocab} and ${tgtVocab}. The files are of different runs.`,
    );
  }
  const { tensors } = decodeSafetensors(file(CHECKPOINT.model), CHECKPOINT.model);
  const optimizer = files[CHECKPOINT.optimizer];
  const state = optimizer === undefined ? null : decodeState(optimizer, CHECKPOINT.optimizer);
  const model = new Transformer(config.model, { device });
  try {
    model.loadStateDict(tensors);
  } catch (error) {
    model.dispose();
    if (error instanceof HeddleError) throw new FormatError(`checkpoint: ${CHECKPOINT.model}: ${error.message}`);
    throw error;
  }
  return { translator: { model, source, target }, state };
}

function parse(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FormatError(`checkpoint: ${name} is no JSON. It was cut off or is another file.`);
  }
}
