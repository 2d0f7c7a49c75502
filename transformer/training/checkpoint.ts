import {
  ArgumentError,
  type Device,
  decodeSafetensors,
  encodeSafetensors,
  FormatError,
  HeddleError,
  type Module,
  type ModuleOptions,
} from '../../engine/index.ts';
import { DecoderOnly } from '../model/decoderOnly.ts';
import { EncoderOnly } from '../model/encoderOnly.ts';
import { Transformer } from '../model/transformer.ts';
import { Tokenizer } from '../text/tokenizer/index.ts';
import { decodeState, encodeState, type TrainState } from './state.ts';

/**
 * A model as files: what a run folder holds and what travels. Nothing here touches a disk, so a page can keep the same files
 * wherever it keeps things.
 */
export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;

/**
 * The files of a checkpoint. `source` is the tokenizer of inputs and outputs where they share one; then there is no `target`.
 * `optimizer` is there only where training can continue.
 */
export const CHECKPOINT = {
  model: 'model.safetensors',
  config: 'config.json',
  source: 'tokenizer.json',
  target: 'tokenizer.target.json',
  optimizer: 'optimizer.safetensors',
} as const;

/** Models that a checkpoint can be made back into. */
const MODELS = { Transformer, DecoderOnly, EncoderOnly } as const;

export type SavedModel = InstanceType<(typeof MODELS)[keyof typeof MODELS]>;

/** A model with the tokenizers of its inputs and of its outputs, which may be one. */
export interface ModelWithTokenizers<Model extends SavedModel = SavedModel> {
  readonly model: Model;
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/** What config.json holds at least. */
export interface CheckpointConfig<Model extends SavedModel = Transformer> {
  readonly format: 'heddle';
  /** Of the files' layout. */
  readonly version: number;
  /** The class of the model; a Transformer where it is missing. */
  readonly architecture?: keyof typeof MODELS;
  readonly model: Model['config'];
  /** Steps of training behind the model; null where nobody counted. */
  readonly step: number | null;
  /** One tokenizer serves both sides. */
  readonly sharedTokenizer: boolean;
}

/** Of the files' layout; a reader refuses a later one. */
const VERSION = 1;

const text = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);

const architectureOf = (model: SavedModel): keyof typeof MODELS => {
  for (const [name, kind] of Object.entries(MODELS)) {
    if (model instanceof kind) return name as keyof typeof MODELS;
  }
  throw new ArgumentError(
    `checkpoint: a ${(model as Module).constructor.name}, expected a ${Object.keys(MODELS).join(', ')}. ` +
      'For a module of your own take encodeModule and loadModule.',
  );
};

/** The contents of config.json for a model after so many steps. */
export function checkpointConfig<Model extends SavedModel>(
  { model, source, target }: ModelWithTokenizers<Model>,
  step: number | null,
): CheckpointConfig<Model> {
  const architecture = architectureOf(model);
  return {
    format: 'heddle',
    version: VERSION,
    ...(architecture !== 'Transformer' && { architecture }),
    model: model.config,
    step,
    sharedTokenizer: source === target,
  };
}

/**
 * The weights of any module by PyTorch's names (model.safetensors), and the state of its training where one is given
 * (optimizer.safetensors); see {@link loadModule}.
 */
export async function encodeModule(model: Module, state?: TrainState): Promise<CheckpointFiles> {
  return {
    [CHECKPOINT.model]: encodeSafetensors(await model.stateDict(), { format: 'pt' }),
    ...(state !== undefined && { [CHECKPOINT.optimizer]: encodeState(state) }),
  };
}

/**
 * Loads the weights that {@link encodeModule} wrote into `model`, and returns the state of training for `trainer.restore`;
 * null where there is none.
 *
 * @throws {FormatError} naming the file that is missing, cut off or of another model; the model is then unchanged
 */
export function loadModule(files: CheckpointFiles, model: Module): TrainState | null {
  const { tensors } = decodeSafetensors(fileOf(files, CHECKPOINT.model), CHECKPOINT.model);
  const optimizer = files[CHECKPOINT.optimizer];
  const state = optimizer === undefined ? null : decodeState(optimizer, CHECKPOINT.optimizer);
  about(CHECKPOINT.model, () => model.loadStateDict(tensors));
  return state;
}

/** The files of a model with its tokenizers, and of the state of its training where one is given. */
export async function encodeCheckpoint(of: ModelWithTokenizers, state?: TrainState): Promise<CheckpointFiles> {
  const config = checkpointConfig(of, state?.step ?? null);
  const { [CHECKPOINT.model]: model, ...optimizer } = await encodeModule(of.model, state);
  return {
    [CHECKPOINT.model]: model!,
    [CHECKPOINT.config]: text(config),
    [CHECKPOINT.source]: text(of.source),
    ...(!config.sharedTokenizer && { [CHECKPOINT.target]: text(of.target) }),
    ...optimizer,
  };
}

/** A class of models that checkpoints are made of. */
export type ModelClass<Model extends SavedModel> = new (config: never, options: ModuleOptions) => Model;

/** A model from its files, with its tokenizers, and the state of its training where the files have one. */
export interface Checkpoint<Model extends SavedModel> extends ModelWithTokenizers<Model> {
  readonly state: TrainState | null;
}

/**
 * A model from its files, on `device`: `decodeCheckpoint(files, device)` for a translator,
 * `decodeCheckpoint(files, device, DecoderOnly)` for another class.
 *
 * @throws {FormatError} naming the file that is missing, cut off or of another model
 */
export function decodeCheckpoint<Model extends SavedModel = Transformer>(
  files: CheckpointFiles,
  device: Device,
  Model = Transformer as unknown as ModelClass<Model>,
): Checkpoint<Model> {
  const config = parse(CHECKPOINT.config, fileOf(files, CHECKPOINT.config)) as CheckpointConfig<SavedModel> | null;
  if (config?.version !== VERSION || typeof config.model !== 'object') {
    throw new FormatError(
      `checkpoint: ${CHECKPOINT.config} is of version ${String(config?.version)}, expected ${VERSION}.`,
    );
  }
  const { architecture = 'Transformer' } = config;
  if (!Object.entries(MODELS).some(([name, kind]) => name === architecture && kind === (Model as unknown))) {
    throw new FormatError(
      `checkpoint: ${CHECKPOINT.config} is of a ${architecture}, expected a ${Model.name}. ` +
        `Pass the class: decodeCheckpoint(files, device, ${architecture}).`,
    );
  }
  const tokenizer = (name: string): Tokenizer => Tokenizer.fromJSON(parse(name, fileOf(files, name)), name);
  const source = tokenizer(CHECKPOINT.source);
  const target = config.sharedTokenizer ? source : tokenizer(CHECKPOINT.target);
  checkVocabularies(config.model, source, target);
  const model = about(CHECKPOINT.config, () => new Model(config.model as never, { device }));
  try {
    return { model, source, target, state: loadModule(files, model) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function checkVocabularies(config: SavedModel['config'], source: Tokenizer, target: Tokenizer): void {
  const [src, tgt] = 'vocab' in config ? [config.vocab, config.vocab] : [config.srcVocab, config.tgtVocab];
  if (source.size === src && target.size === tgt) return;
  throw new FormatError(
    `checkpoint: tokenizers of ${source.size} and ${target.size} tokens for a model of ${src} and ${tgt}. The files are of different runs.`,
  );
}

function fileOf(files: CheckpointFiles, name: string): Uint8Array {
  const found = files[name];
  if (found !== undefined) return found;
  throw new FormatError(`checkpoint: ${name} is missing. A run folder holds ${Object.values(CHECKPOINT).join(', ')}.`);
}

/** Errors of `body` say which file they come from. */
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
    throw new FormatError(`checkpoint: ${name} is not JSON. It was cut off or is another file.`);
  }
}
