import { type Device, decodeSafetensors, encodeSafetensors, FormatError, HeddleError } from '../../engine/index.ts';
import { Transformer } from '../model/transformer.ts';
import type { Translator } from '../model/translate.ts';
import { Tokenizer } from '../text/tokenizer/index.ts';
import { decodeState, encodeState, type TrainState } from './state.ts';

/**
 * A translator as files: what a run folder holds and what travels. Nothing here touches a disk, so a page can keep the
 * same files wherever it keeps things.
 */
export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;

/**
 * The files of a checkpoint. `source` is the tokenizer of both sides where they share one; then there is no `target`.
 * `optimizer` is there only where training can go on.
 */
export const CHECKPOINT = {
  model: 'model.safetensors',
  config: 'config.json',
  source: 'tokenizer.json',
  target: 'tokenizer.target.json',
  optimizer: 'optimizer.safetensors',
} as const;

/** What config.json holds at least. */
export interface CheckpointConfig {
  readonly format: 'heddle';
  /** Of the files' layout. */
  readonly version: number;
  readonly model: Transformer['config'];
  /** Steps of training behind the model; null where nobody counted. */
  readonly step: number | null;
  /** One tokenizer serves both sides. */
  readonly sharedTokenizer: boolean;
}

/** Of the files' layout; a reader refuses a later one. */
const VERSION = 1;

const text = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);

/** What config.json says of a translator after so many steps. */
export const checkpointConfig = ({ model, source, target }: Translator, step: number | null): CheckpointConfig => ({
  format: 'heddle',
  version: VERSION,
  model: model.config,
  step,
  sharedTokenizer: source === target,
});

/** The files of a translator, and of the state of its training where one is given. */
export async function encodeCheckpoint(
  { model, source, target }: Translator,
  state?: TrainState,
): Promise<CheckpointFiles> {
  const tensors = await model.stateDict();
  const config = checkpointConfig({ model, source, target }, state?.step ?? null);
  const files: Record<string, Uint8Array> = {
    [CHECKPOINT.model]: encodeSafetensors(tensors, { format: 'pt' }),
    [CHECKPOINT.config]: text(config),
    [CHECKPOINT.source]: text(source),
  };
  if (!config.sharedTokenizer) files[CHECKPOINT.target] = text(target);
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
  const config = parse(CHECKPOINT.config, file(CHECKPOINT.config)) as CheckpointConfig | null;
  if (config?.version !== VERSION || typeof config.model !== 'object') {
    throw new FormatError(
      `checkpoint: ${CHECKPOINT.config} is of version ${String(config?.version)}, expected ${VERSION}.`,
    );
  }
  const source = Tokenizer.fromJSON(parse(CHECKPOINT.source, file(CHECKPOINT.source)), CHECKPOINT.source);
  const target = config.sharedTokenizer
    ? source
    : Tokenizer.fromJSON(parse(CHECKPOINT.target, file(CHECKPOINT.target)), CHECKPOINT.target);
  const { srcVocab, tgtVocab } = config.model;
  if (source.size !== srcVocab || target.size !== tgtVocab) {
    throw new FormatError(
      `checkpoint: tokenizers of ${source.size} and ${target.size} tokens for a model of ${srcVocab} and ${tgtVocab}. The files are of different runs.`,
    );
  }
  const { tensors } = decodeSafetensors(file(CHECKPOINT.model), CHECKPOINT.model);
  const optimizer = files[CHECKPOINT.optimizer];
  const state = optimizer === undefined ? null : decodeState(optimizer, CHECKPOINT.optimizer);
  const model = about(CHECKPOINT.config, () => new Transformer(config.model, { device }));
  try {
    about(CHECKPOINT.model, () => model.loadStateDict(tensors));
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { translator: { model, source, target }, state };
}

/** What is wrong is said of the file that it comes from. */
function about<T>(name: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof HeddleError) throw new FormatError(`checkpoint: ${name}: ${error.message}`);
    throw error;
  }
}

function parse(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FormatError(`checkpoint: ${name} is no JSON. It was cut off or is another file.`);
  }
}
