import { DEFAULTS } from '../model/config.ts';
import type { TransformerConfig } from '../model/transformer.ts';
import type { ScheduleSettings } from './schedule.ts';
import { type Recipe, type Task, taskNamed } from './tasks/index.ts';

/** All there is to say of a model but its vocabularies. */
export type ModelSettings = Required<Omit<TransformerConfig, 'srcVocab' | 'tgtVocab' | 'padId'>>;

/** A size of model, and how to train it. */
export interface Preset {
  readonly model: ModelSettings;
  readonly steps: number;
  readonly batchTokens: number;
  readonly schedule: ScheduleSettings;
  readonly labelSmoothing: number;
}

/** The paper's layers. */
const plain = {
  activation: 'relu',
  norm: 'layer',
  positions: 'sinusoidal',
  maxLength: DEFAULTS.maxLength,
  sharedEmbeddings: false,
  tiedOutput: false,
} as const;

const small = { ...plain, dModel: 128, heads: 4, layers: 2, feedForward: 512, normFirst: true } as const;

/** For the small ones: layers that normalise first train without a long warm-up, and a rate that ends at 0 ends settled. */
const quick = { labelSmoothing: 0.1, batchTokens: 1024 } as const;
/** Vaswani et al. 2017, sections 5 and 6, but for the batch, which is cut to what one device holds. */
const paper = {
  labelSmoothing: 0.1,
  batchTokens: 4096,
  schedule: { kind: 'noam', warmup: 4000 },
  steps: 100_000,
} as const;

const fromRecipe = ({ model, ...recipe }: Recipe): Preset => ({ ...recipe, model: { ...plain, ...model } });

/** What is learnt unless another task is named. */
export const TRANSLATION: Task = taskNamed('translate');

/**
 * `base` and `big` are the paper's models; the others suit short sentences and a machine without a card. `demo` is what
 * the built-in corpus is trained with.
 */
export const PRESETS = {
  tiny: {
    ...quick,
    model: { ...plain, dModel: 64, heads: 4, layers: 1, feedForward: 256, dropout: 0.1, normFirst: true },
    steps: 1500,
    schedule: { kind: 'linear', warmup: 100, lr: 0.003 },
  },
  demo: fromRecipe(TRANSLATION.recipe),
  small: {
    ...quick,
    model: { ...small, dropout: 0.1 },
    batchTokens: 2048,
    steps: 5000,
    schedule: { kind: 'noam', warmup: 800 },
  },
  base: {
    ...paper,
    model: { ...plain, dModel: 512, heads: 8, layers: 6, feedForward: 2048, dropout: 0.1, normFirst: false },
  },
  big: {
    ...paper,
    model: { ...plain, dModel: 1024, heads: 16, layers: 6, feedForward: 4096, dropout: 0.3, normFirst: false },
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

/** What is trained when nobody says: on pairs of the user's own, on the built-in corpus; null: what the task asks for. */
export function defaultPreset(task: Task, ownData: boolean): PresetName | null {
  if (ownData) return 'small';
  return task === TRANSLATION ? 'demo' : null;
}

/** A preset by its name, or the recipe of the task itself. */
export const presetOf = (name: PresetName | null, task: Task): Preset =>
  name === null ? fromRecipe(task.recipe) : PRESETS[name];
