import { ArgumentError } from '../../engine/index.ts';

/** What makes the hidden values of a feed-forward network; see {@link LayerOptions}. */
export const ACTIVATIONS = ['relu', 'gelu', 'swiglu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** What normalises the states: LayerNorm (Ba et al. 2016) or RMSNorm (Zhang and Sennrich 2019). */
export const NORMS = ['layer', 'rms'] as const;
export type NormKind = (typeof NORMS)[number];

/** How a model tells one place of a sequence from another; see {@link InputEmbedding}. */
export const POSITIONS = ['sinusoidal', 'learned', 'rotary'] as const;
export type Positions = (typeof POSITIONS)[number];

/** What every model here is made of: sizes, and the choices that its layers leave open. Defaults: the paper's base model. */
export interface ModelConfig {
  readonly dModel?: number;
  readonly heads?: number;
  /** Layers of each stack. */
  readonly layers?: number;
  readonly feedForward?: number;
  readonly dropout?: number;
  readonly activation?: Activation;
  readonly norm?: NormKind;
  readonly normFirst?: boolean;
  readonly positions?: Positions;
  /** The longest sequence, in tokens; for learned positions, which have no others. */
  readonly maxLength?: number;
  /** Tokens of this id are padding: hidden from attention. */
  readonly padId?: number;
}

export const DEFAULTS = {
  dModel: 512,
  heads: 8,
  layers: 6,
  feedForward: 2048,
  dropout: 0.1,
  activation: 'relu',
  norm: 'layer',
  normFirst: false,
  positions: 'sinusoidal',
  maxLength: 512,
  padId: 0,
} as const satisfies Required<ModelConfig>;

/**
 * Holds a configuration against what a model can be built from, so that a wrong one is one clear error before anything
 * is computed; `model` names whose it is.
 *
 * @throws {ArgumentError} for a size that is no count, a word that is none of the choices, or sizes that do not fit
 */
export function checkConfig(model: string, config: Required<ModelConfig> & Readonly<Record<string, unknown>>): void {
  const refuse = (what: string): never => {
    throw new ArgumentError(`${model}: ${what}`);
  };
  const counts = ['dModel', 'heads', 'layers', 'feedForward', 'maxLength', 'vocab', 'srcVocab', 'tgtVocab', 'classes'];
  for (const name of counts) {
    const value = config[name] ?? 1;
    const least = name === 'classes' ? 0 : 1;
    if (!(Number.isInteger(value) && (value as number) >= least))
      refuse(`${name} ${value}, expected a whole number from ${least} on.`);
  }
  const choices = { activation: ACTIVATIONS, norm: NORMS, positions: POSITIONS };
  for (const [name, known] of Object.entries(choices)) {
    const value = config[name];
    if (!(known as readonly unknown[]).includes(value)) {
      refuse(`${name} ${JSON.stringify(value)}, expected one of ${known.join(', ')}.`);
    }
  }
  const { dModel, heads, dropout, positions } = config;
  if (!(dropout >= 0 && dropout < 1)) refuse(`dropout ${dropout}, expected a probability from 0 to below 1.`);
  if (dModel % heads !== 0) refuse(`dModel ${dModel} is not divisible by heads ${heads}.`);
  if (positions === 'sinusoidal' && dModel % 2 !== 0) {
    refuse(`dModel ${dModel} is odd; sinusoidal positions take an even number.`);
  }
  if (positions === 'rotary' && (dModel / heads) % 2 !== 0) {
    refuse(
      `dModel ${dModel} over heads ${heads} is ${dModel / heads} to a head; rotary positions take an even number.`,
    );
  }
}
