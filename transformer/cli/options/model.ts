import { Option } from 'commander';
import {
  ACTIVATIONS,
  type Activation,
  DEFAULTS,
  NORMS,
  type NormKind,
  POSITIONS,
  type Positions,
} from '../../model/config.ts';
import type { ModelSettings } from '../../training/presets.ts';
import { UsageError } from '../errors.ts';
import type { Messages } from '../messages/index.ts';
import { choiceOption, decimalOption, numberOption } from './shared.ts';

/** What the command line says of the model, on top of the preset. */
export interface ModelFlags {
  readonly width?: number;
  readonly heads?: number;
  readonly layers?: number;
  readonly feedForward?: number;
  readonly dropout?: number;
  readonly activation?: Activation;
  readonly norm?: NormKind;
  readonly preNorm?: boolean;
  readonly postNorm?: boolean;
  readonly positions?: Positions;
  readonly maxPositions?: number;
  readonly shareEmbeddings?: boolean;
  readonly tieOutput?: boolean;
}

/** Largest sizes taken: above them a typing error is more likely than a wish. */
const MOST_WIDTH = 65_536;
const MOST_LAYERS = 1000;
const MOST_POSITIONS = 1_000_000;

export const modelOptions = (say: Messages): Option[] => [
  numberOption('--width <n>', say.helpWidth, say, 1, MOST_WIDTH),
  numberOption('--heads <n>', say.helpHeads, say, 1, MOST_WIDTH),
  numberOption('--layers <n>', say.helpLayers, say, 1, MOST_LAYERS),
  numberOption('--feed-forward <n>', say.helpFeedForward, say, 1, 4 * MOST_WIDTH),
  decimalOption('--dropout <x>', say.helpDropout, say, { least: 0, below: 1 }),
  choiceOption('--activation <name>', say.helpActivation(ACTIVATIONS.join(', ')), say, ACTIVATIONS),
  choiceOption('--norm <name>', say.helpNorm(NORMS.join(', ')), say, NORMS),
  new Option('--pre-norm', say.helpPreNorm),
  new Option('--post-norm', say.helpPostNorm),
  choiceOption('--positions <name>', say.helpPositions(POSITIONS.join(', ')), say, POSITIONS),
  numberOption('--max-positions <n>', say.helpMaxPositions(DEFAULTS.maxLength), say, 1, MOST_POSITIONS),
  new Option('--share-embeddings', say.helpShareEmbeddings),
  new Option('--tie-output', say.helpTieOutput),
];

/** What was asked for, on top of what the preset has. Throws a UsageError for what no model can have. */
export function chosenModel(flags: ModelFlags, preset: ModelSettings, say: Messages): ModelSettings {
  if (flags.preNorm && flags.postNorm) throw new UsageError(say.oneNormPlace);
  const model: ModelSettings = {
    dModel: flags.width ?? preset.dModel,
    heads: flags.heads ?? preset.heads,
    layers: flags.layers ?? preset.layers,
    feedForward: flags.feedForward ?? preset.feedForward,
    dropout: flags.dropout ?? preset.dropout,
    activation: flags.activation ?? preset.activation,
    norm: flags.norm ?? preset.norm,
    normFirst: flags.preNorm ? true : flags.postNorm ? false : preset.normFirst,
    positions: flags.positions ?? preset.positions,
    maxLength: flags.maxPositions ?? preset.maxLength,
    sharedEmbeddings: flags.shareEmbeddings ?? preset.sharedEmbeddings,
    tiedOutput: flags.tieOutput ?? preset.tiedOutput,
  };
  const { dModel, heads, positions } = model;
  if (flags.maxPositions !== undefined && positions !== 'learned') throw new UsageError(say.onlyLearned);
  if (dModel % heads !== 0) throw new UsageError(say.widthOverHeads(dModel, heads));
  if (positions === 'sinusoidal' && dModel % 2 !== 0) throw new UsageError(say.oddWidth(dModel));
  if (positions === 'rotary' && (dModel / heads) % 2 !== 0) throw new UsageError(say.oddHead(dModel, heads));
  return model;
}

/** The options that make this model of the preset's. */
export function modelArguments(model: ModelSettings, preset: ModelSettings): string[] {
  const named = {
    '--width': 'dModel',
    '--heads': 'heads',
    '--layers': 'layers',
    '--feed-forward': 'feedForward',
    '--dropout': 'dropout',
    '--activation': 'activation',
    '--norm': 'norm',
    '--positions': 'positions',
    '--max-positions': 'maxLength',
  } as const satisfies Readonly<Record<string, keyof ModelSettings>>;
  const parts = Object.entries(named).flatMap(([option, name]) =>
    model[name] === preset[name] ? [] : [`${option} ${model[name]}`],
  );
  if (model.normFirst !== preset.normFirst) parts.push(model.normFirst ? '--pre-norm' : '--post-norm');
  if (model.sharedEmbeddings && !preset.sharedEmbeddings) parts.push('--share-embeddings');
  if (model.tiedOutput && !preset.tiedOutput) parts.push('--tie-output');
  return parts;
}
