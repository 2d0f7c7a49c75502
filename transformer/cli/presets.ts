import type { TransformerConfig } from '../model.ts';

/** A size of model, and how to train it. */
export interface Preset {
  readonly model: Required<Pick<TransformerConfig, 'dModel' | 'heads' | 'layers' | 'feedForward' | 'dropout'>>;
  readonly steps: number;
  readonly batchTokens: number;
  readonly warmup: number;
  readonly labelSmoothing: number;
}

const common = { batchTokens: 2048, warmup: 400, labelSmoothing: 0.1 } as const;

/** `base` is the base model of the paper; the others suit a corpus of short sentences and a machine without a card. */
export const PRESETS = {
  tiny: { ...common, model: { dModel: 64, heads: 4, layers: 1, feedForward: 256, dropout: 0.1 }, steps: 1000 },
  small: { ...common, model: { dModel: 128, heads: 4, layers: 2, feedForward: 512, dropout: 0.1 }, steps: 1500 },
  medium: { ...common, model: { dModel: 256, heads: 4, layers: 3, feedForward: 1024, dropout: 0.1 }, steps: 1500 },
  base: {
    ...common,
    model: { dModel: 512, heads: 8, layers: 6, feedForward: 2048, dropout: 0.1 },
    steps: 20_000,
    batchTokens: 4096,
    warmup: 4000,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;

export const DEFAULT_PRESET: PresetName = 'medium';

/** Share of the unseen sentences the default run on the built-in corpus must translate exactly. */
export const WANTED_MATCH = 0.95;
